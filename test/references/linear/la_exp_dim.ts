/** Exponentials of a vector and of its negative, each with 1 as its greatest. */
import { mappedCase } from './mapped.ts';

export const cases = [
  mappedCase({
    example: 'la_exp_dim',
    fixed: { D: 6, E: 5 },
    params: { eps: 0.1 },
    features: [2, 6],
    map: (x) => [
      ...x.map((a) => Math.exp(a - Math.max(...x))),
      ...x.map((a) => Math.exp(-a + Math.min(...x))),
    ],
    divide: (n, d, { eps }) => n / (d + eps),
  }),
];
