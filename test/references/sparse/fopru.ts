/** Tokens and rows of patches by what all queries of all heads give them. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, list, matrix, softmax, sum, tensor, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF, topK } from '../select.ts';

function significance(q: readonly Matrix[], k: readonly Matrix[]): number[] {
  const out = k[0]!.map(() => 0);
  for (const [h, rows] of q.entries())
    for (const row of rows)
      softmax(k[h]!.map((key) => dot(row, key) * row.length ** -0.5)).forEach(
        (p, j) => (out[j]! += p / q.length),
      );
  return out;
}

/** Rows of what is taken, zeros behind them, and the list with -1 behind. */
function gathered(x: Matrix, taken: readonly number[]): { z: Matrix; places: number[] } {
  return {
    z: x.map((row, n) => (n < taken.length ? x[taken[n]!]! : row.map(() => 0))),
    places: x.map((_, n) => taken[n] ?? -1),
  };
}

const tokens = (variant: string, top: number, value: (r: Random) => number) =>
  referenceCase({
    example: 'fopru',
    variant,
    fixed: { D: 8, F: 5 },
    lengths: [1, 13, 40],
    tolerance: HALF,
    sizes: (N) => ({ B: 2, H: 2, N }),
    params: { top },
    inputs: ({ sizes: { B, H, N, D, F }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      x: values([B, N, F], exact),
    }),
    reference: ({ q, k, x }, { B, H }) => {
      const each = list(B, (b) => b).map((b) => {
        const heads = (t: typeof q): Matrix[] => list(H, (h) => h).map((h) => matrix(t, b, h));
        const matters = significance(heads(q), heads(k));
        return { matters, ...gathered(matrix(x, b), [...topK(matters, top)]) };
      });
      return {
        z: tensor(each.map((e) => e.z)),
        list: tensor(each.map((e) => e.places)),
        significance: tensor(each.map((e) => e.matters)),
      };
    },
  });

const rows = (variant: string, top: number) =>
  referenceCase({
    example: 'fopru',
    kernel: 'fopru_rows',
    variant,
    fixed: { D: 8, F: 5 },
    lengths: [1, 4, 9],
    tolerance: HALF,
    sizes: (Y) => ({ B: 2, H: 2, Y, X: 4 }),
    params: { top },
    inputs: ({ sizes: { B, H, Y, X, D, F }, values }) => ({
      q: values([B, H, Y * X, D], exact),
      k: values([B, H, Y * X, D], exact),
      tokens: values([B, Y, X, F], exact),
    }),
    reference: ({ q, k, tokens: x }, { B, H, Y, X }) => {
      const each = list(B, (b) => b).map((b) => {
        const heads = (t: typeof q): Matrix[] => list(H, (h) => h).map((h) => matrix(t, b, h));
        const matters = significance(heads(q), heads(k));
        const best = topK(
          list(Y, (y) => sum(matters.slice(y * X, (y + 1) * X))),
          top,
        );
        const all = list(Y, (y) => y).flatMap((y) => matrix(x, b, y));
        const taken = list(Y * X, (j) => j).filter((j) => best.has(Math.floor(j / X)));
        return gathered(all, taken);
      });
      return { z: tensor(each.map((e) => e.z)), list: tensor(each.map((e) => e.places)) };
    },
  });

export const cases = [
  tokens('some tokens', 5, exact),
  // Equal rows of weights: the first tokens are taken.
  tokens('ties', 4, () => 0),
  tokens('all tokens', 1000, exact),
  rows('some rows', 3),
  rows('all rows', 1000),
];
