/** Maps that are changed after the softmax: mixed with the identity, with the map of another prompt, or column by column. */
import { dot, eachHead, element, list, matrix, scaled, softmax, table, vector, weighted } from '../arrays.ts';
import type { Matrix, Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { mean } from '../select.ts';

const map = (q: Matrix, k: Matrix): Matrix =>
  q.map((qi) =>
    softmax(
      scaled(
        k.map((kj) => dot(qi, kj)),
        qi.length ** -0.5,
      ),
    ),
  );

type Sizes = 'B' | 'H' | 'N' | 'M' | 'W' | 'D' | 'E';
const text = {
  fixed: { D: 6, E: 5 },
  lengths: [1, 7, 33],
  sizes: (N: number) => ({ B: 2, H: 3, N, M: 7, W: 4 }),
};
const qkv = ({ normal, sizes: { B, H, N, M, D, E } }: Draw<Sizes>) => ({
  q: normal(B, H, N, D),
  k: normal(B, H, M, D),
  v: normal(B, H, M, E),
});
const both = (draw: Draw<Sizes>) => {
  const { B, H, N, W, D } = draw.sizes;
  return { ...qkv(draw), q_base: draw.normal(B, H, N, D), k_base: draw.normal(B, H, W, D) };
};
/** Weights between 0 and 1, and both ends. */
const shares = ({ values, sizes: { M } }: Draw<Sizes>): Tensor =>
  values([M], (r, at) => (at < 2 ? at : r.next()));

/** The new map with the share alpha of another, aggregated. */
const mixed = (p: Matrix, other: Matrix, alpha: number[], v: Matrix): Matrix =>
  p.map((row, i) =>
    weighted(
      row.map((w, j) => alpha[j]! * other[i]![j]! + (1 - alpha[j]!) * w),
      v,
    ),
  );

export const cases = [
  referenceCase({
    ...text,
    example: 'ptp',
    kernel: 'ptp_replace',
    inputs: (draw: Draw<Sizes>) => ({
      ...both(draw),
      map: draw.values([draw.sizes.W, draw.sizes.M], (r) => r.next()),
      alpha: shares(draw),
    }),
    reference: ({ q, k, v, q_base, k_base, map: words, alpha }, sizes) =>
      eachHead(sizes, (b, h) => {
        const base = map(matrix(q_base, b, h), matrix(k_base, b, h));
        const other = base.map((row) => weighted(row, matrix(words)));
        const p = map(matrix(q, b, h), matrix(k, b, h));
        return { y: mixed(p, other, vector(alpha), matrix(v, b, h)) };
      }),
  }),
  referenceCase({
    ...text,
    example: 'ptp',
    kernel: 'ptp_refine',
    inputs: (draw: Draw<Sizes>) => ({
      ...both(draw),
      index: draw.values([draw.sizes.M], (r) => r.int(0, draw.sizes.W - 1)),
      alpha: shares(draw),
    }),
    reference: ({ q, k, v, q_base, k_base, index, alpha }, sizes) =>
      eachHead(sizes, (b, h) => {
        const base = map(matrix(q_base, b, h), matrix(k_base, b, h));
        const other = base.map((row) => vector(index).map((word) => row[word]!));
        const p = map(matrix(q, b, h), matrix(k, b, h));
        return { y: mixed(p, other, vector(alpha), matrix(v, b, h)) };
      }),
  }),
  referenceCase({
    ...text,
    example: 'ptp',
    kernel: 'ptp_reweight',
    inputs: (draw: Draw<Sizes>) => ({ ...qkv(draw), factor: draw.normal(draw.sizes.M) }),
    reference: ({ q, k, v, factor }, sizes) =>
      eachHead(sizes, (b, h) => {
        const values = matrix(v, b, h).map((row, j) => scaled(row, element(factor, j)));
        return { y: map(matrix(q, b, h), matrix(k, b, h)).map((p) => weighted(p, values)) };
      }),
  }),
  referenceCase({
    example: 'softpag',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N }),
    inputs: ({ normal, values, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      u: values([H], (_, h) => [0, 0.3, 1][h]!),
    }),
    reference: ({ q, k, v, u }, sizes) =>
      eachHead(sizes, (b, h) => {
        const p = map(matrix(q, b, h), matrix(k, b, h));
        const changed = table(sizes.N, sizes.N, (i, j) => {
          const share = element(u, h);
          return (1 - share) * p[i]![j]! + (i === j ? share : 0);
        });
        return { y: changed.map((row) => weighted(row, matrix(v, b, h))) };
      }),
  }),
  referenceCase({
    example: 'multi_value',
    fixed: { D: 6, E: 5 },
    lengths: [1, 7, 33],
    sizes: (N) => ({ B: 2, H: 3, N, M: N + 2, S: 4 }),
    inputs: ({ normal, sizes: { B, H, N, M, S, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, S, M, E),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const p = map(matrix(q, b, h), matrix(k, b, h));
        const each = list(sizes.S, Number).map((m) => p.map((row) => weighted(row, matrix(v, b, h, m))));
        return { y: p.map((_, i) => mean(each.map((rows) => rows[i]!))) };
      }),
  }),
  referenceCase({
    ...text,
    example: 'dense_modulation',
    params: { strength: 0.8, time: 900 },
    inputs: (draw: Draw<Sizes>) => {
      const { B, N, M } = draw.sizes;
      const area = draw.values([B, N], (r) => r.next());
      return { ...qkv(draw), region: draw.values([B, N, M], (r) => r.int(0, 1)), area };
    },
    reference: ({ q, k, v, region, area }, sizes, { strength, time }) =>
      eachHead(sizes, (b, h) => {
        const moved = matrix(q, b, h).map((qi, i) => {
          const s = matrix(k, b, h).map((kj) => dot(qi, kj) / Math.sqrt(sizes.D));
          const l = strength * (time / 1000) ** 5;
          const rest = 1 - element(area, b, i);
          return s.map((a, j) => {
            const R = element(region, b, i, j);
            return a + l * R * rest * (Math.max(...s) - a) - l * (1 - R) * rest * (a - Math.min(...s));
          });
        });
        return { y: moved.map((row) => weighted(softmax(row), matrix(v, b, h))) };
      }),
  }),
];
