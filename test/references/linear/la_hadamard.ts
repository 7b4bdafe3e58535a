/** Learned features: products of two projections. */
import { matrix, weighted } from './arrays.ts';
import { mappedCase } from './mapped.ts';

export const cases = [
  mappedCase({
    example: 'la_hadamard',
    fixed: { D: 6, E: 5, F: 4 },
    features: [4],
    weights: ({ normal, sizes: { H, D, F } }) => ({
      wq: normal(H, D, F),
      uq: normal(H, D, F),
      wk: normal(H, D, F),
      uk: normal(H, D, F),
    }),
    map: (x, { side, h, weights: { wq, uq, wk, uk } }) => {
      const [first, second] = side === 'q' ? [wq, uq] : [wk, uk];
      const y = weighted(x, matrix(second, h));
      return weighted(x, matrix(first, h)).map((a, f) => a * y[f]!);
    },
  }),
];
