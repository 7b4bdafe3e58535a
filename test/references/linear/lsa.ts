/** Linear self-attention by matrices over channels: y_i = x_i + W_PV G W_KQ x_i / rho with G the sum of x_j x_j^T. */
import { column, dot, list, matrix, plus, table, tensor, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';

const product = (x: Matrix, y: Matrix): Matrix =>
  table(x.length, y[0]!.length, (r, c) => dot(x[r]!, column(y, c)));

export function lsa(x: Matrix, pv: Matrix, kq: Matrix, keys: number, rho: number): Matrix {
  const width = x[0]!.length;
  const gram = table(width, width, (r, c) => dot(column(x.slice(0, keys), r), column(x.slice(0, keys), c)));
  const map = product(product(pv, gram), kq);
  return x.map((row) =>
    plus(
      row,
      list(width, (c) => dot(map[c]!, row) / rho),
    ),
  );
}

export const cases = [true, false].map((all) =>
  referenceCase({
    example: 'lsa',
    variant: all ? 'all tokens are keys' : 'the question is no key',
    consts: { all_keys: +all },
    fixed: { C: 5 },
    sizes: (N) => ({ B: 2, N }),
    inputs: ({ normal, sizes: { B, N, C } }) => ({
      x: normal(B, N, C),
      w_pv: normal(C, C),
      w_kq: normal(C, C),
    }),
    reference: ({ x, w_pv, w_kq }, { B, N }) => {
      const keys = all ? N : N - 1;
      const rho = Math.max(N - 1, 1);
      const one = (b: number): Matrix => lsa(matrix(x, b), matrix(w_pv), matrix(w_kq), keys, rho);
      return { y: tensor(Array.from({ length: B }, (_, b) => one(b))) };
    },
  }),
);
