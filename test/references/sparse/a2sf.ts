/** Column sums in which what a query gave is multiplied by alpha at each later one. */
import { eachHead, list, matrix, plus, tensor, vector, weighted, type Tensor } from '../arrays.ts';
import type { Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps, row } from '../select.ts';
import { oneMore } from './h2o.ts';

const prompt = (variant: string, alpha: number) =>
  referenceCase({
    example: 'a2sf',
    variant,
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 4, G: 2, N, M: N }),
    params: { alpha },
    inputs: ({ sizes: { B, H, G, N, M, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, G, M, D),
      v: normal(B, G, M, E),
    }),
    reference: ({ q, k, v }, sizes, params) => {
      const all = eachHead(sizes, (b, h) => {
        const map = maps(matrix(q, b, h), matrix(k, b, h >> 1), (i, j) => j <= i).map(({ p }) => p);
        // One query after the other, as at decoding.
        const hit = map.reduce<Vector>(
          (sums, p) => plus(p, sums, params.alpha),
          list(sizes.M, () => 0),
        );
        return { y: map.map((p) => weighted(p, matrix(v, b, h >> 1))), hit };
      });
      const of = (hit: Tensor, b: number, g: number): Vector =>
        plus(vector(hit, b, 2 * g), vector(hit, b, 2 * g + 1));
      return {
        ...all,
        hits: tensor(list(sizes.B, (b) => b).map((b) => [0, 1].map((g) => of(all.hit, b, g)))),
      };
    },
  });

export const cases = [
  prompt('forgetting', 0.9),
  prompt('nothing forgotten', 1),
  referenceCase({
    example: 'a2sf',
    kernel: 'a2sf_decode',
    fixed: { D: 6, E: 5 },
    lengths: [2, 7, 33],
    sizes: (M) => ({ B: 2, H: 4, G: 2, M }),
    params: { alpha: 0.75 },
    inputs: ({ sizes: { B, H, G, M, D, E }, normal }) => ({
      q: normal(B, H, D),
      k: normal(B, G, M, D),
      v: normal(B, G, M, E),
      before: normal(B, H, M - 1),
    }),
    reference: ({ q, k, v, before }, sizes) =>
      eachHead(sizes, (b, h) => {
        const p = row(vector(q, b, h), matrix(k, b, h >> 1));
        return {
          y: weighted(p, matrix(v, b, h >> 1)),
          hit: oneMore(p, vector(before, b, h), 0.75),
        };
      }),
  }),
];
