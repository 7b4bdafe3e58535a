/** Meaning of warp collectives on 32 lanes, by the fragment layouts of the PTX ISA. */
import { STORAGE } from '../../expr/types.ts';
import { MMA_SUM, type MmaStorage } from '../kernel.ts';
import { packedBits, packedValue, STORE_ROUND, type PackedStorage } from '../rounding.ts';
import type { Lane } from './places.ts';

/** The value of element `which` of a packed word. */
const unpack = (storage: PackedStorage, word: number, which: number): number => {
  const bits = 8 * STORAGE[storage].bytes;
  return packedValue(storage, (word >>> (which * bits)) & (2 ** bits - 1));
};
/** Elements of a word. */
const inWord = (storage: PackedStorage): number => 4 / STORAGE[storage].bytes;

export interface MmaPlaces {
  readonly d: number;
  readonly a: number;
  readonly b: number;
  readonly dOffset: (l: Lane) => number;
  readonly aOffset: (l: Lane) => number;
  readonly bOffset: (l: Lane) => number;
}

/** d += a · b for one tile; sums are exact and rounded once, those of integers wrap. */
export function mma(storage: MmaStorage, warp: readonly Lane[], p: MmaPlaces): void {
  const each = inWord(storage);
  const depth = 8 * each;
  const a = new Float64Array(16 * depth);
  const b = new Float64Array(depth * 8);
  warp.forEach((lane, n) => {
    const group = n >> 2;
    const first = (n & 3) * each;
    for (let r = 0; r < 4; r++) {
      const word = lane.arrays[p.a]![p.aOffset(lane) + r]!;
      const row = group + (r & 1) * 8;
      const k = first + (r >> 1) * 4 * each;
      for (let h = 0; h < each; h++) a[row * depth + k + h] = unpack(storage, word, h);
    }
    for (let r = 0; r < 2; r++) {
      const word = lane.arrays[p.b]![p.bOffset(lane) + r]!;
      for (let h = 0; h < each; h++) b[(first + r * 4 * each + h) * 8 + group] = unpack(storage, word, h);
    }
  });
  const round = STORE_ROUND[MMA_SUM[storage]];
  warp.forEach((lane, n) => {
    const d = lane.arrays[p.d]!;
    const offset = p.dOffset(lane);
    for (let r = 0; r < 4; r++) {
      const row = (n >> 2) + (r >> 1) * 8;
      const col = (n & 3) * 2 + (r & 1);
      let sum = d[offset + r]!;
      for (let k = 0; k < depth; k++) sum += a[row * depth + k]! * b[k * 8 + col]!;
      d[offset + r] = round(sum);
    }
  });
}

/**
 * Four matrices of 8 rows of 16 bytes. `load(matrix, row, column)` gives an element; the result is word `matrix` of each lane: what
 * lies in bytes 4 (l % 4) … of row l / 4, or, for a transposed load of halves, the mirror images of elements (l / 4, 2 (l % 4)) and
 * of the next column.
 */
export function ldmatrix(
  storage: PackedStorage,
  transpose: boolean,
  load: (matrix: number, row: number, column: number) => number,
  save: (lane: number, matrix: number, word: number) => void,
): void {
  const each = inWord(storage);
  const bits = 32 / each;
  for (let matrix = 0; matrix < 4; matrix++) {
    for (let lane = 0; lane < 32; lane++) {
      const outer = lane >> 2;
      const inner = (lane & 3) * each;
      let word = 0;
      for (let h = 0; h < each; h++) {
        const x = transpose ? load(matrix, inner + h, outer) : load(matrix, outer, inner + h);
        word |= packedBits(storage, x) << (h * bits);
      }
      save(lane, matrix, word >>> 0);
    }
  }
}
