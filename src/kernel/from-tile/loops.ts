/** Loops over the tiles of a stream: through the ranges that a pass keeps, in increasing order, each tile once. */
import { bool, freeVars, i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Interval } from '../../expr/solve.ts';
import { endsOf, firstOf, type TileLoop } from '../../tile/sides.ts';
import type { Bounds, TileList } from '../../tile/tile.ts';
import { loopExprs, EVERY_TILE } from '../../tile/walk.ts';
import { assign, awaitS, BARRIER, comment, COMMIT, forS, ifS, letS, varS } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Frame, TilePoint } from './frame.ts';
import type { Scope } from './scope.ts';
import { isZero, numbering, sorted, type TileRange } from './tile-ranges.ts';

/** The body of the innermost loop; `full` is true where every element of the tile is kept. */
export type TileBody = (tile: TilePoint, full: Expr) => readonly Stmt[];
/** What is done ahead of a tile, and its body; `place` is the number, below the depth, of the place where its data are. */
export type TileStart = (tile: TilePoint, place: Expr) => readonly Stmt[];
export type PlacedBody = (tile: TilePoint, full: Expr, place: Expr) => readonly Stmt[];

export class TileLoops {
  private readonly bounds: Bounds;
  private fits: Expr = bool(true);

  constructor(
    private readonly scope: Scope,
    private readonly frame: Frame,
    bounds: Bounds | undefined,
  ) {
    this.bounds = bounds ?? EVERY_TILE;
  }

  lower(body: TileBody): Stmt[] {
    const out: Stmt[] = [];
    const ends = this.prepare(out);
    out.push(
      ...(this.bounds.list ? this.listed(this.bounds.list, ends, body) : this.nest(0, ends, [], body)),
    );
    return out;
  }

  /** The tiles of a list: nothing is tested, because what is in the list is kept. */
  private listed(list: TileList, ends: ReadonlyMap<string, Expr>, body: TileBody): Stmt[] {
    const loop = this.frame.stream.loops[0]!;
    const out: Stmt[] = [];
    const places = this.places(list, loop, ends, out);
    const slot = this.scope.index(`${loop.axis}_slot`);
    const inner: Stmt[] = [];
    const tile = this.name(`${loop.axis}_tile`, this.inList(list, variable(slot), ends, inner), inner);
    const first = this.name(`${loop.axis}_first`, firstOf(loop, tile), inner);
    const here = this.declareEnds(endsOf(loop, first, tile), this.rangeVars(1), inner);
    const full = this.emit(this.bounds.full, new Map([...ends, ...here]), inner);
    inner.push(...body([first], simplify(op('and', this.fits, full))));
    return [...out, forS(slot, places, inner)];
  }

  /** The part of a list that this workgroup runs through. */
  private places(list: TileList, loop: TileLoop, ends: ReadonlyMap<string, Expr>, out: Stmt[]): TileRange {
    const count = this.name(`${loop.axis}_count`, this.emit(list.count, ends, out), out);
    return this.share([{ from: i32(0), to: count }], out)[0]!;
  }

  /** The tile at a place of a list. */
  private inList(list: TileList, slot: Expr, ends: ReadonlyMap<string, Expr>, out: Stmt[]): Expr {
    return this.emit(list.tile, new Map([...ends, [list.slot, slot]]), out);
  }

  /** Tiles along one axis can be numbered, so that what comes next is known. */
  get numbered(): boolean {
    return this.frame.stream.loops.length === 1;
  }

  /**
   * The same tiles as `lower` visits, in the same order, with `start` called for each `depth` − 1 turns before its body. A
   * turn waits for the copies that were started for it, and then for all lanes.
   */
  ahead(depth: number, start: TileStart, body: PlacedBody): Stmt[] {
    const out: Stmt[] = [];
    const ends = this.prepare(out);
    const loop = this.frame.stream.loops[0]!;
    const { list } = this.bounds;
    const ranges = list ? [this.places(list, loop, ends, out)] : this.cut(0, loop, ends, out);
    const { total, at } = numbering(ranges, loop.axis, this.declare, out);
    const tileAt = (n: Expr, into: Stmt[]): Expr => (list ? this.inList(list, at(n), ends, into) : at(n));
    const visit = (n: Expr, inner: (tile: TilePoint, ends: ReadonlyMap<string, Expr>) => Stmt[]): Stmt[] => {
      const head: Stmt[] = [];
      const tile = this.name(`${loop.axis}_tile`, tileAt(n, head), head);
      const first = this.name(`${loop.axis}_first`, firstOf(loop, tile), head);
      const here = this.declareEnds(endsOf(loop, first, tile), this.rangeVars(1), head);
      const all = new Map([...ends, ...here]);
      const may = list ? bool(true) : this.may(all, head);
      return [...head, ...this.where(may, inner([first], all))];
    };
    const startAt = (n: Expr, place: Expr): readonly Stmt[] =>
      this.where(
        simplify(op('lt', n, total)),
        visit(n, (tile) => [...start(tile, place)]),
      );
    for (let n = 0; n < depth - 1; n++) out.push(...startAt(i32(n), i32(n)), COMMIT);
    const turn = variable(this.scope.index(`${loop.axis}_nth_tile`));
    const placeOf = (n: Expr): Expr => op('rem', n, i32(depth));
    const inner: Stmt[] = [awaitS(depth - 2), BARRIER];
    const next = this.name('ahead', op('add', turn, i32(depth - 1)), inner);
    inner.push(...startAt(next, placeOf(next)), COMMIT);
    const place = this.name('place', placeOf(turn), inner);
    inner.push(
      ...visit(turn, (tile, all) => {
        const own: Stmt[] = [];
        const full = simplify(op('and', this.fits, this.emit(this.bounds.full, all, own)));
        return [...own, ...body(tile, full, place)];
      }),
    );
    out.push(forS(turn.name, { to: total }, inner));
    return out;
  }

