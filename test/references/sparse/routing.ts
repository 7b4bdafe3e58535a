/** Clusters take the queries and keys that their centroids suit best; a query's results are averaged over its clusters. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, plus, scaled, softmax, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, HALF, topK } from '../select.ts';

const unit = (rows: Matrix): Matrix => rows.map((x) => scaled(x, 1 / Math.sqrt(dot(x, x) + 1e-24)));

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly centroid: Matrix;
  /** Of each cluster. */
  readonly memoryK: readonly Matrix[];
  readonly memoryV: readonly Matrix[];
}

/** The tokens that a cluster takes. */
const tokensOf = (rows: Matrix, mu: readonly number[], width: number): readonly number[] => [
  ...topK(
    unit(rows).map((x) => dot(x, mu)),
    width,
  ),
];

/** Whether the queries of each cluster, in its places, find a key that is not after them. */
const seenOf = (q: Matrix, k: Matrix, centroid: Matrix, width: number): Matrix =>
  centroid.map((mu) => {
    const [queries, keys] = [tokensOf(q, mu, width), tokensOf(k, mu, width)];
    return list(width, (r) => (r < queries.length && keys.some((j) => j <= queries[r]!) ? 1 : 0));
  });

function rowsOf({ q, k, v, centroid, memoryK, memoryV }: Head, width: number): Matrix {
  const totals = q.map(() => v[0]!.map(() => 0));
  const clusters = q.map(() => 0);
  centroid.forEach((mu, c) => {
    const keys = tokensOf(k, mu, width);
    for (const i of tokensOf(q, mu, width)) {
      const seen = keys.filter((j) => j <= i);
      const rows = [...memoryK[c]!, ...seen.map((j) => k[j]!)];
      const values = [...memoryV[c]!, ...seen.map((j) => v[j]!)];
      clusters[i]!++;
      if (rows.length === 0) continue;
      const p = softmax(rows.map((row) => dot(q[i]!, row) * row.length ** -0.5));
      totals[i] = plus(totals[i]!, weighted(p, values));
    }
  });
  return totals.map((total, i) => scaled(total, 1 / Math.max(1, clusters[i]!)));
}

const cased = (
  variant: string,
  width: number,
  { C, S }: { readonly C: number; readonly S: number },
  value: (r: Random) => number,
  rows: (head: Head) => Matrix = (head) => rowsOf(head, width),
) =>
  referenceCase({
    example: 'routing',
    variant,
    consts: { width },
    fixed: { D: 8, E: 4 },
    lengths: [1, 12, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N, C, S }),
    inputs: ({ sizes: { B, H, N, C, S, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
      centroid: values([H, C, D], value),
      memory_k: values([H, C, S, D], exact),
      memory_v: values([H, C, S, E], exact),
    }),
    reference: ({ q, k, v, centroid, memory_k, memory_v }, sizes) =>
      eachHead(sizes, (b, h) => ({
        seen: seenOf(matrix(q, b, h), matrix(k, b, h), matrix(centroid, h), width),
        y: rows({
          q: matrix(q, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          centroid: matrix(centroid, h),
          memoryK: Array.from({ length: sizes.C }, (_, c) => matrix(memory_k, h, c)),
          memoryV: Array.from({ length: sizes.C }, (_, c) => matrix(memory_v, h, c)),
        }),
      })),
  });

export const cases = [
  cased('three clusters', 5, { C: 3, S: 2 }, exact),
  cased('ties', 4, { C: 3, S: 1 }, few),
  cased('narrow clusters', 1, { C: 2, S: 1 }, exact),
  // Every cluster takes all tokens: the mean of equal results of attention to memories and all of the past.
  cased('all tokens', 65, { C: 2, S: 1 }, exact, (head) => {
    const each = list(2, (c) => c).map((c) =>
      head.q.map((q, i) => {
        const rows = [...head.memoryK[c]!, ...head.k.slice(0, i + 1)];
        const p = softmax(rows.map((row) => dot(q, row) * row.length ** -0.5));
        return weighted(p, [...head.memoryV[c]!, ...head.v.slice(0, i + 1)]);
      }),
    );
    return each[0]!.map((row, i) => scaled(plus(row, each[1]![i]!), 0.5));
  }),
];
