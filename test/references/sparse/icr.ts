/** Column sums over the rows of a question and all layers and heads; then sums over documents without their outliers. */
import { element, list, matrix, sum, tensor, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { maps } from '../select.ts';

/** The last but one document is empty, and the one before has a single token. */
const LENGTHS = [5, 1, 0];

export const cases = [
  referenceCase({
    example: 'icr',
    fixed: { D: 6 },
    lengths: [1, 4, 9],
    sizes: (N) => ({ B: 2, L: 3, H: 4, G: 2, N, M: 3 * N + 2 }),
    // What follows the question is not looked at.
    params: { start: 1 },
    inputs: ({ sizes: { L, B, H, G, N, M, D }, normal }) => ({
      q: normal(L, B, H, N, D),
      k: normal(L, B, G, M, D),
    }),
    reference: ({ q, k }, { B, L, H, N, M }) => {
      const mapOf = (l: number, b: number, h: number): Matrix =>
        maps(matrix(q, l, b, h), matrix(k, l, b, h >> 1), (i, j) => j <= 1 + i).map(({ p }) => p);
      return {
        tok: tensor(
          list(B, (b) => b).map((b) => {
            const rows = list(L * H, (n) => n).flatMap((n) => mapOf(Math.floor(n / H), b, n % H));
            return list(M, (j) => sum(rows.map((p) => p[j]!)) / N);
          }),
        ),
      };
    },
  }),
  referenceCase({
    example: 'icr',
    kernel: 'icr_documents',
    fixed: {},
    lengths: [8, 20, 40],
    sizes: (M) => ({ B: 2, M, S: LENGTHS.length + 1 }),
    inputs: ({ sizes: { B, M, S }, values }) => ({
      // One of the tokens is far below the others.
      tok: values([B, M], ({ next }, n) => (n % M === M - 2 ? -9 : next())),
      tok_empty: values([B, M], ({ next }) => next()),
      first: values([B, S], (_, n) => [0, 5, 6, 6][n % S]!),
      length: values([B, S], (_, n) => LENGTHS[n % S] ?? M - 6),
    }),
    reference: ({ tok, tok_empty, first, length }, { B, S }) => ({
      relevance: tensor(
        list(B, (b) => b).map((b) =>
          list(S, (n) => {
            const own = list(element(length, b, n), (j) => element(first, b, n) + j).map(
              (j) => element(tok, b, j) - element(tok_empty, b, j),
            );
            const mean = sum(own) / own.length;
            const deviation = Math.sqrt(sum(own.map((x) => (x - mean) ** 2)) / (own.length - 1));
            // A single token has no deviation, and no comparison holds.
            return sum(own.filter((x) => x > mean - 2 * deviation));
          }),
        ),
      ),
    }),
  }),
];
