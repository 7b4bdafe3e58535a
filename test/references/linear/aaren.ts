/** Softmax over every prefix by itself; what came before is one more key, of score lse_0 and value y_0. */
import { dot, eachHead, element, matrix, scaled, sum, vector, weighted } from '../arrays.ts';
import type { Matrix, Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

export function aaren(scores: Vector, v: Matrix): { y: Matrix; lse: Vector } {
  const rows = scores.map((_, t) => {
    const top = Math.max(...scores.slice(0, t + 1));
    const weights = scores.slice(0, t + 1).map((s) => Math.exp(s - top));
    return { y: weighted(scaled(weights, 1 / sum(weights)), v), lse: top + Math.log(sum(weights)) };
  });
  return { y: rows.map((r) => r.y), lse: rows.map((r) => r.lse) };
}

const scoresOf = (q: Vector, k: Matrix): Vector => k.map((kj) => dot(q, kj) / Math.sqrt(q.length));

export const cases = [
  referenceCase({
    example: 'aaren',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'extreme'],
    inputs: ({ normal, values, hazard, sizes: { B, H, N, D, E } }) => ({
      // Extreme scores are some hundreds, at which exponentials of differences alone stay in range.
      q: values([B, H, D], (r) => (hazard === 'extreme' ? 400 : 1) * r.normal()),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      lse0: values([B, H], (r) => (hazard === 'extreme' ? 400 : 1) * r.normal()),
      y0: normal(B, H, E),
    }),
    // A score of 1000 has a rounding of 6e-5, which exp makes the relative error of a weight.
    tolerance: 5e-4,
    reference: ({ q, k, v, lse0, y0 }, sizes) =>
      eachHead(sizes, (b, h) => {
        const scores = [element(lse0, b, h), ...scoresOf(vector(q, b, h), matrix(k, b, h))];
        const { y, lse } = aaren(scores, [vector(y0, b, h), ...matrix(v, b, h)]);
        return { y: y.slice(1), lse: lse.slice(1) };
      }),
  }),
  referenceCase({
    example: 'aaren',
    variant: 'from nothing',
    absent: ['lse0', 'y0'],
    fixed: { D: 6, E: 5 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => aaren(scoresOf(vector(q, b, h), matrix(k, b, h)), matrix(v, b, h))),
  }),
];