  private prepare(out: Stmt[]): ReadonlyMap<string, Expr> {
    const ends = this.declareEnds(this.frame.rowEnds, this.rangeVars(0), out);
    this.fits = this.emit(this.bounds.fits, ends, out);
    if (this.fits.kind !== 'const') {
      out.push(comment('32-bit integers cannot overflow in the bounds below'));
      this.fits = this.name('fits', this.fits, out);
    }
    return ends;
  }

  /** Free variables of what is evaluated from loop `n` inwards. */
  private rangeVars(n: number): ReadonlySet<string> {
    const out = new Set<string>();
    const inside = { ...this.bounds, loops: this.bounds.loops.slice(n) };
    for (const e of loopExprs(inside)) freeVars(e, out);
    return out;
  }

  /** Gives a name to those ends of a block or tile that are used. */
  private declareEnds(
    ends: ReadonlyMap<string, Expr>,
    used: ReadonlySet<string>,
    out: Stmt[],
  ): Map<string, Expr> {
    const named = new Map<string, Expr>();
    for (const [n, e] of ends) {
      if (!used.has(n)) continue;
      named.set(n, this.name(n, e, out));
    }
    return named;
  }

  private emit(e: Expr, ends: ReadonlyMap<string, Expr>, out: Stmt[]): Expr {
    const place = this.frame.uniform(out);
    return simplify(this.scope.value(e, { ...place, vars: new Map([...place.vars, ...ends]) }));
  }

  private readonly declare = (base: string, e: Expr, out: Stmt[]): Expr => this.name(base, e, out);

  private name(base: string, e: Expr, out: Stmt[]): Expr {
    if (e.kind !== 'op' && e.kind !== 'read') return e;
    const name = e.type === 'i32' ? this.scope.index(base) : this.scope.names.fresh(base);
    out.push(letS(name, e));
    return variable(name, e.type);
  }

  /** Loop number `n` and all inside it; `firsts` are those of the loops around. */
  private nest(n: number, ends: ReadonlyMap<string, Expr>, firsts: TilePoint, body: TileBody): Stmt[] {
    const loop = this.frame.stream.loops[n];
    if (!loop) return this.innermost(ends, firsts, body);
    const out: Stmt[] = [];
    const cut = this.cut(n, loop, ends, out);
    const tile = this.scope.index(`${loop.axis}_tile`);
    const turn = (): Stmt[] => {
      const inner: Stmt[] = [];
      const first = this.name(`${loop.axis}_first`, firstOf(loop, variable(tile)), inner);
      const here = this.declareEnds(endsOf(loop, first, variable(tile)), this.rangeVars(n + 1), inner);
      return [...inner, ...this.nest(n + 1, new Map([...ends, ...here]), [...firsts, first], body)];
    };
    out.push(...this.through(cut, tile, loop.axis, turn));
    return out;
  }

  private innermost(ends: ReadonlyMap<string, Expr>, firsts: TilePoint, body: TileBody): Stmt[] {
    const out: Stmt[] = [];
    const may = this.may(ends, out);
    if (may.kind === 'const' && may.value === 0) return [];
    const inner: Stmt[] = [];
    const full = simplify(op('and', this.fits, this.emit(this.bounds.full, ends, inner)));
    inner.push(...body(firsts, full));
    return [...out, ...this.where(may, inner)];
  }

  /** The tile may hold an element that is kept. */
  private may(ends: ReadonlyMap<string, Expr>, out: Stmt[]): Expr {
    return simplify(op('or', simplify(op('not', this.fits)), this.emit(this.bounds.may, ends, out)));
  }

  private where(cond: Expr, then: readonly Stmt[]): readonly Stmt[] {
    if (cond.kind !== 'const') return [ifS(cond, then)];
    return cond.value !== 0 ? then : [];
  }

