/** Linear attention without a normaliser, in its quadratic form: y_t = sum_j<=t (q_t . k_j) v_j + q_t S_0. */
import { column, dot, eachHead, matrix, plus, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';

export function laRaw(q: Matrix, k: Matrix, v: Matrix, S0: Matrix): { y: Matrix; S: Matrix } {
  const y = q.map((qt, t) => {
    const weights = k.slice(0, t + 1).map((kj) => dot(qt, kj));
    return plus(weighted(weights, v), weighted(qt, S0));
  });
  return { y, S: S0.map((row, d) => plus(row, weighted(column(k, d), v))) };
}

export const cases = [
  referenceCase({
    example: 'la_raw',
    fixed: { D: 6, E: 5 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, S0 }, sizes) =>
      eachHead(sizes, (b, h) => laRaw(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), matrix(S0, b, h))),
  }),
];
