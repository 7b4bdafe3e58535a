/**
 * Stored ranges: where data decides which tiles a block of rows keeps, an earlier launch tries them all on their summaries
 * and stores the first and the last one, two numbers per block. The loop then runs between them.
 */
import { bool, freeVars, i32, op, read, substitute, variable, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import { foldingStage } from './folding-stage.ts';
import type { StagePlan } from './plan.ts';
import { endsOf, firstOf, rowLoops, streamLoops, type TileLoop } from './sides.ts';
import type { Bounds, Pass, Stage, TileTensor } from './tile.ts';
import { EVERY_TILE } from './walk.ts';

/** What earlier launches store of the tiles that a pass visits. */
export interface StoredTiles {
  readonly stages: readonly Stage[];
  readonly tensors: readonly TileTensor[];
  /** Bounds of the pass that go by what is stored. */
  readonly bounds: Bounds;
  /** The same without reading anything else. */
  readonly alone: Bounds;
}

const and = (a: Expr, b: Expr): Expr => simplify(op('and', a, b));
const or = (a: Expr, b: Expr): Expr => simplify(op('or', a, b));

/** @param b bounds of a pass over a stream with one loop over tiles, whose `may` reads data of the stream */
export function storeRanges(
  s: Stage,
  plan: StagePlan,
  b: Bounds,
  own: StagePlan,
  number: number,
): StoredTiles {
  const rows = rowLoops(s, plan);
  const [loop] = streamLoops(s, plan);
  const tile = `${loop!.axis}.tile`;
  const where = visitedTile(rows, loop!, b);
  const free = freeVars(where);
  const batch = s.batch.filter((a) => free.has(a.name));
  const name = `${s.name}.ranges${number === 0 ? '' : number}`;
  const indices = [...batch.map((a) => a.name), ...rows.map((l) => `${l.axis}.tile`)];
  const tensor: TileTensor = {
    name: `ws.${name}`,
    role: 'workspace',
    storage: 'i32',
    shape: [i32(2), ...batch.map((a) => a.extent), ...rows.map((l) => l.tiles)],
    axes: [undefined, ...indices],
  };
  const stored = (at: number): Expr =>
    read(tensor.name, [i32(at), ...indices.map((n) => variable(n))], 'i32');
  const past = op('add', op('mul', stored(1), i32(loop!.block)), i32(loop!.block - 1));
  const scaled = (e: Expr): Expr => simplify(op('quot', e, loop!.scale));
  const range = { lo: scaled(op('mul', stored(0), i32(loop!.block))), hi: scaled(past) };
  const loops = [{ axis: loop!.axis, ranges: [range] }];
  return {
    stages: [searching(name, batch, indices, rows, { axis: tile, extent: loop!.tiles }, where, own)],
    tensors: [tensor],
    bounds: { ...b, loops },
    alone: { ...EVERY_TILE, loops },
  };
}

/** Whether the loop would visit a tile, by the numbers of the block of rows and of the tile. */
export function visitedTile(rows: readonly TileLoop[], loop: TileLoop, b: Bounds): Expr {
  const ends = new Map(
    [...rows, loop].flatMap((l) => {
      const number = variable(`${l.axis}.tile`);
      return [...endsOf(l, firstOf(l, number), number)];
    }),
  );
  return simplify(substitute(visited(b, loop.axis), ends));
}

/** Whether the loop would visit a tile. */
function visited(b: Bounds, axis: string): Expr {
  const [first, last] = [variable(`${axis}.first`), variable(`${axis}.last`)];
  const ranges = b.loops[0]!.ranges.map((r) => {
    const lo = r.lo ? op('le', r.lo, last) : bool(true);
    const hi = r.hi ? op('le', first, r.hi) : bool(true);
    return and(r.when ?? bool(true), and(lo, hi));
  });
  const inside = ranges.reduce(or, bool(false) as Expr);
  return and(or(simplify(op('not', b.fits)), inside), or(simplify(op('not', b.fits)), b.may));
}

/** One row per block of rows, streaming over the tiles. */
function searching(
  name: string,
  batch: Stage['batch'],
  indices: readonly string[],
  rows: ReturnType<typeof rowLoops>,
  stream: { readonly axis: string; readonly extent: Expr },
  where: Expr,
  plan: StagePlan,
): Stage {
  const tile = variable(stream.axis);
  const fold = (op: 'min' | 'max'): Pass['steps'][number] => ({
    kind: 'fold',
    name: op,
    op,
    type: 'i32',
    value: tile,
    keep: 'keep',
  });
  const [least, most] = [read('min', [], 'i32'), read('max', [], 'i32')];
  const none = op('lt', most, i32(0));
  const value = (at: number): Expr =>
    at === 0 ? op('select', none, i32(0), least) : op('max', most, i32(-1));
  return foldingStage({
    name,
    batch,
    row: rows.map((l) => ({ name: `${l.axis}.tile`, extent: l.tiles })),
    stream: [{ name: stream.axis, extent: stream.extent }],
    where,
    steps: [fold('min'), fold('max')],
    stores: [0, 1].map((at) => ({
      output: `ws.${name}`,
      site: 'row',
      vectors: [],
      value: value(at),
      indices: [at, ...indices],
    })),
    plan,
  });
}
