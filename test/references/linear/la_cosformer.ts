/** Rectified features under the cosine of the distance; what came before is given as a state of turned features. */
import { mappedCase } from './mapped.ts';
import { relu } from './la_relu.ts';

/** Position from 1, as published. */
export const cosformer = (x: readonly number[], position: number, length: number): number[] => {
  const angle = (Math.PI * position) / (2 * length);
  return [...x.map((a) => relu(a) * Math.sin(angle)), ...x.map((a) => relu(a) * Math.cos(angle))];
};

export const cases = [
  mappedCase({
    example: 'la_cosformer',
    fixed: { D: 6, E: 5 },
    params: { offset: 40, length: 240, eps: 2 },
    features: [2, 6],
    map: (x, { t, params }) => cosformer(x, params.offset + t + 1, params.length),
    divide: (n, d, { eps }) => n / Math.max(d, eps),
  }),
];
