/** Several sources of keys, keys with positions of their own, and regions that may be empty. */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  shaped,
  tensor,
  vector,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { attentionCase } from '../attention.ts';
import { referenceCase } from '../case.ts';
import { attend, HALF, masked } from '../select.ts';
import { turnedHalves } from './scores.ts';

/** Step by step: what the cache holds, each key turned by its place in it, and the query by the last place. */
function streamed(q: Matrix, k: Matrix, v: Matrix, sinks: number, width: number): Matrix {
  return q.map((row, i) => {
    const cache = list(i + 1, (j) => j).filter((j) => j < sinks || j > i - width);
    const query = turnedHalves(row, cache.length - 1, 100);
    const scores = cache.map(
      (j, place) => dot(query, turnedHalves(k[j]!, place, 100)) / Math.sqrt(row.length),
    );
    return weighted(
      masked(scores, () => true).p,
      cache.map((j) => v[j]!),
    );
  });
}

export const cases = [
  ...[
    { sinks: 2, width: 5 },
    { sinks: 0, width: 3 },
  ].map(({ sinks, width }) =>
    referenceCase({
      example: 'streaming',
      variant: `${sinks} sinks`,
      fixed: { D: 4, E: 5 },
      lengths: [1, 7, 33],
      params: { sinks, width, base: 100 },
      tolerance: HALF,
      inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
      }),
      reference: ({ q, k, v }, sizes) =>
        eachHead(sizes, (b, h) => ({
          y: streamed(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), sinks, width),
        })),
    }),
  ),
  referenceCase({
    example: 'longformer',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    params: { reach: 3 },
    tolerance: HALF,
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      qg: normal(B, H, N, D),
      kg: normal(B, H, N, D),
      vg: normal(B, H, N, E),
      marked: values([B, N], ({ int }) => +(int(0, 4) === 0)),
      valid: values([B, N], (_, flat) => +(flat % N < N - 2 * Math.floor(flat / N))),
    }),
    reference: ({ q, k, v, qg, kg, vg, marked, valid }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [m, ok] = [vector(marked, b), vector(valid, b)];
        return {
          y: list(sizes.N, (i) => i).map((i) =>
            m[i] === 1
              ? attend(matrix(qg, b, h)[i]!, matrix(kg, b, h), matrix(vg, b, h), (j) => ok[j] === 1)
              : attend(
                  matrix(q, b, h)[i]!,
                  matrix(k, b, h),
                  matrix(v, b, h),
                  (j) => ok[j] === 1 && (m[j] === 1 || Math.abs(i - j) <= 3),
                ),
          ),
        };
      }),
  }),
  referenceCase({
    example: 'consistent',
    fixed: { D: 4, E: 5 },
    lengths: [1, 4, 7],
    sizes: (N) => ({ B: 2, S: 4, H: 3, N }),
    tolerance: HALF,
    inputs: ({ normal, values, sizes: { B, S, H, N, D, E } }) => ({
      q: normal(B, S, H, N, D),
      k: normal(B, S, H, N, D),
      v: normal(B, S, H, N, E),
      identity: values([S], (_, m) => +(m < 2)),
      sampled: values([S, N], ({ int }) => int(0, 1)),
    }),
    reference: ({ q, k, v, identity, sampled }, { B, S, H, N, E }) => {
      const images = list(B * S * H, (flat) => flat).map((flat) => {
        const [b, n, h] = [Math.floor(flat / H / S), Math.floor(flat / H) % S, flat % H];
        const all = list(S, (m) => m).flatMap((m) => list(N, (j) => j).map((j) => ({ m, j })));
        const seen = all.filter(
          ({ m, j }) => m === n || (vector(identity)[m] === 1 && element(sampled, m, j) === 1),
        );
        const keys = seen.map(({ m, j }) => vector(k, b, m, h, j));
        const values = seen.map(({ m, j }) => vector(v, b, m, h, j));
        return matrix(q, b, n, h).map((row) => attend(row, keys, values, () => true));
      });
      return { y: shaped(tensor(images), B, S, H, N, E) };
    },
  }),
  referenceCase({
    example: 'kv_concat',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 20],
    sizes: (N) => ({ B: 2, F: 4, H: 3, N, R: N + 2 }),
    tolerance: HALF,
    inputs: ({ normal, sizes: { B, F, H, N, R, D, E } }) => ({
      q: normal(B, F, H, N, D),
      k: normal(B, F, H, N, D),
      v: normal(B, F, H, N, E),
      ref_k: normal(B, H, R, D),
      ref_v: normal(B, H, R, E),
    }),
    reference: ({ q, k, v, ref_k, ref_v }, { B, F, H, N, E }) => {
      const frames = list(B * F * H, (flat) => flat).map((flat) => {
        const [b, f, h] = [Math.floor(flat / H / F), Math.floor(flat / H) % F, flat % H];
        const keys = [...matrix(k, b, f, h), ...matrix(ref_k, b, h)];
        const values = [...matrix(v, b, f, h), ...matrix(ref_v, b, h)];
        return matrix(q, b, f, h).map((row) => attend(row, keys, values, () => true));
      });
      return { y: shaped(tensor(frames), B, F, H, N, E) };
    },
  }),
  attentionCase({
    example: 'mask2former',
    // Regions of some rows are empty: all logits are below 0.
    more: ({ values, sizes: { B, N, M } }) => ({
      region: values(
        [B!, N!, M!],
        ({ normal }, flat) => (Math.floor(flat / M!) % 3 === 1 ? -1 : 0) * 9 + normal(),
      ),
    }),
    keep: ({ b, i, j, at, row }) => at('region', b, i, j) >= 0 || row('region', b, i).every((x) => x < 0),
  }),
  referenceCase({
    example: 'ccam',
    fixed: { D: 4, E: 5 },
    lengths: [1, 5, 8, 20],
    sizes: (N) => ({ B: 2, H: 3, N, M: 18 }),
    params: { tokens: 3 },
    tolerance: HALF,
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, { B, H, N }) =>
      eachHead({ B, H }, (b, h) => ({
        y: matrix(q, h).map((row: Vector, i) =>
          attend(row, matrix(k, b, h), matrix(v, b, h), (j) => Math.floor(j / 3) * N < (i + 1) * 6),
        ),
      })),
  }),
];
