/** Linear attention over all keys with means, in the quadratic form: first the weights of a row, then their sum. */
import { dot, eachHead, matrix, scaled, sum, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { eluPlusOne } from './la_elu.ts';

export function linfusion(q: Matrix, k: Matrix, v: Matrix, eps: number): Matrix {
  const mapped = (x: Matrix): Matrix => x.map((row) => row.map(eluPlusOne));
  const keys = mapped(k);
  return mapped(q).map((qi) => {
    const weights = keys.map((kj) => dot(qi, kj) / keys.length);
    return weighted(scaled(weights, 1 / (sum(weights) + eps)), v);
  });
}

export const cases = [
  referenceCase({
    example: 'linfusion',
    fixed: { D: 6, E: 5 },
    sizes: (length) => ({ B: 2, H: 1, N: Math.ceil(length / 3), M: length }),
    params: { eps: 0.3 },
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, { B, H }, { eps }) =>
      eachHead({ B, H }, (b, h) => ({
        y: linfusion(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), eps),
      })),
  }),
];
