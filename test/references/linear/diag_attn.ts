/** Softmax inside of blocks that do not overlap: each block by itself, as if it were a whole sequence. */
import { dot, eachHead, matrix, scaled, sum, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';

export function diagonalAttention(q: Matrix, k: Matrix, v: Matrix, size: number): Matrix {
  const y: Matrix = [];
  for (let start = 0; start < q.length; start += size)
    for (let t = start; t < Math.min(start + size, q.length); t++) {
      const scores = k.slice(start, t + 1).map((kj) => dot(q[t]!, kj) / Math.sqrt(kj.length));
      const top = Math.max(...scores);
      const weights = scores.map((s) => Math.exp(s - top));
      y.push(weighted(scaled(weights, 1 / sum(weights)), v.slice(start, t + 1)));
    }
  return y;
}

export const cases = [7, 64].map((size) =>
  referenceCase({
    example: 'diag_attn',
    variant: `blocks of ${size}`,
    fixed: { D: 6, E: 5 },
    params: { size },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes, params) =>
      eachHead(sizes, (b, h) => ({
        y: diagonalAttention(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), params.size),
      })),
  }),
);
