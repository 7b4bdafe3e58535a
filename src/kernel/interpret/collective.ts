/** Meaning of warp collectives on 32 lanes, by the fragment layouts of the PTX ISA. */
import { halfBits, halfValue } from '../rounding.ts';
import type { Lane } from './places.ts';

type Half = 'f16' | 'bf16';
const LOW = 0xffff;

/** The value of half `which` (0 or 1) of a packed word. */
const unpack = (storage: Half, word: number, which: number): number =>
  halfValue(storage, which === 0 ? word & LOW : word >>> 16);

export interface MmaPlaces {
  readonly d: number;
  readonly a: number;
  readonly b: number;
  readonly dOffset: (l: Lane) => number;
  readonly aOffset: (l: Lane) => number;
  readonly bOffset: (l: Lane) => number;
}

/** d += a · b for one m16n8k16 tile; sums are exact and rounded once. */
export function mma(storage: Half, warp: readonly Lane[], p: MmaPlaces): void {
  const a = new Float64Array(16 * 16);
  const b = new Float64Array(16 * 8);
  warp.forEach((lane, n) => {
    const group = n >> 2;
    const pair = (n & 3) * 2;
    for (let r = 0; r < 4; r++) {
      const word = lane.arrays[p.a]![p.aOffset(lane) + r]!;
      const row = group + (r & 1) * 8;
      const k = pair + (r >> 1) * 8;
      for (let h = 0; h < 2; h++) a[row * 16 + k + h] = unpack(storage, word, h);
    }
    for (let r = 0; r < 2; r++) {
      const word = lane.arrays[p.b]![p.bOffset(lane) + r]!;
      for (let h = 0; h < 2; h++) b[(pair + r * 8 + h) * 8 + group] = unpack(storage, word, h);
    }
  });
  warp.forEach((lane, n) => {
    const d = lane.arrays[p.d]!;
    const offset = p.dOffset(lane);
    for (let r = 0; r < 4; r++) {
      const row = (n >> 2) + (r >> 1) * 8;
      const col = (n & 3) * 2 + (r & 1);
      let sum = d[offset + r]!;
      for (let k = 0; k < 16; k++) sum += a[row * 16 + k]! * b[k * 8 + col]!;
      d[offset + r] = Math.fround(sum);
    }
  });
}

/**
 * Four 8×8 matrices of halves. `load(matrix, row, column)` gives an element; the result is word `matrix` of each lane:
 * elements (l / 4, 2 (l % 4)) and the next column, or for a transposed load their mirror images.
 */
export function ldmatrix(
  storage: Half,
  transpose: boolean,
  load: (matrix: number, row: number, column: number) => number,
  save: (lane: number, matrix: number, word: number) => void,
): void {
  for (let matrix = 0; matrix < 4; matrix++) {
    for (let lane = 0; lane < 32; lane++) {
      const outer = lane >> 2;
      const inner = (lane & 3) * 2;
      const bits = [0, 1].map((h) =>
        halfBits(storage, transpose ? load(matrix, inner + h, outer) : load(matrix, outer, inner + h)),
      );
      save(lane, matrix, (bits[0]! | (bits[1]! << 16)) >>> 0);
    }
  }
}
