/** What each tile is: what the compiler decides about it, against the pairs that the mask really keeps. */
import { lengthOf, tileCount, tileNumbers, tileSizes, type Side } from './side.ts';

/** The compiler's decision for one tile. */
export interface Decision {
  readonly visited: boolean;
  /** Its pairs are not tested. */
  readonly full: boolean;
}

export const TILE_CLASSES = ['skipped', 'partial', 'full', 'idle', 'wrong'] as const;
/**
 * `idle`: visited though it holds no kept pair, which costs time. `wrong`: a kept pair in a tile that is not visited, or one
 * that is not kept in a full tile, which is a bug.
 */
export type TileClass = (typeof TILE_CLASSES)[number];

/** The pairs of rows × columns, row-major. */
export interface Pairs {
  readonly rows: Side;
  readonly cols: Side;
  /** 1 where some domain of the pass keeps the pair. */
  readonly kept: Uint8Array;
  /** 1 where every domain does. */
  readonly always: Uint8Array;
}

export interface Counts {
  readonly tiles: Readonly<Record<TileClass, number>> & {
    readonly total: number;
    readonly visited: number;
    /** Tiles of which every pair is kept, and which are tested all the same. */
    readonly tested: number;
  };
  readonly pairs: { readonly total: number; readonly kept: number; readonly visited: number };
}

export interface Classified {
  /** Per row tile and column tile, row-major: a number of TILE_CLASSES. */
  readonly classes: Uint8Array;
  readonly counts: Counts;
}

function classOf(d: Decision, kept: number, always: number, pairs: number, writes: boolean): TileClass {
  if (!d.visited) return kept > 0 ? 'wrong' : 'skipped';
  if (d.full) return always === pairs ? 'full' : 'wrong';
  return kept > 0 || writes ? 'partial' : 'idle';
}

/**
 * @param decide the compiler's decision for a row tile and a column tile
 * @param writes the pass writes every pair, kept or not, so that no visit is in vain
 */
export function classify(
  p: Pairs,
  decide: (row: number, col: number) => Decision,
  writes = false,
): Classified {
  const { rows, cols } = p;
  const [rowTile, colTile] = [tileNumbers(rows), tileNumbers(cols)];
  const [rowSize, colSize] = [tileSizes(rows), tileSizes(cols)];
  const [height, width] = [tileCount(rows), tileCount(cols)];
  const kept = new Int32Array(height * width);
  const always = new Int32Array(height * width);
  const n = lengthOf(cols);
  let keptPairs = 0;
  for (let at = 0; at < p.kept.length; at++) {
    if (p.kept[at] === 0) continue;
    const tile = rowTile[Math.floor(at / n)]! * width + colTile[at % n]!;
    keptPairs++;
    kept[tile] = kept[tile]! + 1;
    always[tile] = always[tile]! + p.always[at]!;
  }
  const classes = new Uint8Array(height * width);
  const tiles = {
    skipped: 0,
    partial: 0,
    full: 0,
    idle: 0,
    wrong: 0,
    total: height * width,
    visited: 0,
    tested: 0,
  };
  let visitedPairs = 0;
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const at = r * width + c;
      const pairs = rowSize[r]! * colSize[c]!;
      const decision = decide(r, c);
      const kind = classOf(decision, kept[at]!, always[at]!, pairs, writes);
      classes[at] = TILE_CLASSES.indexOf(kind);
      tiles[kind]++;
      if (!decision.visited) continue;
      tiles.visited++;
      visitedPairs += pairs;
      // Rows past the end repeat the last row, so only columns must all be there.
      if (!decision.full && always[at] === pairs && colSize[c] === cols.block) tiles.tested++;
    }
  return {
    classes,
    counts: { tiles, pairs: { total: p.kept.length, kept: keptPairs, visited: visitedPairs } },
  };
}
