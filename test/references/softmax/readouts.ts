/** What is read from a causal map of weights: the map, its best key, and how spread each row is. */
import { eachHead, list, matrix, sum, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

const rows = (q: Matrix, k: Matrix): { s: Vector; p: Vector }[] => maps(q, k, (i, j) => j <= i);
const text = {
  fixed: { D: 6, E: 5 },
  lengths: [1, 7, 33],
  sizes: (M: number) => ({ B: 2, H: 3, N: M + 4, M }),
} as const;

export const cases = [
  referenceCase({
    ...text,
    example: 'attention_map',
    fixed: { D: 6 },
    inputs: ({ sizes: { B, H, N, M, D }, normal }) => ({ q: normal(B, H, N, D), k: normal(B, H, M, D) }),
    reference: ({ q, k }, sizes) =>
      eachHead(sizes, (b, h) => ({ p: rows(matrix(q, b, h), matrix(k, b, h)).map(({ p }) => p) })),
  }),
  referenceCase({
    ...text,
    example: 'entropy',
    inputs: ({ sizes: { B, H, N, M, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const map = rows(matrix(q, b, h), matrix(k, b, h)).map(({ p }) => p);
        return {
          y: map.map((p) => weighted(p, matrix(v, b, h))),
          spread: map.map((p) => -sum(p.map((x) => (x > 0 ? x * Math.log(x) : 0)))),
          highest: map.map((p) => Math.max(...p)),
        };
      }),
  }),
  referenceCase({
    ...text,
    example: 'argmax',
    inputs: ({ sizes: { B, H, N, M, D, E }, values, normal }) => ({
      // Few different numbers: of equal keys the first counts.
      q: values([B, H, N, D], ({ pick }) => pick([-1, 0, 1])),
      k: values([B, H, M, D], ({ pick }) => pick([-1, 0, 1])),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const best = rows(matrix(q, b, h), matrix(k, b, h)).map(({ s }, i) => {
          const seen = s.slice(0, i + 1);
          return list(seen.length, (j) => j).find((j) => seen[j] === Math.max(...seen))!;
        });
        return { best, y: best.map((j) => matrix(v, b, h)[j]!) };
      }),
  }),
];
