/** Softmax over every prefix by itself; what came before is one more key of score m_0 with u_0 times the weight. */
import { dot, eachHead, element, matrix, plus, scaled, sum, vector, weighted } from './arrays.ts';
import type { Matrix, Vector } from './arrays.ts';
import { linearCase } from './case.ts';

export function aaren(q: Vector, k: Matrix, v: Matrix, m0: number, u0: number, w0: Vector) {
  const scores = k.map((kj) => dot(q, kj) / Math.sqrt(q.length));
  const prefix = (t: number): { m: number; u: number; w: Vector } => {
    const m = Math.max(m0, ...scores.slice(0, t + 1));
    const weights = scores.slice(0, t + 1).map((s) => Math.exp(s - m));
    const before = Math.exp(m0 - m);
    return { m, u: before * u0 + sum(weights), w: plus(weighted(weights, v), w0, before) };
  };
  const y = k.map((_, t) => {
    const { u, w } = prefix(t);
    return scaled(w, 1 / u);
  });
  return { y, ...prefix(k.length - 1) };
}

export const cases = [
  linearCase({
    example: 'aaren',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'extreme'],
    inputs: ({ normal, values, hazard, sizes: { B, H, N, D, E } }) => ({
      // Extreme scores are some hundreds, at which exponentials of differences alone stay in range.
      q: values([B, H, D], (r) => (hazard === 'extreme' ? 400 : 1) * r.normal()),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      m0: values([B, H], (r) => (hazard === 'extreme' ? 400 : 1) * r.normal()),
      u0: values([B, H], (r) => 1 + r.next()),
      w0: normal(B, H, E),
    }),
    // A score of 1000 has a rounding of 6e-5, which exp makes the relative error of a weight.
    tolerance: 5e-4,
    reference: ({ q, k, v, m0, u0, w0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        aaren(
          vector(q, b, h),
          matrix(k, b, h),
          matrix(v, b, h),
          element(m0, b, h),
          element(u0, b, h),
          vector(w0, b, h),
        ),
      ),
  }),
  linearCase({
    example: 'aaren',
    variant: 'from nothing',
    absent: ['m0', 'u0', 'w0'],
    fixed: { D: 6, E: 5 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const values = matrix(v, b, h);
        return aaren(vector(q, b, h), matrix(k, b, h), values, -Infinity, 0, scaled(values[0]!, 0));
      }),
  }),
];