  /** The ranges of tiles of loop number `n`, or of them what this workgroup has. */
  private cut(n: number, loop: TileLoop, ends: ReadonlyMap<string, Expr>, out: Stmt[]): readonly TileRange[] {
    const ranges = this.bounds.loops[n]?.ranges ?? [{}];
    const found = ranges.map((r) => this.tileRange(r, loop, ends, out));
    // What begins with the first tile needs no sorting.
    const own = [...found.filter((r) => isZero(r.from)), ...found.filter((r) => !isZero(r.from))];
    return n === 0 ? this.share(own, out) : own;
  }

  /** Coordinates lo … hi → the tiles that meet them. */
  private tileRange(r: Interval, loop: TileLoop, ends: ReadonlyMap<string, Expr>, out: Stmt[]): TileRange {
    const scaled = (e: Expr): Expr => simplify(op('mul', e, loop.scale));
    const plain = loop.scale.kind === 'const' && loop.scale.value === 1;
    const outer = plain ? loop.extent : simplify(op('quot', loop.extent, loop.scale));
    const natural = (e: Expr): Expr => (this.scope.isNatural(e) ? e : op('max', e, i32(0)));
    let from: Expr = i32(0);
    let to = loop.tiles;
    let past = outer;
    let some: Expr = r.when ? this.emit(r.when, ends, out) : bool(true);
    if (r.hi) {
      const next = simplify(op('add', this.emit(r.hi, ends, out), i32(1)));
      past = this.name(`${loop.axis}_past`, simplify(op('min', natural(next), outer)), out);
      const end = simplify(op('add', scaled(past), i32(loop.block - 1)));
      to = simplify(op('quot', end, i32(loop.block)));
    }
    if (r.lo) {
      const lo = this.name(`${loop.axis}_least`, natural(this.emit(r.lo, ends, out)), out);
      // A start far past the end would overflow when it is scaled.
      const capped = plain ? lo : simplify(op('min', lo, outer));
      from = simplify(op('quot', scaled(capped), i32(loop.block)));
      // Ends that cross within a tile leave nothing to visit.
      some = simplify(op('and', some, op('lt', lo, past)));
    }
    to = simplify(op('select', some, to, i32(0)));
    const guarded = (e: Expr, otherwise: Expr): Expr => simplify(op('select', this.fits, e, otherwise));
    return { from: guarded(from, i32(0)), to: guarded(to, loop.tiles) };
  }

  /** The part of the tiles that this workgroup has when several share a stream: equal pieces of what is visited. */
  private share(ranges: readonly TileRange[], out: Stmt[]): readonly TileRange[] {
    const { part } = this.scope.stage;
    if (!part || ranges.length === 0) return ranges;
    const named = ranges.map((r) => ({
      from: this.name('from', r.from, out),
      to: this.name('to', r.to, out),
    }));
    const some = (r: TileRange): Expr => op('lt', r.from, r.to);
    const none = i32(2 ** 30);
    const least = named
      .map((r): Expr => (ranges.length === 1 ? r.from : op('select', some(r), r.from, none)))
      .reduce((a, b) => op('min', a, b));
    const most = named.map((r) => r.to).reduce((a, b) => op('max', a, b));
    const first = this.name('shared_first', least, out);
    const end = this.name('shared_end', most, out);
    const length = op('max', op('sub', end, first), i32(0));
    const each = this.name('share', op('quot', op('add', length, i32(part.of - 1)), i32(part.of)), out);
    const mine = op('add', first, op('mul', this.emit(variable(part.axis), new Map(), out), each));
    const from = this.name('share_first', mine, out);
    const to = this.name('share_end', op('add', from, each), out);
    return named.map((r) => ({ from: op('max', r.from, from), to: op('min', r.to, to) }));
  }

  private through(ranges: readonly TileRange[], tile: string, axis: string, body: () => Stmt[]): Stmt[] {
    if (ranges.length === 0) return [];
    if (ranges.length === 1) return [forS(tile, ranges[0]!, body())];
    const out: Stmt[] = [comment(`${axis} runs through ${ranges.length} ranges of tiles`)];
    const ordered = sorted(ranges, this.declare, out);
    const [number, done] = [this.scope.index(`${axis}_range`), this.scope.index(`${axis}_done`)];
    const chosen = (end: (r: TileRange) => Expr): Expr =>
      ordered
        .slice(0, -1)
        .reduceRight<Expr>(
          (rest, r, n) => op('select', op('eq', variable(number), i32(n)), end(r), rest),
          end(ordered.at(-1)!),
        );
    const inner: Stmt[] = [];
    const from = this.name(
      `${axis}_from`,
      op(
        'max',
        variable(done),
        chosen((r) => r.from),
      ),
      inner,
    );
    const to = this.name(
      `${axis}_to`,
      chosen((r) => r.to),
      inner,
    );
    inner.push(forS(tile, { from, to }, body()), assign(done, op('max', variable(done), to)));
    out.push(varS(done, i32(0)), forS(number, { to: i32(ranges.length) }, inner));
    return out;
  }
}
