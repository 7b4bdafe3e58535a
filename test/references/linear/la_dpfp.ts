/** Products of rectified features with those 1 .. nu places before, around the end. */
import { type Vector } from '../arrays.ts';
import { relu } from './la_relu.ts';
import { mappedCase } from './mapped.ts';

export function dpfp(x: Vector, nu: number): Vector {
  const r = [...x, ...x.map((a) => -a)].map(relu);
  const features: number[] = [];
  for (let shift = 1; shift <= nu; shift++) {
    const rolled = [...r.slice(-shift), ...r.slice(0, -shift)];
    features.push(...r.map((a, n) => a * rolled[n]!));
  }
  return features;
}

export const cases = [3, 1].map((nu) =>
  mappedCase({
    example: 'la_dpfp',
    variant: `nu = ${nu}`,
    consts: { nu },
    fixed: { D: 5, E: 4 },
    params: { eps: 0.5 },
    features: [nu, 10],
    map: (x) => dpfp(x, nu),
    divide: (n, d, { eps }) => n / (d + eps),
  }),
);
