/** Features turned with the position, each at a speed of its own. */
import { vector, type Vector } from '../arrays.ts';
import { mappedCase } from './mapped.ts';

export const turned = (x: Vector, theta: Vector, position: number): Vector => [
  ...x.map((a, d) => a * Math.cos(theta[d]! * position)),
  ...x.map((a, d) => a * Math.sin(theta[d]! * position)),
];

export const cases = [
  mappedCase({
    example: 'la_lrpe',
    fixed: { D: 6, E: 5 },
    params: { offset: 17 },
    features: [2, 6],
    // Angles of some hundred turns are not what is tested here: f32 holds them to 1e-5 only.
    weights: ({ values, sizes: { H, D } }) => ({ theta: values([H, D], (r) => 0.1 * r.next()) }),
    map: (x, { h, t, weights, params }) => turned(x, vector(weights.theta, h), params.offset + t),
  }),
];
