/** Heads of keys and of values in different numbers, and keys that a matrix widens. */
import { dot, eachHead, matrix, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { HALF, masked } from '../select.ts';

const text = {
  example: 'diffqkv',
  lengths: [1, 7, 33],
  tolerance: HALF,
  sizes: (length: number) => ({ B: 2, H: 8, Hk: 2, Hv: 4, N: length }),
};
const H = 8;
const keyHead = (h: number): number => Math.floor((h * 2) / H);
const valueHead = (h: number): number => Math.floor((h * 4) / H);

function rowsOf(q: Matrix, k: Matrix, v: Matrix): Matrix {
  return q.map((row, i) => {
    const scores = k.map((key) => dot(row, key) / Math.sqrt(row.length));
    return weighted(masked(scores, (j) => j <= i).p, v);
  });
}

export const cases = [
  referenceCase({
    ...text,
    fixed: { D: 4, E: 5 },
    inputs: ({ sizes: { B, H, Hk, Hv, N, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, Hk, N, D),
      v: normal(B, Hv, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({
        y: rowsOf(matrix(q, b, h), matrix(k, b, keyHead(h)), matrix(v, b, valueHead(h))),
      })),
  }),
  referenceCase({
    ...text,
    kernel: 'diffqkv_narrow',
    fixed: { D: 4, E: 5, C: 3 },
    inputs: ({ sizes: { B, H, Hk, Hv, N, C, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, Hk, N, C),
      v: normal(B, Hv, N, E),
      widen: normal(D, C),
    }),
    reference: ({ q, k, v, widen }, sizes) =>
      eachHead(sizes, (b, h) => {
        const wide = matrix(k, b, keyHead(h)).map((key) => matrix(widen).map((row) => dot(row, key)));
        return { y: rowsOf(matrix(q, b, h), wide, matrix(v, b, valueHead(h))) };
      }),
  }),
];
