/** Tokens that a policy lets through attend to each other. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, sigmoid, sum, tensor, vector, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, exact, few, HALF } from '../select.ts';

const cased = (variant: string, value: (r: Random) => number, alive: (j: number) => boolean) =>
  referenceCase({
    example: 'iared2',
    variant,
    fixed: { D: 8, E: 4, A: 2, P: 3, F: 5 },
    lengths: [1, 13, 40],
    tolerance: HALF,
    sizes: (N) => ({ B: 2, H: 2, N }),
    inputs: ({ sizes: { B, H, N, D, E, A, P, F }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, H, N, D], exact),
      v: values([B, H, N, E], exact),
      x: values([B, N, F], value),
      wq: values([A, P, F], value),
      wk: values([A, P, F], value),
      policy: values([F], value),
      alive: values([B, N], (_, n) => (alive(n % N) ? 1 : 0)),
    }),
    reference: (x, sizes) => {
      const { B, N, A } = sizes;
      const times = (w: Matrix, row: number[]): number[] => w.map((weights) => dot(weights, row));
      const kept = list(B, (b) => b).map((b) =>
        list(N, (j) => j).filter((j) => {
          const token = matrix(x.x, b)[j]!;
          const parts = list(A, (a) =>
            sigmoid(dot(times(matrix(x.wq, a), token), times(matrix(x.wk, a), vector(x.policy)))),
          );
          return j === 0 || (vector(x.alive, b)[j] === 1 && sum(parts) / A > 0.5);
        }),
      );
      return {
        ...eachHead(sizes, (b, h) => {
          const own = kept[b]!;
          const [q, k, v] = [matrix(x.q, b, h), matrix(x.k, b, h), matrix(x.v, b, h)];
          const set = new Set(own);
          return {
            y: q.map((_, n) =>
              n < own.length ? attend(q[own[n]!]!, k, v, (j) => set.has(j)) : v[0]!.map(() => 0),
            ),
          };
        }),
        list: tensor(kept.map((own) => list(N, (n) => own[n] ?? -1))),
        count: tensor(kept.map((own) => own.length)),
      };
    },
  });

export const cases = [
  cased('some tokens', exact, () => true),
  // Many scores are one half exactly, which is not enough.
  cased('ties', few, () => true),
  cased('a later stage', exact, (j) => j % 2 === 0),
  cased('class token alone', exact, () => false),
];
