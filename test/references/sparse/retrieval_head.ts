/** At each step of decoding the key with the greatest weight, and whether it is the needle's token that is copied. */
import { eachHead, element, matrix, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, maps } from '../select.ts';

export const cases = [
  referenceCase({
    example: 'retrieval_head',
    fixed: { D: 8 },
    lengths: [1, 7, 20],
    sizes: (N) => ({ B: 2, H: 4, G: 2, N, M: N + 9 }),
    inputs: ({ sizes: { B, H, G, N, M, D }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, G, M, D], exact),
      // Two kinds of tokens, so that about half of the copies are right.
      token: values([B, M], ({ pick }) => pick([3, 8])),
      generated: values([B, N], ({ pick }) => pick([3, 8])),
      first: values([B], (_, b) => 1 + b),
      length: values([B], (_, b) => 6 - b),
    }),
    reference: ({ q, k, token, generated, first, length }, sizes) =>
      eachHead(sizes, (b, h) => {
        const rows = maps(matrix(q, b, h), matrix(k, b, h >> 1), (t, j) => j <= t + sizes.M - sizes.N);
        const best = rows.map(({ p }) => p.indexOf(Math.max(...p)));
        const [from, count] = [element(first, b), element(length, b)];
        const copied = (j: number, t: number): boolean =>
          j >= from && j < from + count && vector(token, b)[j] === element(generated, b, t);
        return {
          best,
          probability: rows.map(({ p }) => Math.max(...p)),
          rate: best.filter(copied).length / count,
        };
      }),
  }),
];
