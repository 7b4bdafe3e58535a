/** A shared prefix and a suffix of each request, as one list of keys. */
import { eachHead, element, matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part } from './decoding.ts';

export const cases = [
  referenceCase({
    example: 'cascade',
    fixed: { D: 8, E: 4 },
    lengths: [2, 9, 33],
    tolerance: HALF,
    sizes: (M) => ({ B: 3, H: 2, N: 2, P: M + 3, M }),
    inputs: ({ sizes: { B, H, N, P, M, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      prefix_k: values([H, P, D], exact),
      prefix_v: values([H, P, E], exact),
      k: values([B, H, M, D], exact),
      v: values([B, H, M, E], exact),
      // The last request has no key of its own.
      length: values([B], (_, b) => [M, Math.ceil(M / 2), 0][b]!),
    }),
    reference: ({ q, prefix_k, prefix_v, k, v, length }, sizes) =>
      eachHead(sizes, (b, h) => {
        const keys = [...matrix(prefix_k, h), ...matrix(k, b, h)];
        const values = [...matrix(prefix_v, h), ...matrix(v, b, h)];
        const own = (i: number): number => element(length, b) - sizes.N + i + 1;
        return {
          y: matrix(q, b, h).map(
            (row, i) => part(row, keys, values, (j) => j < sizes.P + Math.max(0, own(i))).o,
          ),
        };
      }),
  }),
];
