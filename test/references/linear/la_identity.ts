/** Linear attention over all keys, in its quadratic form: y_i = sum_j (q_i . k_j / M) v_j. */
import { column, dot, eachHead, matrix, scaled, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';

export const cases = [
  referenceCase({
    example: 'la_identity',
    fixed: { D: 6, E: 5 },
    sizes: (length) => ({ B: 2, H: 1, N: Math.ceil(length / 3), M: length }),
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, { B, H, M, D }) =>
      eachHead({ B, H }, (b, h) => {
        const [keys, values] = [matrix(k, b, h), matrix(v, b, h)];
        const mean = (weights: number[]): number[] => scaled(weighted(weights, values), 1 / M);
        return {
          y: matrix(q, b, h).map((qi) => mean(keys.map((kj) => dot(qi, kj)))),
          S: Array.from({ length: D }, (_, d) => mean(column(keys, d))),
        };
      }),
  }),
];
