/** One side of a picture: the axes of a tile's rows or columns, flattened row-major, and how tiles cut them. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';

export interface Side {
  /** Outermost first; none means a single position. */
  readonly names: readonly string[];
  readonly extents: readonly number[];
  /** Positions of a tile. */
  readonly block: number;
  /** Positions of a tile along each axis, when tiles are boxes; absent: tiles cut the flattened position. */
  readonly shape?: readonly number[];
}

export const lengthOf = (s: Side): number => s.extents.reduce((n, x) => n * x, 1);

/** Tiles along each axis of a box side; a flattened side has one number. */
export function tilesAlong(s: Side): number[] {
  return s.shape ? s.extents.map((n, k) => Math.ceil(n / s.shape![k]!)) : [Math.ceil(lengthOf(s) / s.block)];
}
export const tileCount = (s: Side): number => tilesAlong(s).reduce((n, x) => n * x, 1);

/** Coordinates of a flattened position, outermost first. */
export function coordinates(s: Side, position: number): number[] {
  const out: number[] = new Array<number>(s.extents.length);
  let rest = position;
  for (let k = s.extents.length - 1; k >= 0; k--) {
    out[k] = rest % s.extents[k]!;
    rest = Math.floor(rest / s.extents[k]!);
  }
  return out;
}

/** The tile of every position; tiles are numbered row-major over the axes. */
export function tileNumbers(s: Side): Int32Array {
  const along = tilesAlong(s);
  return Int32Array.from({ length: lengthOf(s) }, (_, position) => {
    if (!s.shape) return Math.floor(position / s.block);
    return coordinates(s, position).reduce(
      (number, x, k) => number * along[k]! + Math.floor(x / s.shape![k]!),
      0,
    );
  });
}

/** Positions that every tile really holds: fewer than `block` at the end of an axis. */
export function tileSizes(s: Side): Int32Array {
  const sizes = new Int32Array(tileCount(s));
  for (const tile of tileNumbers(s)) sizes[tile] = sizes[tile]! + 1;
  return sizes;
}

/** Positions before which another run of equal tiles begins, 0 left out. */
export function tileCuts(s: Side): number[] {
  const tiles = tileNumbers(s);
  return [...tiles.keys()].filter((n) => n > 0 && tiles[n] !== tiles[n - 1]);
}

/** Positions at which an outer coordinate changes, 0 left out. */
export function outerCuts(s: Side): number[] {
  if (s.extents.length < 2) return [];
  const inner = s.extents.at(-1)!;
  if (inner <= 0) return [];
  return Array.from({ length: Math.max(0, lengthOf(s) / inner - 1) }, (_, n) => (n + 1) * inner);
}

/** How tiles are written: `64`, or `4·4` for a box. */
export const blockText = (s: Side): string => (s.shape ? s.shape.join('·') : String(s.block));

/** @throws CompilerBug when a plan's shape does not belong to the side's axes */
export function sideOf(
  names: readonly string[],
  extents: readonly number[],
  block: number,
  shape: readonly number[] | undefined,
): Side {
  if (shape && shape.length !== names.length)
    throw new CompilerBug('viz', `a tile shape of ${shape.length} axes for ${names.length}`);
  return { names, extents, block, ...(shape ? { shape } : {}) };
}
