/** Mixers whose weights depend on the distance alone: gated short and long convolutions. */
import {
  element,
  list,
  matrix,
  sum,
  table,
  tensor,
  vector,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';

/** Element t of a causal convolution of a series with a filter of the distance. */
export const convolved = (filter: Vector, x: Vector, t: number): number =>
  sum(filter.slice(0, t + 1).map((w, n) => w * x[t - n]!));

const along = (rows: Matrix, c: number): Vector => rows.map((row) => row[c]!);

export const cases = [
  referenceCase({
    example: 'baseconv',
    fixed: { C: 5 },
    sizes: (N) => ({ B: 2, N }),
    lengths: [1, 3, 65],
    inputs: ({ normal, sizes: { B, N, C } }) => ({
      x: normal(B, N, C),
      W: normal(C, C),
      bias: normal(C),
      w: normal(C, 4),
    }),
    reference: ({ x, W, bias, w }, { B, N, C }) => {
      const one = (rows: Matrix): Matrix =>
        table(N, C, (t, c) => {
          const projected = weighted(rows[t]!, matrix(W))[c]! + element(bias, c);
          return projected * convolved(vector(w, c), along(rows, c), t) + rows[t]![c]!;
        });
      return { y: tensor(list(B, Number).map((b) => one(matrix(x, b)))) };
    },
  }),
  referenceCase({
    example: 'hyena',
    fixed: { C: 5 },
    sizes: (N) => ({ B: 2, N }),
    lengths: [1, 7, 65],
    inputs: ({ normal, sizes: { B, N, C } }) => ({
      x0: normal(B, N, C),
      x1: normal(B, N, C),
      v: normal(B, N, C),
      filter: normal(C, N),
      bias: normal(C),
    }),
    reference: ({ x0, x1, v, filter, bias }, { B, N, C }) => {
      const one = (b: number): Matrix => {
        const w = table(N, C, (t, c) => element(x1, b, t, c) * element(v, b, t, c));
        return table(N, C, (t, c) => {
          const long = convolved(vector(filter, c), along(w, c), t) + element(bias, c) * w[t]![c]!;
          return element(x0, b, t, c) * long;
        });
      };
      return { y: tensor(list(B, Number).map((b) => one(b))) };
    },
  }),
];
