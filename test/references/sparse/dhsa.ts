/** Blocks of queries take tokens by the scores of their chunks; heads share what is taken. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, scaled, tensor, vector, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, block, causal, exact, few, HALF, mean, topK } from '../select.ts';

const SIZE = 8;
const CHUNKS = [0, 3, 4, 11, 17, 30];

interface Params {
  readonly budget: number;
  readonly near: number;
  readonly dense: number;
}

/** Sum of rows over the root of their number: their mean times that root. */
const pooled = (rows: readonly number[][]): number[] => scaled(mean(rows), rows.length ** 0.5);

/** Which tokens each block of queries takes, from the means of all heads. */
function takenOf(q: readonly Matrix[], k: readonly Matrix[], starts: readonly number[], p: Params) {
  const N = q[0]!.length;
  const over = (heads: readonly Matrix[]): Matrix =>
    list(N, (i) => i).map((i) => mean(heads.map((m) => m[i]!)));
  const [queries, keys] = [over(q), over(k)];
  const chunk = keys.map((_, j) => starts.filter((s, c) => c > 0 && s <= j).length);
  return list(Math.ceil(N / SIZE), (r) => r).map((r) => {
    const query = pooled(block(queries, r, SIZE));
    const fits = starts.map((_, c) => {
      const rows = keys.filter((__, j) => chunk[j] === c);
      return rows.length === 0 ? 0 : dot(query, pooled(rows));
    });
    const last = Math.min((r + 1) * SIZE, N) - 1;
    return topK(
      chunk.map((c, j) => (j > last - p.near ? Infinity : fits[c]!)),
      p.budget,
      (j) => j <= last,
    );
  });
}

const cased = (variant: string, params: Params, value: (r: Random) => number, all = false) =>
  referenceCase({
    example: 'dhsa',
    variant,
    consts: { size: SIZE },
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N, C: CHUNKS.length }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
      starts: values([B, CHUNKS.length], (_, n) => CHUNKS[n % CHUNKS.length]!),
    }),
    reference: ({ q, k, v, starts }, sizes) => {
      const heads = list(sizes.H, (h) => h);
      const kept = list(sizes.B, (b) => b).map((b) => {
        const of = (x: typeof q): Matrix[] => heads.map((h) => matrix(x, b, h));
        const taken = takenOf(of(q), of(k), vector(starts, b), params);
        return list(sizes.N, (i) => i).map(
          (i) => (j: number) =>
            j <= i && (i >= sizes.N - params.dense || taken[Math.floor(i / SIZE)]!.has(j)),
        );
      });
      return {
        ...eachHead(sizes, (b, h) => {
          const [rows, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
          if (all) return { y: causal(rows, keys, values) };
          return { y: rows.map((row, i) => attend(row, keys, values, kept[b]![i]!)) };
        }),
        kept: tensor(kept.map((rows) => rows.map((keep) => (list(sizes.N, (j) => j).some(keep) ? 1 : 0)))),
      };
    },
  });

export const cases = [
  cased('inside of a chunk', { budget: 9, near: 3, dense: 4 }, exact),
  cased('newest only', { budget: 2, near: 5, dense: 0 }, exact),
  cased('ties', { budget: 11, near: 2, dense: 0 }, few),
  cased('all tokens', { budget: 1000, near: 2, dense: 0 }, exact, true),
];
