/** Nearest rows of a table, with values that depend on both rows. */
import type { Random } from '../../../src/runtime/random.ts';
import {
  dot,
  list,
  matrix,
  plus,
  softmax,
  sum,
  tensor,
  vector,
  weighted,
  type Matrix,
  type Tensor,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, topK } from '../select.ts';

const cased = (variant: string, most: number, value: (r: Random) => number, isOwn: boolean) =>
  referenceCase({
    example: 'tabr',
    variant,
    consts: { most },
    absent: isOwn ? [] : ['own'],
    fixed: { D: 6, E: 4, U: 5, L: 3 },
    lengths: [1, 9, 33],
    sizes: (N) => ({ B: 2, N, M: N + 3 }),
    inputs: ({
      sizes: { B, N, M, D, E, U, L },
      values,
    }): Readonly<Record<'q' | 'k' | 'label' | 'w' | 'w1' | 'b1' | 'w2', Tensor>> => ({
      q: values([B, N, D], value),
      k: values([B, M, D], value),
      label: values([B, M, L], exact),
      w: values([E, L], exact),
      w1: values([U, D], exact),
      b1: values([U], exact),
      w2: values([E, U], exact),
      ...(isOwn ? { own: values([B, N], (_, n) => n % N) } : {}),
    }),
    reference: (x, { B, N }) => {
      const times = (w: Matrix, row: readonly number[]): number[] => w.map((weights) => dot(weights, row));
      const each = list(B, (b) => b).map((b) => {
        const [k, labels] = [matrix(x.k, b), matrix(x.label, b)];
        return matrix(x.q, b).map((q, i) => {
          const scores = k.map((key) => -sum(key.map((c, d) => (q[d]! - c) ** 2)));
          const near = [...topK(scores, most, (j) => !isOwn || j !== i)];
          const values = near.map((j) => {
            const hidden = plus(times(matrix(x.w1), plus(q, k[j]!, -1)), vector(x.b1));
            const moved = times(
              matrix(x.w2),
              hidden.map((u) => Math.max(u, 0)),
            );
            return plus(times(matrix(x.w), labels[j]!), moved);
          });
          return weighted(softmax(near.map((j) => scores[j]!)), values);
        });
      });
      return { y: tensor(each), kept: tensor(each.map(() => list(N, () => 1))) };
    },
  });

export const cases = [
  cased('five neighbours', 5, exact, false),
  cased('without itself', 5, exact, true),
  cased('ties', 3, few, false),
  cased('all rows', 64, exact, true),
];
