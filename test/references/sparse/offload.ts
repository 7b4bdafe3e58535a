/** New tokens beside what another device computed, and that device's part. */
import { eachHead, element, matrix, tensor, list, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF, maps } from '../select.ts';
import { part, together } from './decoding.ts';

export const cases = [
  referenceCase({
    example: 'offload',
    fixed: { D: 8, E: 4 },
    lengths: [1, 5, 33],
    tolerance: HALF,
    sizes: (N) => ({ B: 2, H: 4, G: 2, N, M: N + 2 }),
    inputs: ({ sizes: { B, H, G, N, M, D, E }, normal, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
      o_stored: normal(B, H, N, E),
      // Some of the queries had no stored key.
      lse_stored: values([B, H, N], ({ normal, next }) => (next() < 0.3 ? -Infinity : 2 * normal())),
    }),
    reference: ({ q, k, v, o_stored, lse_stored }, sizes) =>
      eachHead(sizes, (b, h) => {
        const rows = matrix(q, b, h).map((row, i) => {
          const last = i + sizes.M - sizes.N;
          const own = part(row, matrix(k, b, h >> 1), matrix(v, b, h >> 1), (j) => j <= last);
          return together([{ o: vector(o_stored, b, h, i), lse: element(lse_stored, b, h, i) }, own]);
        });
        return { y: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
      }),
  }),
  referenceCase({
    example: 'offload',
    kernel: 'offload_part',
    fixed: { D: 8, E: 4 },
    lengths: [1, 5, 33],
    sizes: (N) => ({ B: 3, H: 4, G: 2, N, M: N + 2 }),
    inputs: ({ sizes: { B, H, G, N, M, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
      // The last batch has none of its keys here.
      here: values([B, M], ({ pick }, n) => (n < 2 * M ? (n % M === 1 ? 1 : pick([0, 1])) : 0)),
    }),
    reference: ({ q, k, v, here }, sizes) => ({
      kept: tensor(list(sizes.B, (b) => Math.max(...vector(here, b)))),
      ...eachHead(sizes, (b, h) => {
        const rows = maps(matrix(q, b, h), matrix(k, b, h >> 1), (_, j) => element(here, b, j) === 1);
        const values = matrix(v, b, h >> 1);
        return {
          y: rows.map(({ p }) => list(sizes.E, (e) => p.reduce((a, x, j) => a + x * values[j]![e]!, 0))),
          lse: rows.map(({ lse }) => lse),
        };
      }),
    }),
  }),
];
