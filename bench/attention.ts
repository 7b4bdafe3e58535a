/** Tensors of dense attention, and the float64 reference that rows and peers are held to. */
import { randomFrom } from '../src/runtime/random.ts';

export const WIDTH = 64;
/** Heads unless a row says otherwise. */
export const HEADS = 8;

export interface Tensors {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

export function draw(rows: number, heads = HEADS): Tensors {
  const random = randomFrom(rows);
  const tensor = (): Float32Array => Float32Array.from({ length: heads * rows * WIDTH }, random.normal);
  return { q: tensor(), k: tensor(), v: tensor() };
}

/** Rows compared with float64: the ends, and around tile edges; all heads. */
const sampled = (rows: number): number[] =>
  [0, 1, 7, 8, 31, 63, 64, 65, rows >> 1, rows - 2, rows - 1].filter((i) => i < rows);

/** Which keys a query keeps. */
export type Keep = (i: number, j: number) => boolean;

/** Largest difference of sampled rows to float64. */
export function largestError(
  t: Tensors,
  rows: number,
  keep: Keep,
  actual: Float32Array,
  heads = HEADS,
): number {
  let worst = 0;
  for (let h = 0; h < heads; h++)
    for (const i of sampled(rows)) {
      const keys = Array.from({ length: rows }, (_, j) => j).filter((j) => keep(i, j));
      const scores = keys.map((j) => {
        let dot = 0;
        for (let d = 0; d < WIDTH; d++)
          dot += t.q[(h * rows + i) * WIDTH + d]! * t.k[(h * rows + j) * WIDTH + d]!;
        return dot / Math.sqrt(WIDTH);
      });
      const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = scores.reduce((sum, s) => sum + Math.exp(s - highest), 0);
      for (let e = 0; e < WIDTH; e++) {
        const y = keys.reduce(
          (sum, j, n) => sum + (Math.exp(scores[n]! - highest) / total) * t.v[(h * rows + j) * WIDTH + e]!,
          0,
        );
        worst = Math.max(worst, Math.abs(y - actual[(h * rows + i) * WIDTH + e]!));
      }
    }
  return worst;
}
