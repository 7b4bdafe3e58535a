/** Learned features: a projection, rectified. */
import { matrix, weighted } from '../arrays.ts';
import { relu } from './la_relu.ts';
import { mappedCase } from './mapped.ts';

export const cases = [
  mappedCase({
    example: 'la_t2r',
    fixed: { D: 6, E: 5, F: 4 },
    params: { eps: 0.5 },
    features: [4],
    weights: ({ normal, sizes: { H, D, F } }) => ({ wq: normal(H, D, F), wk: normal(H, D, F) }),
    map: (x, { side, h, weights }) =>
      weighted(x, matrix(side === 'q' ? weights.wq : weights.wk, h)).map(relu),
    divide: (n, d, { eps }) => n / (d + eps),
  }),
];
