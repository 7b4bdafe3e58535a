/** Weights (a(q_t) . b(k_j) / sqrt(D))^2 of normed vectors, scaled and shifted, divided by their sum and a little more. */
import {
  dot,
  eachHead,
  matrix,
  plus,
  scaled,
  sum,
  vector,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { times } from './gates.ts';

/** Mean 0 and variance 1, then an affine map. */
export function affine(x: Vector, gamma: Vector, beta: Vector, eps: number): Vector {
  const mean = sum(x) / x.length;
  const variance = sum(x.map((a) => (a - mean) ** 2)) / x.length;
  return plus(
    times(
      scaled(
        plus(
          x,
          x.map(() => -mean),
        ),
        1 / Math.sqrt(variance + eps),
      ),
      gamma,
    ),
    beta,
  );
}

export const cases = [
  referenceCase({
    example: 'rebased',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 65],
    params: { eps: 1e-3, eps_norm: 1e-2 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      gamma: normal(2, D),
      beta: normal(2, D),
    }),
    reference: ({ q, k, v, gamma, beta }, sizes, { eps, eps_norm }) =>
      eachHead(sizes, (b, h) => {
        const mapped = (rows: Matrix, side: number) =>
          rows.map((row) => affine(row, vector(gamma, side), vector(beta, side), eps_norm));
        const keys = mapped(matrix(k, b, h), 1);
        const y = mapped(matrix(q, b, h), 0).map((qt, t) => {
          const w = keys.slice(0, t + 1).map((kj) => dot(qt, kj) ** 2 / sizes.D);
          return scaled(weighted(w, matrix(v, b, h)), 1 / (sum(w) + eps));
        });
        return { y };
      }),
  }),
];
