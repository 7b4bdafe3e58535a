/** Tokens by the weight that probed queries give them; those alone ask and are asked. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, softmax, tensor, vector, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, causal, exact, HALF, topK, topP } from '../select.ts';

const LAST = 3;

function takenOf(q: readonly Matrix[], k: readonly Matrix[], probes: readonly number[], share: number) {
  const N = k[0]!.length;
  const weight = list(N, () => 0);
  for (const [h, queries] of q.entries())
    for (const i of probes)
      softmax(k[h]!.slice(0, i + 1).map((key) => dot(queries[i]!, key) * key.length ** -0.5)).forEach(
        (p, j) => (weight[j]! += p),
      );
  const count = topP(weight, share).size;
  const seen = list(N, (j) => probes.filter((i) => i >= j).length);
  return topK(
    weight.map((w, j) => w / Math.max(1, seen[j]!)),
    count,
  );
}

const cased = (variant: string, share: number, value: (r: Random) => number, all = false) =>
  referenceCase({
    example: 'zipvl',
    variant,
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 2, H: 2, N, R: 2 * LAST }),
    params: { share },
    inputs: ({ sizes: { B, H, N, D, E, R }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
      // The last queries, and some others, which may be the same.
      probe: values([R], (r, n) => (n < LAST ? Math.max(0, N - 1 - n) : Math.floor(r.next() * N))),
    }),
    reference: ({ q, k, v, probe }, sizes) => {
      const heads = list(sizes.H, (h) => h);
      const taken = list(sizes.B, (b) => b).map((b) =>
        takenOf(
          heads.map((h) => matrix(q, b, h)),
          heads.map((h) => matrix(k, b, h)),
          vector(probe),
          share,
        ),
      );
      return {
        ...eachHead(sizes, (b, h) => {
          const [rows, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
          if (all) return { y: causal(rows, keys, values) };
          const keep = (i: number, j: number): boolean => j <= i && taken[b]!.has(i) && taken[b]!.has(j);
          return { y: rows.map((row, i) => attend(row, keys, values, (j) => keep(i, j))) };
        }),
        taken: tensor(taken.map((set) => list(sizes.N, (j) => (set.has(j) ? 1 : 0)))),
        asked: tensor(list(sizes.N, () => 1)),
      };
    },
  });

export const cases = [
  cased('some tokens', 0.6, exact),
  cased('one token', 1e-6, exact),
  cased('all tokens', 1, exact, true),
];
