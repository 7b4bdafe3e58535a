/** One side of a stage's tiles, rows or stream, with numbers for its extents: how many tiles, and where each lies. */
import type { TileAxis } from './tile.ts';

/** An axis of the side with its extent as a number. */
export interface SideAxis {
  readonly name: string;
  readonly extent: number;
}

/** The names by which bounds speak of the ends and of the number of a tile along an axis. */
export const firstOf = (axis: string): string => `${axis}.first`;
export const lastOf = (axis: string): string => `${axis}.last`;
export const tileOf = (axis: string): string => `${axis}.tile`;

/** Tiles along one axis, or along all axes of a flattened side taken as one. */
export interface TileLine {
  /** The axis whose coordinates number the tiles: of a flattened side the outermost. */
  readonly axis: string;
  readonly tiles: number;
  /** Distance of this line's tiles in the side's numbering, which is row-major. */
  readonly stride: number;
  /** Tiles that meet coordinates `lo … hi`, both inclusive and clamped to the extent; nothing when there are none. */
  meeting(lo: number, hi: number): readonly [number, number] | undefined;
  /** Gives the ends of tile `n`, axis by axis. */
  place(n: number, set: (name: string, value: number) => void): void;
  /** Calls `visit` for the positions of tile `n`, with the coordinates set, until it says that it has seen enough. */
  some(n: number, set: (name: string, value: number) => void, visit: () => boolean): boolean;
}

export interface Side {
  readonly axes: readonly SideAxis[];
  /** Outermost first; none for a side without axes, which is a single tile. */
  readonly lines: readonly TileLine[];
  /** Tiles of the side. */
  readonly tiles: number;
}

/**
 * @param shape positions of a tile per axis, if the tiles are boxes
 * @param block positions of a tile, for a side whose axes are flattened into one
 */
export function sideOf(axes: readonly SideAxis[], shape: readonly number[] | undefined, block: number): Side {
  const lines = axes.length === 0 ? [] : shape ? boxed(axes, shape) : [flattened(axes, block)];
  return { axes, lines, tiles: lines.reduce((n, l) => n * l.tiles, 1) };
}

function boxed(axes: readonly SideAxis[], shape: readonly number[]): TileLine[] {
  let stride = 1;
  const lines: TileLine[] = [];
  for (let n = axes.length - 1; n >= 0; n--) {
    const line = { ...flattened([axes[n]!], shape[n]!), stride };
    lines.unshift(line);
    stride *= line.tiles;
  }
  return lines;
}

function flattened(axes: readonly SideAxis[], block: number): TileLine {
  const [outer, ...others] = axes as readonly [SideAxis, ...SideAxis[]];
  const inner = others.reduce((n, a) => n * a.extent, 1);
  const positions = outer.extent * inner;
  return {
    axis: outer.name,
    tiles: Math.ceil(positions / block),
    stride: 1,
    meeting(lo, hi) {
      const [from, to] = [Math.max(0, lo) * inner, (Math.min(hi, outer.extent - 1) + 1) * inner - 1];
      return from <= to ? [Math.floor(from / block), Math.floor(to / block)] : undefined;
    },
    place(n, set) {
      const [from, to] = [n * block, Math.min(positions, (n + 1) * block) - 1];
      set(firstOf(outer.name), Math.floor(from / inner));
      set(lastOf(outer.name), Math.floor(to / inner));
      set(tileOf(outer.name), n);
      for (const a of others) {
        set(firstOf(a.name), 0);
        set(lastOf(a.name), a.extent - 1);
      }
    },
    some(n, set, visit) {
      for (let at = n * block; at < Math.min(positions, (n + 1) * block); at++) {
        let rest = at;
        for (const a of [...others].reverse()) {
          set(a.name, rest % a.extent);
          rest = Math.floor(rest / a.extent);
        }
        set(outer.name, rest);
        if (visit()) return true;
      }
      return false;
    },
  };
}

/** The variables that `place` gives for all lines of a side. */
export function sideNames(axes: readonly TileAxis[] | readonly SideAxis[]): string[] {
  return axes.flatMap((a) => [firstOf(a.name), lastOf(a.name), tileOf(a.name)]);
}
