/** Learned features: a softmax of a projection, then one of its negative. */
import { matrix, softmax, weighted, type Matrix, type Vector } from '../arrays.ts';
import { mappedCase } from './mapped.ts';

/** x in the terms of LoLCATs, for a projection with a row for each element of x. */
export function hedgehog(x: Vector, projection: Matrix): Vector {
  const y = weighted(x, projection);
  return [...softmax(y), ...softmax(y.map((a) => -a))].map((a) => Math.max(a, 1e-12));
}

export const cases = [
  mappedCase({
    example: 'la_hedgehog',
    fixed: { D: 6, E: 5, F: 4 },
    params: { eps: 0.05 },
    features: [2, 4],
    weights: ({ normal, sizes: { H, D, F } }) => ({ wq: normal(H, D, F), wk: normal(H, D, F) }),
    map: (x, { side, h, weights }) => hedgehog(x, matrix(side === 'q' ? weights.wq : weights.wk, h)),
    divide: (n, d, { eps }) => n / (d + eps),
  }),
];
