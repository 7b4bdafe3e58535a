/** Causal mixing with parts of attention taken away: its exponential, its pairs, its inputs, its scores. */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  scaled,
  silu,
  sum,
  table,
  vector,
  weighted,
} from '../arrays.ts';
import type { Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { causal, mean } from '../select.ts';

const lengths = [1, 7, 33];
const usual = { fixed: { D: 6, E: 5 }, lengths };

/** Values so far with positive weights, divided by the sum of these. */
function shares(v: Matrix, weight: (i: number, j: number) => number): Matrix {
  return v.map((_, i) => {
    const weights = list(i + 1, (j) => weight(i, j));
    return weighted(scaled(weights, 1 / sum(weights)), v);
  });
}

const dense = ['taylor2', 'nonapprox'].map((example) =>
  referenceCase({
    ...usual,
    example,
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [qs, ks] = [matrix(q, b, h), matrix(k, b, h)];
        const own = qs.map((row, j) => dot(row.map(silu), ks[j]!) / Math.sqrt(sizes.D));
        const weight = (i: number, j: number): number => {
          if (example === 'nonapprox') return Math.exp(own[j]!);
          const s = dot(qs[i]!, ks[j]!) / Math.sqrt(sizes.D);
          return 1 + s + s ** 2 / 2;
        };
        return { y: shares(matrix(v, b, h), weight) };
      }),
  }),
);

export const cases = [
  ...dense,
  referenceCase({
    ...usual,
    example: 'position_only',
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(H, N, D),
      k: normal(H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({ y: causal(matrix(q, h), matrix(k, h), matrix(v, b, h)) })),
  }),
  referenceCase({
    ...usual,
    example: 'static_qk',
    sizes: (N) => ({ B: 2, H: 3, N, V: 9 }),
    inputs: ({ normal, values, sizes: { B, H, N, V, D, E } }) => ({
      queries: normal(H, V, D),
      keys: normal(H, V, D),
      token: values([B, N], (r) => r.int(0, V - 1)),
      v: normal(B, H, N, E),
    }),
    reference: ({ queries, keys, token, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const words = vector(token, b);
        const rows = (x: typeof keys) => words.map((word) => vector(x, h, word));
        return { y: causal(rows(queries), rows(keys), matrix(v, b, h)) };
      }),
  }),
  referenceCase({
    example: 'uniform',
    fixed: { E: 5 },
    lengths,
    inputs: ({ normal, sizes: { B, H, N, E } }) => ({ v: normal(B, H, N, E) }),
    reference: ({ v }, sizes) =>
      eachHead(sizes, (b, h) => ({
        y: matrix(v, b, h).map((_, i, rows) => mean(rows.slice(0, i + 1))),
      })),
  }),
  referenceCase({
    example: 'echoatt',
    fixed: { E: 5 },
    lengths,
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 2 }),
    inputs: ({ normal, values, sizes: { B, H, N, M, E } }) => ({
      p: values([B, H, N, M], (r) => r.next()),
      v: normal(B, H, M, E),
    }),
    reference: ({ p, v }, { B, H, N, M, E }) =>
      eachHead({ B, H }, (b, h) => ({
        y: table(N, E, (i, e) => sum(list(M, (j) => element(p, b, h, i, j) * element(v, b, h, j, e)))),
      })),
  }),
];
