/**
 * Which tiles a pass visits for given sizes, params and tensors, as the emitted loops do: tiles that meet a range of each
 * loop, of them those that `may` allows, and which are full.
 */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { evalConst, type Evaluator } from '../expr/evaluate.ts';
import { freeVars, isTrue, type Expr } from '../expr/expr.ts';
import type { Interval } from '../expr/solve.ts';
import { Closures } from './count-closures.ts';
import { boundsWith, neededWith, withValues, type Facts } from './count-facts.ts';
import { sideNames, sideOf, type Side, type SideAxis, type TileLine } from './count-side.ts';
import type { AxisLoop, Bounds, Pass, Stage, TileAxis, TileProgram } from './tile.ts';
import { boundsExprs, EVERY_TILE } from './walk.ts';

export interface TileCount {
  readonly visited: number;
  /** Visited tiles in which no predicate is evaluated. */
  readonly full: number;
  /** Visited tiles that are not full. */
  readonly partial: number;
  /** All tiles of all blocks of rows. */
  readonly total: number;
  /** False where bounds depend on elements of tensors that were not given: then no more tiles are visited than this. */
  readonly exact: boolean;
}

export type TileState = 'skipped' | 'partial' | 'full';
export interface TileMap {
  /** Tiles along each row axis and each stream axis; a flattened side has one number, a side without axes none. */
  readonly rows: readonly number[];
  readonly stream: readonly number[];
  /** Per block of rows, then per tile of the stream, both row-major. */
  readonly states: readonly (readonly TileState[])[];
}

const RANGE_ALL: readonly Interval[] = [{}];

/**
 * Counts the tiles that a pass visits, over all points of the batch axes; the shares of a divided stream count together.
 * @param facts every size and param; tensors that bounds read, as far as they are known
 */
export function countTiles(p: TileProgram, stage: Stage, pass: Pass, facts: Facts): TileCount {
  const walk = new TileWalk(p, stage, pass, facts);
  let visited = 0;
  let full = 0;
  walk.batches((times) => {
    walk.run({
      many(count, areFull) {
        visited += times * count;
        if (areFull) full += times * count;
      },
    });
  });
  return { visited, full, partial: visited - full, total: walk.total, exact: walk.exact };
}

/**
 * The state of every tile at one point of the batch axes.
 * @param batch values of batch axes; 0 for those that are not named
 */
export function tileMap(
  p: TileProgram,
  stage: Stage,
  pass: Pass,
  facts: Facts,
  batch: Readonly<Record<string, number>> = {},
): TileMap {
  const walk = new TileWalk(p, stage, pass, facts);
  const states = Array.from({ length: walk.row.tiles }, () =>
    Array.from({ length: walk.stream.tiles }, (): TileState => 'skipped'),
  );
  walk.at(batch);
  walk.run({ one: (row, tile, isFull) => void (states[row]![tile] = isFull ? 'full' : 'partial') });
  const tiles = (side: Side): number[] => side.lines.map((l) => l.tiles);
  return { rows: tiles(walk.row), stream: tiles(walk.stream), states };
}

interface Sink {
  /** Called per visited tile. */
  readonly one?: (row: number, tile: number, full: boolean) => void;
  /** Called for several visited tiles at once. */
  readonly many?: (count: number, full: boolean) => void;
}

interface Loop {
  readonly line: TileLine;
  readonly ranges: readonly { readonly lo?: Evaluator; readonly hi?: Evaluator; readonly when?: Evaluator }[];
}

/** Batch axes are level 0, rows level 1, the loops over the stream follow. */
const ROWS = 1;

class TileWalk {
  readonly row: Side;
  readonly stream: Side;
  readonly total: number;
  readonly exact: boolean;
  private readonly batch: readonly SideAxis[];
  private readonly moving: readonly SideAxis[];
  private readonly closures: Closures;
  private readonly loops: readonly Loop[];
  private readonly fits: Evaluator;
  private readonly may: Evaluator;
  private readonly full: Evaluator;
  /** Whether a row needs what the pass makes. */
  private readonly needed: Evaluator | undefined;
  /** Neither `may` nor `full` changes within the innermost loop. */
  private readonly uniform: boolean;

  constructor(p: TileProgram, stage: Stage, pass: Pass, facts: Facts) {
    const { plan } = stage;
    if (!plan) throw new CompilerBug('tile/count', `${stage.name} has no plan`);
    const number = withValues(p, facts);
    const axis = (a: TileAxis): SideAxis => ({
      name: a.name,
      extent: evalConst(number(a.extent), new Map()),
    });
    // Workgroups that share a stream visit each of its tiles once.
    this.batch = stage.batch.filter((a) => a.name !== stage.part?.axis).map(axis);
    this.row = sideOf(stage.row.map(axis), plan.rowShape, plan.blockM);
    this.stream = sideOf(stage.stream.map(axis), plan.streamShape, plan.blockN);
    this.total = this.batch.reduce((n, a) => n * a.extent, this.row.tiles * this.stream.tiles);
    const { bounds, exact } = boundsWith(p, stage, pass.bounds ?? EVERY_TILE, facts);
    const needed = neededWith(p, stage, pass, facts);
    this.exact = exact && needed.exact;
    const mentioned = new Set([...namesIn(bounds), ...freeVars(needed.holds)]);
    this.moving = this.batch.filter((a) => mentioned.has(a.name));

    const order = loopsInOrder(bounds.loops, this.stream);
    this.closures = new Closures(facts);
    for (const a of stage.batch) this.closures.variable(a.name, 0);
    for (const name of sideNames(stage.row)) this.closures.variable(name, ROWS);
    for (const a of stage.row) this.closures.variable(a.name, ROWS);
    const flat = this.stream.lines.length < stage.stream.length;
    for (const a of stage.stream) {
      const level = flat ? 0 : order.findIndex((l) => l.line.axis === a.name);
      for (const name of sideNames([a])) this.closures.variable(name, ROWS + 1 + level);
    }
    this.loops = order.map(({ line, ranges }, n) => {
      const end = (e: Expr | undefined): Evaluator | undefined => e && this.closures.compile(e, ROWS + n);
      return { line, ranges: ranges.map((r) => given({ lo: end(r.lo), hi: end(r.hi), when: end(r.when) })) };
    });
    const inner = ROWS + order.length;
    this.uniform = Math.max(this.closures.levelOf(bounds.may), this.closures.levelOf(bounds.full)) < inner;
    this.fits = this.closures.compile(bounds.fits, ROWS);
    if (!isTrue(needed.holds)) this.needed = this.closures.compile(needed.holds, ROWS);
    this.may = this.closures.compile(bounds.may, this.uniform ? inner - 1 : inner);
    this.full = this.closures.compile(bounds.full, this.uniform ? inner - 1 : inner);
  }

