/** Shares of the keys give what all of them give at once. */
import { eachHead, element, list, matrix, tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part } from './decoding.ts';

export const cases = [
  referenceCase({
    example: 'splitk',
    fixed: { D: 8, E: 4, R: 3 },
    lengths: [1, 7, 65],
    tolerance: HALF,
    sizes: (M) => ({ B: 2, G: 2, S: 4, M }),
    inputs: ({ sizes: { B, G, R, S, M, D, E }, values }) => ({
      q: values([B, G, R, D], exact),
      k: values([B, G, M, D], exact),
      v: values([B, G, M, E], exact),
      // The second share is empty; the last sequence ends early.
      starts: values([B, S + 1], (_, n) => {
        const s = n % (S + 1);
        const end = n > S ? M - Math.floor(M / 5) : M;
        return [0, Math.floor(end / 3), Math.floor(end / 3), Math.floor((2 * end) / 3), end][s]!;
      }),
    }),
    reference: ({ q, k, v, starts }, { B, G, R, S, M }) => {
      const all = eachHead({ B, H: G }, (b, g) => {
        const [keys, values] = [matrix(k, b, g), matrix(v, b, g)];
        const end = element(starts, b, S);
        const rows = matrix(q, b, g).map((row) => ({
          ...part(row, keys, values, (j) => j < end),
          shares: list(S, (s) => {
            const inside = (j: number): boolean =>
              element(starts, b, s) <= j && j < element(starts, b, s + 1);
            return part(row, keys, values, inside).lse;
          }),
        }));
        return { y: rows.map((r) => r.o), lse: rows.map((r) => r.lse), lse_s: rows.map((r) => r.shares) };
      });
      if (all.lse.data.length !== B * G * R || M < 1) throw new Error('rows are missing');
      return all;
    },
  }),
  referenceCase({
    example: 'lean',
    consts: { tile: 4, W: 5 },
    fixed: { D: 8, E: 4 },
    lengths: [1, 7, 65],
    tolerance: HALF,
    sizes: (M) => ({ B: 3, H: 2, M }),
    inputs: ({ sizes: { B, H, M, D, E }, values }) => ({
      q: values([B, H, D], exact),
      k: values([B, H, M, D], exact),
      v: values([B, H, M, E], exact),
      length: values([B], (_, b) => [M, 0, Math.ceil(M / 3)][b]!),
    }),
    reference: ({ q, k, v, length }, sizes) => {
      const tiles =
        list(sizes.B, (b) => Math.ceil(element(length, b) / 4)).reduce((a, n) => a + n, 0) * sizes.H;
      return {
        ...eachHead(sizes, (b, h) => {
          const row = list(sizes.D, (d) => element(q, b, h, d));
          const { o, lse } = part(row, matrix(k, b, h), matrix(v, b, h), (j) => j < element(length, b));
          return { y: o, lse };
        }),
        share: tensor(list(5, (w) => Math.floor(((w + 1) * tiles) / 5) - Math.floor((w * tiles) / 5))),
      };
    },
  }),
];
