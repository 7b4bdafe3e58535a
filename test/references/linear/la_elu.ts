/** Features elu(x) + 1: positive, so that weights are. */
import { mappedCase } from './mapped.ts';

export const eluPlusOne = (x: number): number => (x > 0 ? x + 1 : Math.exp(x));

export const cases = [
  mappedCase({
    example: 'la_elu',
    fixed: { D: 6, E: 5 },
    params: { eps: 0.5 },
    features: [6],
    map: (x) => x.map(eluPlusOne),
    divide: (n, d, { eps }) => n / (d + eps),
  }),
];
