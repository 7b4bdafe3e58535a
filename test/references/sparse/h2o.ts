/** Column sums of the map of a prompt, one step more, and what is kept by them. */
import {
  column,
  eachHead,
  element,
  list,
  matrix,
  plus,
  sum,
  vector,
  weighted,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import type { Random } from '../../../src/runtime/random.ts';
import { exact, few, maps, row, topK } from '../select.ts';

const SIZE = 8;

/** Sums of what a cache holds before the newest token, and the token's own weight. */
export const oneMore = (p: Vector, before: Vector, kept: number): Vector =>
  plus(p, [...before.map((x) => kept * x), 0]);

const evicted = (variant: string, recent: number, value: (r: Random) => number) =>
  referenceCase({
    example: 'h2o',
    kernel: 'h2o_evict',
    variant,
    consts: { size: SIZE },
    fixed: {},
    lengths: [1, 7, 8, 33, 70],
    sizes: (M) => ({ B: 2, H: 3, M }),
    params: { recent },
    inputs: ({ sizes: { B, H, M }, values }) => ({ hit: values([B, H, M], value) }),
    reference: ({ hit }, sizes) =>
      eachHead(sizes, (b, h) => {
        const sums = vector(hit, b, h);
        const newest = (j: number): boolean => j >= sums.length - recent;
        const heavy = topK(sums, SIZE - recent, (j) => !newest(j));
        const kept = list(sums.length, (j) => j).filter((j) => newest(j) || heavy.has(j));
        return {
          keep: sums.map((_, j) => (kept.includes(j) ? 1 : 0)),
          at: list(SIZE, (n) => kept[n] ?? -1),
          hit_kept: list(SIZE, (n) => (n < kept.length ? element(hit, b, h, kept[n]!) : 0)),
        };
      }),
  });

export const cases = [
  referenceCase({
    example: 'h2o',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 4 }),
    inputs: ({ sizes: { B, H, N, M, D, E }, normal }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const map = maps(matrix(q, b, h), matrix(k, b, h), (i, j) => j <= i).map(({ p }) => p);
        return {
          y: map.map((p) => weighted(p, matrix(v, b, h))),
          hit: list(sizes.M, (j) => sum(column(map, j))),
        };
      }),
  }),
  referenceCase({
    example: 'h2o',
    kernel: 'h2o_decode',
    fixed: { D: 6, E: 5 },
    lengths: [2, 7, 33],
    sizes: (M) => ({ B: 2, H: 3, M }),
    inputs: ({ sizes: { B, H, M, D, E }, normal }) => ({
      q: normal(B, H, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      before: normal(B, H, M - 1),
    }),
    reference: ({ q, k, v, before }, sizes) =>
      eachHead(sizes, (b, h) => {
        const p = row(vector(q, b, h), matrix(k, b, h));
        return { y: weighted(p, matrix(v, b, h)), hit: oneMore(p, vector(before, b, h), 1) };
      }),
  }),
  evicted('half of them recent', 4, exact),
  evicted('ties', 3, few),
  evicted('none recent', 0, few),
];
