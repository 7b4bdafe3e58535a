/** Linear attention with a normaliser, in its quadratic form: y_t is the mean of values under weights f(q_t) . f(k_j). */
import { column, dot, eachHead, list, matrix, plus, scaled, softmax, vector } from '../arrays.ts';
import type { Matrix, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { laRaw } from './la_raw.ts';

/** Of features; `divide` makes an element of y of a weighted sum and the sum of weights. */
export function laNorm(
  fq: Matrix,
  fk: Matrix,
  v: Matrix,
  S0: Matrix,
  z0: Vector,
  divide: (numerator: number, denominator: number) => number,
): { y: Matrix; S: Matrix; z: Vector } {
  const { y: numerators, S } = laRaw(fq, fk, v, S0);
  const y = numerators.map((row, t) => {
    const keys = fk.slice(0, t + 1).map((kj) => dot(fq[t]!, kj));
    const denominator = keys.reduce((a, b) => a + b, dot(fq[t]!, z0));
    return row.map((numerator) => divide(numerator, denominator));
  });
  return {
    y,
    S,
    z: plus(
      z0,
      list(z0.length, (f) => column(fk, f).reduce((a, b) => a + b, 0)),
    ),
  };
}

export const cases = [
  referenceCase({
    example: 'la_norm',
    fixed: { D: 6, E: 5 },
    params: { scale: 0.3, eps: 0.02 },
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      S0: normal(B, H, D, E),
      z0: values([B, H, D], (r) => r.next()),
    }),
    reference: ({ q, k, v, S0, z0 }, sizes, { scale, eps }) =>
      eachHead(sizes, (b, h) => {
        const fq = matrix(q, b, h).map((x) => scaled(softmax(x), scale));
        const fk = matrix(k, b, h).map(softmax);
        const divide = (n: number, d: number): number => n / (d + eps);
        return laNorm(fq, fk, matrix(v, b, h), matrix(S0, b, h), vector(z0, b, h), divide);
      }),
  }),
  referenceCase({
    example: 'la_norm',
    variant: 'from nothing, with the least eps',
    absent: ['S0', 'z0'],
    fixed: { D: 6, E: 5 },
    params: { scale: 6 ** -0.5, eps: 1e-10 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes, { scale, eps }) =>
      eachHead(sizes, (b, h) => {
        const fq = matrix(q, b, h).map((x) => scaled(softmax(x), scale));
        const fk = matrix(k, b, h).map(softmax);
        const zeros = list(sizes.D, () => 0);
        const S0 = zeros.map(() => list(sizes.E, () => 0));
        return laNorm(fq, fk, matrix(v, b, h), S0, zeros, (n, d) => n / (d + eps));
      }),
  }),
];
