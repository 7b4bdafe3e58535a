/** Learned features: products of two projections. */
import { matrix, weighted } from '../arrays.ts';
import { mappedCase } from './mapped.ts';

export const cases = [
  mappedCase({
    example: 'la_hadamard',
    fixed: { D: 6, E: 5, F: 4 },
    features: [4],
    weights: ({ normal, sizes: { H, D, F } }) => ({ wq: normal(2, H, D, F), wk: normal(2, H, D, F) }),
    map: (x, { side, h, weights: { wq, wk } }) => {
      const [first, second] = [0, 1].map((n) => weighted(x, matrix(side === 'q' ? wq : wk, n, h)));
      return first!.map((a, f) => a * second![f]!);
    },
  }),
];
