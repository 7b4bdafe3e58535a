/** Softmax attention as in Vaswani et al., 2017: every query sees every key. */
import { dot, eachHead, matrix, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

function head(q: Matrix, k: Matrix, v: Matrix): { y: Matrix; lse: number[] } {
  const rows = q.map((row) =>
    masked(
      k.map((key) => dot(row, key) / Math.sqrt(row.length)),
      () => true,
    ),
  );
  return { y: rows.map(({ p }) => weighted(p, v)), lse: rows.map(({ lse }) => lse) };
}

export const cases = [
  referenceCase({
    example: 'sdpa',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 4 }),
    inputs: ({ sizes: { B, H, N, M, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => head(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h))),
  }),
];
