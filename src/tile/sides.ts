/** The loops over tiles along the rows or the stream of a stage, as its plan cuts them. */
import { i32, op, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import type { StagePlan } from './plan.ts';
import type { Stage, TileAxis } from './tile.ts';

/** One direction along which tiles are counted. */
export interface TileLoop {
  /** Axis after which it is named: of a flattened side the outermost. */
  readonly axis: string;
  /** Positions along the loop. */
  readonly extent: Expr;
  readonly block: number;
  /** Positions per step of the axis' coordinate; 1 unless several axes are flattened. */
  readonly scale: Expr;
  readonly tiles: Expr;
}

const times = (a: Expr, b: Expr): Expr => simplify(op('mul', a, b));
export const extents = (axes: readonly TileAxis[]): Expr =>
  axes.map((a) => a.extent).reduce<Expr>(times, i32(1));

/** ⌈extent / block⌉ */
export function tileCount(extent: Expr, block: number): Expr {
  if (extent.kind === 'const') return i32(Math.ceil(extent.value / block));
  return simplify(op('quot', op('add', extent, i32(block - 1)), i32(block)));
}

/** One loop per axis for boxes, a single one for a flattened side. */
export function tileLoops(
  axes: readonly TileAxis[],
  block: number,
  shape: readonly number[] | undefined,
): readonly TileLoop[] {
  const loop = (axis: string, extent: Expr, size: number, scale: Expr): TileLoop => ({
    axis,
    extent,
    block: size,
    scale,
    tiles: tileCount(extent, size),
  });
  if (shape && axes.length > 1) return axes.map((a, n) => loop(a.name, a.extent, shape[n]!, i32(1)));
  return [loop(axes[0]?.name ?? 'row', extents(axes), block, extents(axes.slice(1)))];
}

export const rowLoops = (s: Stage, p: StagePlan): readonly TileLoop[] =>
  tileLoops(s.row, p.blockM, p.rowShape);
export const streamLoops = (s: Stage, p: StagePlan): readonly TileLoop[] =>
  tileLoops(s.stream, p.blockN, p.streamShape);

/** Row-major coordinates of a flat position, innermost axis first. */
export function decode(
  axes: readonly TileAxis[],
  flat: Expr,
  declare: (axis: string, e: Expr) => void,
): void {
  let rest = flat;
  for (const [n, a] of [...axes].reverse().entries()) {
    const last = n === axes.length - 1;
    declare(a.name, last ? rest : simplify(op('rem', rest, a.extent)));
    if (!last) rest = simplify(op('quot', rest, a.extent));
  }
}

/**
 * Least and greatest coordinate of each axis in a block or tile, and its number, under the names that bounds use.
 * @param firsts first position along each loop
 */
export function endsOf(
  axes: readonly TileAxis[],
  loops: readonly TileLoop[],
  firsts: readonly Expr[],
  tiles: readonly Expr[],
): Map<string, Expr> {
  const out = new Map<string, Expr>();
  for (const [n, l] of loops.entries()) {
    const past = simplify(op('min', simplify(op('add', firsts[n]!, i32(l.block))), l.extent));
    out.set(`${l.axis}.first`, simplify(op('quot', firsts[n]!, l.scale)));
    out.set(`${l.axis}.last`, simplify(op('quot', simplify(op('sub', past, i32(1))), l.scale)));
    out.set(`${l.axis}.tile`, tiles[n]!);
  }
  if (loops.length === 1)
    for (const a of axes.slice(1)) {
      out.set(`${a.name}.first`, i32(0));
      out.set(`${a.name}.last`, simplify(op('sub', a.extent, i32(1))));
    }
  return out;
}
