/**
 * Scores under a decay of each feature's own, as products of matrices wherever two positions lie in different sub-chunks.
 *
 *   s[r, s] = Σ_d row[r, d] · key[s, d] · Π_(s < t ≤ r) decay[t, d]
 *
 * A block of positions is halved until its halves are sub-chunks. Where a row lies in the later half and a key in the earlier one,
 * the product of decays between them is that from the boundary to the row times that from the key to the boundary:
 *
 *   s[r, s] = Σ_d (row[r, d] · since[r, d]) · (key[s, d] · until[s, d])
 *
 * Both factors are running products that start at the boundary, so none is a quotient, decays of 0 are exact, and none exceeds
 * what it decays as long as no decay exceeds 1. Every level of halves is one product of matrices for each pair of halves. Only
 * pairs inside of a sub-chunk are made element by element.
 */
import { f32, i32, op, read, substitute, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { IrDef, IrState } from '../../ir.ts';
import type { When } from './decays.ts';
import type { AffineState } from './parse.ts';
import { times } from './terms.ts';
import { readOf, type World } from './world.ts';

/** The chunk is a sub-chunk doubled some times, at least once. */
export function isHalvedTo(chunk: number, subChunk: number): boolean {
  const parts = chunk / subChunk;
  return Number.isInteger(subChunk) && parts > 1 && Number.isInteger(Math.log2(parts));
}

/** Pairs of neighbouring halves of so many positions. */
interface Halves {
  readonly size: number;
  /** What numbers the pairs, where there are several. */
  readonly pair: string | undefined;
  /** Positions in the half of rows, and in the one of keys. */
  readonly row: string;
  readonly key: string;
  readonly since: IrState;
  readonly until: IrState;
}
interface Own {
  readonly part: string;
  readonly row: string;
  readonly key: string;
}

export class SubChunks {
  private readonly halves = new Map<number, Halves>();
  private own: Own | undefined;

  /**
   * @param decay at position `in`, 1 past the end
   * @param axes of the decay beside the chunks and the position
   */
  constructor(
    private readonly world: World,
    private readonly x: AffineState,
    private readonly decay: Expr,
    private readonly axes: readonly string[],
    private readonly size: number,
  ) {}

  /** Over chunks, `from` and `in`; as `Decays.scores`. */
  scores(row: Expr, key: Expr, when: When): Expr {
    const { world, size } = this;
    const [at, from] = [variable(world.in), variable(world.from)];
    const same = (n: number): Expr => op('eq', op('idiv', at, i32(n)), op('idiv', from, i32(n)));
    let apart: Expr | undefined;
    for (let n = world.size / 2; n >= size; n /= 2) {
      const level = this.far(this.level(n), row, key, when);
      apart = apart ? op('select', same(2 * n), level, apart) : level;
    }
    const earlier = op(world.reverse ? 'gt' : 'lt', from, at);
    const near = this.near(row, key, when);
    return op('select', same(size), near, op('select', earlier, apart!, f32(0)));
  }

  // ---- pairs in different halves

  private level(size: number): Halves {
    const known = this.halves.get(size);
    if (known) return known;
    const { world } = this;
    const pairs = world.size / (2 * size);
    const base = {
      size,
      pair: pairs > 1 ? world.insideAxis('pair', pairs) : undefined,
      row: world.insideAxis('late', size),
      key: world.insideAxis('early', size),
    };
    const run = (name: string, axis: string, at: Expr, reverse: boolean): IrState =>
      world.state(
        {
          base: `${this.x.state.name}.far.${name}`,
          axis,
          indices: this.over([...this.pairOf(base), axis], this.axes),
          init: f32(1),
          reverse,
        },
        (before) => times(before, this.moved(this.decay, at)),
      );
    const halves: Halves = {
      ...base,
      since: run('since', base.row, this.positionOf(base, 'row'), world.reverse),
      until: run('until', base.key, this.positionOf(base, 'key'), !world.reverse),
    };
    this.halves.set(size, halves);
    return halves;
  }

  private pairOf = ({ pair }: Pick<Halves, 'pair'>): string[] => (pair === undefined ? [] : [pair]);

  /** In the chunk, of a position in its half: rows lie in the half that is stepped through later. */
  private positionOf(h: Pick<Halves, 'size' | 'pair' | 'row' | 'key'>, which: 'row' | 'key'): Expr {
    const upper = (which === 'row') !== this.world.reverse;
    const own = upper ? op('add', variable(h[which]), i32(h.size)) : variable(h[which]);
    return h.pair === undefined ? own : op('add', op('mul', variable(h.pair), i32(2 * h.size)), own);
  }

  /** Of a level, at `in` and `from`, which lie in different halves of one pair. */
  private far(h: Halves, row: Expr, key: Expr, when: When): Expr {
    const { world } = this;
    const left = this.once('row', [h.size, row, when], () => {
      const e = times(this.rowAt(row, this.positionOf(h, 'row')), stateAt(h.since, when));
      return world.keep(
        `${this.x.state.name}.far.queries`,
        e,
        this.over([...this.pairOf(h), h.row], this.free(e)),
      );
    });
    const right = this.once('key', [h.size, key], () => {
      const e = times(this.keyAt(key, this.positionOf(h, 'key')), readOf(h.until));
      return world.keep(
        `${this.x.state.name}.far.keys`,
        e,
        this.over([...this.pairOf(h), h.key], this.free(e)),
      );
    });
    const product = this.once('far', [h.size, row, key, when], () =>
      this.summed('far', times(readOf(left), readOf(right)), [...this.pairOf(h), h.row, h.key]),
    );
    const [at, from] = [variable(world.in), variable(world.from)];
    return this.readAt(product, [
      ...(h.pair === undefined ? [] : [[h.pair, op('idiv', at, i32(2 * h.size))] as const]),
      [h.row, op('mod', at, i32(h.size))],
      [h.key, op('mod', from, i32(h.size))],
    ]);
  }

  // ---- pairs in one sub-chunk

  /** A key is decayed element by element on its way to each position of its sub-chunk. */
  private near(row: Expr, key: Expr, when: When): Expr {
    const { world, x, size } = this;
    this.own ??= {
      part: world.insideAxis('sub', world.size / size),
      row: world.insideAxis('sub_in', size),
      key: world.insideAxis('sub_from', size),
    };
    const own = this.own;
    const at = (a: string): Expr => op('add', op('mul', variable(own.part), i32(size)), variable(a));
    const keys = this.once('keys', [key], () => {
      const first = this.keyAt(key, at(own.key));
      const decay = this.moved(this.decay, at(own.row));
      const free = [...this.free(first), ...this.axes, ...x.contracted];
      return world.state(
        {
          base: `${x.state.name}.near.keys`,
          axis: own.row,
          indices: this.over([own.part, own.key, own.row], free),
          init: f32(0),
        },
        (before) => op('select', op('eq', variable(own.row), variable(own.key)), first, times(before, decay)),
      );
    });
    const product = this.once('near', [row, key, when], () =>
      this.summed('near', times(this.rowAt(row, at(own.row)), stateAt(keys, when)), [
        own.part,
        own.key,
        own.row,
      ]),
    );
    const [here, from] = [variable(world.in), variable(world.from)];
    return this.readAt(product, [
      [own.part, op('idiv', here, i32(size))],
      [own.key, op('mod', from, i32(size))],
      [own.row, op('mod', here, i32(size))],
    ]);
  }

  // ---- what both are made of

  private summed(base: string, body: Expr, positions: readonly string[]): IrDef {
    const { world, x } = this;
    const e: Expr = { kind: 'reduce', type: 'f32', op: 'sum', axes: x.contracted, body };
    return world.keep(`${x.state.name}.${base}`, e, this.over(positions, this.free(e)));
  }

  /** Definitions and states by what they are made of. */
  private readonly values = new Map<string, IrDef | IrState>();
  private once<T extends IrDef | IrState>(what: string, parts: readonly unknown[], make: () => T): T {
    const id = `${what} ${JSON.stringify(parts)}`;
    const known = (this.values.get(id) as T | undefined) ?? make();
    this.values.set(id, known);
    return known;
  }

  /** Members of the batch, chunks, positions, contracted axes. */
  private over(positions: readonly string[], free: readonly string[]): string[] {
    const { x, world } = this;
    const summed = x.contracted.filter((a) => free.includes(a));
    const others = [...new Set(free)].filter((a) => !x.contracted.includes(a) && !positions.includes(a));
    return [...others, ...world.chunks, ...positions, ...summed];
  }

  private free(e: Expr): string[] {
    return this.world.axesOf(e).filter((a) => !this.world.chunks.includes(a));
  }

  private moved(e: Expr, at: Expr): Expr {
    return simplify(substitute(e, new Map([[this.world.in, at]])));
  }

  private rowAt(row: Expr, at: Expr): Expr {
    return this.moved(this.world.at(row, 'in'), at);
  }

  /** 0 past the end. */
  private keyAt(key: Expr, at: Expr): Expr {
    return this.moved(this.world.guarded(this.world.at(key, 'in'), 'in', f32(0)), at);
  }

  private readAt(d: IrDef, at: readonly (readonly [string, Expr])[]): Expr {
    return simplify(readOf(d, new Map(at)));
  }
}

/** A state at its step, before or after it. */
function stateAt(s: IrState, when: When): Expr {
  if (when === 'before') return readOf(s);
  return read(
    s.next,
    s.indices.map((a) => variable(a)),
    s.type,
  );
}
