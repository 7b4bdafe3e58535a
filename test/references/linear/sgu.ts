/** The spatial gating unit: a lower triangular matrix times normed channels, then a gate. */
import { element, matrix, plus, sum, tensor, vector, weighted, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

function layerNorm(x: Vector, gamma: Vector, beta: Vector, eps: number): Vector {
  const mean = sum(x) / x.length;
  const variance = sum(x.map((a) => (a - mean) ** 2)) / x.length;
  return x.map((a, e) => ((a - mean) / Math.sqrt(variance + eps)) * gamma[e]! + beta[e]!);
}

export const cases = [
  referenceCase({
    example: 'sgu',
    fixed: { E: 5 },
    sizes: (N) => ({ B: 2, N }),
    params: { eps: 1e-2 },
    inputs: ({ normal, sizes: { B, N, E } }) => ({
      x: normal(B, N, 2 * E),
      W: normal(N, N),
      bias: normal(N),
      gamma: normal(E),
      beta: normal(E),
    }),
    reference: ({ x, W, bias, gamma, beta }, { B, E }, { eps }) => {
      const one = (b: number): number[][] => {
        const tokens = matrix(x, b);
        const normed = tokens.map((row) => layerNorm(row.slice(E), vector(gamma), vector(beta), eps));
        return tokens.map((row, i) => {
          const constant = normed[0]!.map(() => element(bias, i));
          const mixed = plus(constant, weighted(vector(W, i).slice(0, i + 1), normed));
          return mixed.map((a, e) => a * row[e]!);
        });
      };
      return { y: tensor(Array.from({ length: B }, (_, b) => one(b))) };
    },
  }),
];