  /** Visits the batch points whose bounds differ, each with the number of those that are like it. */
  batches(visit: (times: number) => void): void {
    if (this.total === 0) return;
    const others = this.batch.filter((a) => !this.moving.includes(a)).reduce((n, a) => n * a.extent, 1);
    const alike = new Map<string, { readonly at: readonly number[]; times: number }>();
    const point: number[] = [];
    const go = (n: number): void => {
      const axis = this.moving[n];
      if (!axis) {
        this.closures.enter(0);
        const same = this.closures.surroundings();
        const found = alike.get(same);
        if (found) found.times += others;
        else alike.set(same, { at: [...point], times: others });
        return;
      }
      for (let x = 0; x < axis.extent; x++) {
        this.closures.set(axis.name, x);
        point[n] = x;
        go(n + 1);
      }
    };
    go(0);
    for (const { at, times } of alike.values()) {
      for (const [n, axis] of this.moving.entries()) this.closures.set(axis.name, at[n]!);
      visit(times);
    }
  }

  at(batch: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(batch)) this.closures.set(name, value);
  }

  /** Visits all tiles at the present batch point. */
  run(sink: Sink): void {
    this.closures.enter(0);
    for (let block = 0; block < this.row.tiles; block++) {
      for (const line of this.row.lines)
        line.place(Math.floor(block / line.stride) % line.tiles, this.closures.set);
      this.closures.enter(ROWS);
      if (this.needed && !this.anyRow(block, this.needed)) continue;
      if (this.fits() !== 0) this.loop(0, block, 0, sink);
      else if (sink.many) sink.many(this.stream.tiles, false);
      else for (let t = 0; t < this.stream.tiles; t++) sink.one?.(block, t, false);
    }
  }

  /** Some row of the block needs what the pass makes. */
  private anyRow(block: number, needed: Evaluator): boolean {
    const { lines } = this.row;
    const go = (n: number): boolean => {
      const line = lines[n];
      if (!line) return needed() !== 0;
      return line.some(Math.floor(block / line.stride) % line.tiles, this.closures.set, () => go(n + 1));
    };
    return go(0);
  }

  /** @param tile number of the tile as far as the outer loops decide it */
  private loop(n: number, block: number, tile: number, sink: Sink): void {
    const loop = this.loops[n];
    if (!loop) return this.visit(block, tile, sink);
    const last = n === this.loops.length - 1;
    const { line } = loop;
    let next = 0;
    for (const [from, to] of this.spans(loop)) {
      const start = Math.max(from, next);
      next = Math.max(next, to + 1);
      if (last && this.uniform && sink.many) {
        if (to >= start && this.may() !== 0) sink.many(to - start + 1, this.full() !== 0);
        continue;
      }
      for (let t = start; t <= to; t++) {
        line.place(t, this.closures.set);
        this.closures.enter(ROWS + 1 + n);
        this.loop(n + 1, block, tile + t * line.stride, sink);
      }
    }
  }

  private visit(block: number, tile: number, sink: Sink): void {
    if (this.may() === 0) return;
    const full = this.full() !== 0;
    if (sink.many) sink.many(1, full);
    else sink.one?.(block, tile, full);
  }

  /** Tiles that meet the ranges, by their beginnings. */
  private spans({ line, ranges }: Loop): (readonly [number, number])[] {
    const found: (readonly [number, number])[] = [];
    for (const r of ranges) {
      if (r.when && r.when() === 0) continue;
      const span = line.meeting(r.lo ? r.lo() : 0, r.hi ? r.hi() : Infinity);
      if (span) found.push(span);
    }
    return found.length > 1 ? found.sort((a, b) => a[0] - b[0]) : found;
  }
}

/** The loops of the bounds, and a loop over all tiles along each line that they leave out. */
function loopsInOrder(
  loops: readonly AxisLoop[],
  stream: Side,
): { readonly line: TileLine; readonly ranges: readonly Interval[] }[] {
  const given = loops.map(({ axis, ranges }) => {
    const line = stream.lines.find((l) => l.axis === axis);
    if (!line) throw new CompilerBug('tile/count', `a loop over ${axis}, along which there are no tiles`);
    return { line, ranges };
  });
  const rest = stream.lines.filter((l) => !given.some((g) => g.line === l));
  return [...given, ...rest.map((line) => ({ line, ranges: RANGE_ALL }))];
}

function namesIn(b: Bounds): ReadonlySet<string> {
  const names = new Set<string>();
  for (const e of boundsExprs(b)) freeVars(e, names);
  return names;
}

/** Without the entries that are undefined. */
function given<T extends object>(x: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(x).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
