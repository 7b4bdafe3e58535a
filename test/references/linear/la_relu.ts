/** Rectified features, whose sum of weights can be 0: it is raised to eps. */
import { mappedCase } from './mapped.ts';

export const relu = (x: number): number => Math.max(x, 0);

export const cases = [
  mappedCase({
    example: 'la_relu',
    fixed: { D: 6, E: 5 },
    params: { eps: 3 },
    features: [6],
    map: (x) => x.map(relu),
    divide: (n, d, { eps }) => n / Math.max(d, eps),
  }),
];
