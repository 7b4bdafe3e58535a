/** Learned features: one softmax over twice a projection and its negative. */
import { matrix, scaled, softmax, weighted } from '../arrays.ts';
import { mappedCase } from './mapped.ts';

export const cases = [
  mappedCase({
    example: 'la_hedgehog_fla',
    fixed: { D: 6, E: 5, F: 4 },
    params: { eps: 0.05 },
    features: [2, 4],
    weights: ({ normal, sizes: { H, D, F } }) => ({ wq: normal(H, D, F), wk: normal(H, D, F) }),
    map: (x, { side, h, weights }) => {
      const y = weighted(x, matrix(side === 'q' ? weights.wq : weights.wk, h));
      return softmax([...scaled(y, 2), ...scaled(y, -2)]);
    },
    divide: (n, d, { eps }) => n / (d + eps),
  }),
];
