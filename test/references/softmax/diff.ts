/** The difference of two maps, aggregated, then divided by its root mean square; grouped keys and values. */
import { dot, eachHead, element, matrix, sum, vector, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { masked } from '../select.ts';

export const cases = [
  referenceCase({
    example: 'diff',
    fixed: { D: 4 },
    lengths: [1, 7, 33],
    params: { depth: 3, eps: 1e-5 },
    sizes: (N) => ({ B: 2, H: 4, G: 2, N, M: N + 2 }),
    inputs: ({ normal, sizes: { B, H, G, N, M, D } }) => ({
      q: normal(B, H, 2, N, D),
      k: normal(B, G, 2, M, D),
      v: normal(B, G, M, 2 * D),
      a: normal(2, D),
      c: normal(2, D),
      weight: normal(2 * D),
    }),
    reference: ({ q, k, v, a, c, weight }, sizes, { depth, eps }) =>
      eachHead(sizes, (b, h) => {
        const { H, G, N, M, D } = sizes;
        const g = Math.floor(h / (H / G));
        const l0 = 0.8 - 0.6 * Math.exp(-0.3 * depth);
        const [first, second] = [0, 1].map((n) => Math.exp(dot(vector(a, n), vector(c, n))));
        const lambda = first! - second! + l0;
        const map = (half: number, i: number) => {
          const scores = matrix(k, b, g, half).map((kj) => dot(vector(q, b, h, half, i), kj) / Math.sqrt(D));
          return masked(scores, (j) => j <= i + M - N).p;
        };
        const y = matrix(q, b, h, 0).map((_, i) => {
          const [p1, p2] = [map(0, i), map(1, i)];
          const o = weighted(
            p1.map((w, j) => w - lambda * p2[j]!),
            matrix(v, b, g),
          );
          const size = Math.sqrt(sum(o.map((x) => x * x)) / o.length + eps);
          return o.map((x, e) => ((1 - l0) * x * element(weight, e)) / size);
        });
        return { y };
      }),
  }),
];
