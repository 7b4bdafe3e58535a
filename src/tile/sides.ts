/** The loops over tiles along the rows or the stream of a stage, as its plan cuts them. */
import { evalConst } from '../expr/evaluate.ts';
import { freeVars, i32, op, variable, type Expr } from '../expr/expr.ts';
import type { Natural } from '../expr/fits.ts';
import type { Range } from '../expr/interval.ts';
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
  /** The axes that are flattened with it, which move faster. */
  readonly inner: readonly TileAxis[];
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
  const loop = (flat: readonly TileAxis[], size: number): TileLoop => {
    const [extent, inner] = [extents(flat), flat.slice(1)];
    const tiles = tileCount(extent, size);
    return { axis: flat[0]?.name ?? 'row', extent, block: size, inner, scale: extents(inner), tiles };
  };
  if (shape && axes.length > 1) return axes.map((a, n) => loop([a], shape[n]!));
  return [loop(axes, block)];
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

/** First position of a tile along a loop. */
export const firstOf = (l: TileLoop, tile: Expr): Expr => times(tile, i32(l.block));

/**
 * Least and greatest coordinate of the loop's axes in a tile, and the tile's number, under the names that bounds use.
 * @param first first position of the tile
 */
export function endsOf(l: TileLoop, first: Expr, tile: Expr): Map<string, Expr> {
  const past = simplify(op('min', simplify(op('add', first, i32(l.block))), l.extent));
  const out = new Map<string, Expr>([
    [`${l.axis}.first`, simplify(op('quot', first, l.scale))],
    [`${l.axis}.last`, simplify(op('quot', simplify(op('sub', past, i32(1))), l.scale))],
    [`${l.axis}.tile`, tile],
  ]);
  for (const a of l.inner) {
    out.set(`${a.name}.first`, i32(0));
    out.set(`${a.name}.last`, simplify(op('sub', a.extent, i32(1))));
  }
  return out;
}

/** The coordinates on an axis of a block or a tile, under the names that bounds use. */
export const blockRange = ({ name }: TileAxis): [string, Range] => [
  name,
  { lo: variable(`${name}.first`), hi: variable(`${name}.last`) },
];

/** Sizes and positions are not negative, and a position does not pass the extent of its axis; params may be anything. */
export const naturalOf =
  (axes: readonly TileAxis[]): Natural =>
  (name) =>
    axes.find((a) => a.name === name || name.startsWith(`${a.name}.`))?.extent ??
    axes.some((a) => freeVars(a.extent).has(name));

/** Number of elements along axes, when the sizes are known. */
export function countOf(
  axes: readonly TileAxis[],
  sizes: Readonly<Record<string, number>> | undefined,
): number | undefined {
  const known = new Map(Object.entries(sizes ?? {}));
  if (axes.some((a) => [...freeVars(a.extent)].some((v) => !known.has(v)))) return undefined;
  return axes.reduce((n, a) => n * Math.max(0, evalConst(a.extent, known)), 1);
}
