/** Keys in pages: each logical key is looked up by itself. */
import { eachHead, element, list, vector, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, HALF } from '../select.ts';
import { part } from './decoding.ts';

const PAGE = 4;

const logical = (pages: Tensor, table: Tensor, b: number, g: number, count: number): Matrix =>
  list(count, (j) => j).map((j) => vector(pages, element(table, b, Math.floor(j / PAGE)), j % PAGE, g));

/** The last request has no key. */
const lengths = (longest: number, B: number, least: number) =>
  list(B, (b) => [longest, Math.ceil(longest / 2), least][b]!);

export const cases = [
  referenceCase({
    example: 'paged',
    consts: { P: PAGE },
    fixed: { D: 8, E: 4 },
    lengths: [2, 7, 20],
    tolerance: HALF,
    sizes: (T) => ({ B: 3, H: 4, G: 2, N: 2, T, pages: 3 * T + 2 }),
    inputs: ({ sizes: { B, H, G, N, T, pages, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      keys: values([pages, PAGE, G, D], exact),
      values: values([pages, PAGE, G, E], exact),
      // Pages of all requests in another order than theirs.
      table: values([B, T], (_, n) => (n * 5 + 3) % pages),
      // The first query of the last request sees nothing.
      length: values([B], (_, b) => lengths(PAGE * T - 1, B, 1)[b]!),
    }),
    reference: ({ q, keys, values, table, length }, sizes) =>
      eachHead(sizes, (b, h) => {
        const n = element(length, b);
        const [k, v] = [logical(keys, table, b, h >> 1, n), logical(values, table, b, h >> 1, n)];
        return {
          y: list(sizes.N, (i) => i).map(
            (i) => part(vector(q, b, h, i), k, v, (j) => j < n - sizes.N + i + 1).o,
          ),
        };
      }),
  }),
  referenceCase({
    example: 'paged_decode',
    consts: { P: PAGE },
    fixed: { D: 8, E: 4, R: 2 },
    lengths: [1, 7, 20],
    tolerance: HALF,
    sizes: (T) => ({ B: 3, G: 2, T, pages: 3 * T + 2 }),
    inputs: ({ sizes: { B, G, R, T, pages, D, E }, values }) => ({
      q: values([B, G, R, D], exact),
      keys: values([pages, PAGE, G, D], exact),
      values: values([pages, PAGE, G, E], exact),
      table: values([B, T], (_, n) => (n * 5 + 3) % pages),
      length: values([B], (_, b) => lengths(PAGE * T - 1, B, 0)[b]!),
    }),
    reference: ({ q, keys, values, table, length }, { B, G, R, T, E }) =>
      eachHead({ B, H: G }, (b, g) => {
        const n = element(length, b);
        const [k, v] = [logical(keys, table, b, g, PAGE * T), logical(values, table, b, g, PAGE * T)];
        const rows = list(R, (r) => r).map((r) => part(vector(q, b, g, r), k, v, (j) => j < n));
        if (rows.some(({ o }) => o.length !== E)) throw new Error('values are missing');
        return { y: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
      }),
  }),
];
