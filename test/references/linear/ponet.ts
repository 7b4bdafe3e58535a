/** One query pools a sequence; segments and neighbours give their maxima. Padded tokens count nowhere and stay 0. */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  plus,
  scaled,
  softmax,
  tensor,
  weighted,
  type Matrix,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { mean } from '../select.ts';
import { times } from './gates.ts';

const SEGMENTS = 4;
const greatest = (rows: Matrix) => list(rows[0]!.length, (d) => Math.max(...rows.map((row) => row[d]!)));

export const cases = [
  referenceCase({
    example: 'ponet',
    fixed: { D: 6 },
    sizes: (N) => ({ B: 3, H: 2, N }),
    lengths: [1, 7, 33],
    inputs: ({ normal, values, sizes: { B, H, N, D } }) => ({
      Q: normal(B, H, N, D),
      K: normal(B, H, N, D),
      S: normal(B, H, N, D),
      L: normal(B, H, N, D),
      O: normal(B, H, N, D),
      length: values([B], (_, b) => [N, Math.ceil(N / 2), 0][b]!),
    }),
    reference: ({ Q, K, S, L, O, length }, sizes) => ({
      ...eachHead(sizes, (b, h) => {
        const valid = element(length, b);
        const rows = (x: typeof Q) => matrix(x, b, h).slice(0, valid);
        const none = matrix(O, b, h).map((row) => row.map(() => 0));
        if (valid === 0) return { y: none };
        const keys = rows(K);
        const query = mean(rows(Q));
        const all = weighted(
          softmax(
            scaled(
              keys.map((k) => dot(query, k)),
              sizes.D ** -0.5,
            ),
          ),
          keys,
        );
        const size = Math.floor(sizes.N / SEGMENTS) + 1;
        const y = rows(O).map((o, t) => {
          const first = Math.floor(t / size) * size;
          const segment = greatest(rows(S).slice(first, first + size));
          const near = greatest(rows(L).slice(Math.max(0, t - 1), t + 2));
          return plus(times(plus(all, segment), o), near);
        });
        return { y: [...y, ...none.slice(valid)] };
      }),
      kept: tensor(list(sizes.B, (b) => Number(element(length, b) > 0))),
    }),
  }),
];
