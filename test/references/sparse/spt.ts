/** Keys by how many codes they share with the query. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, softmax, sum, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, HALF, topK } from '../select.ts';

function codesOf(x: Vector, books: readonly Matrix[]): number[] {
  const width = x.length / books.length;
  return books.map((entries, u) => {
    const distances = entries.map((e) => sum(e.map((c, n) => Math.abs(x[u * width + n]! - c))));
    return distances.indexOf(Math.min(...distances));
  });
}

function rowsOf(q: Matrix, k: Matrix, v: Matrix, books: readonly Matrix[], top: number): Matrix {
  const keys = k.map((row) => codesOf(row, books));
  return q.map((row, i) => {
    const codes = codesOf(row, books);
    const equal = keys.map((key) => key.filter((c, u) => c === codes[u]).length);
    const kept = [...topK(equal, top, (j) => j <= i)];
    const scores = kept.map((j) => dot(row, k[j]!) * row.length ** -0.5);
    return weighted(
      softmax(scores.map((s) => Math.min(10, Math.max(-10, s)))),
      kept.map((j) => v[j]!),
    );
  });
}

const cased = (variant: string, top: number, value: (r: Random) => number) =>
  referenceCase({
    example: 'spt',
    variant,
    fixed: { D: 8, E: 4, U: 4, A: 3 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { top },
    inputs: ({ sizes: { B, H, N, D, E, U, A }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
      codebook: values([U, A, D / U], value),
    }),
    reference: ({ q, k, v, codebook }, sizes) =>
      eachHead(sizes, (b, h) => {
        const books = list(sizes.U, (u) => u).map((u) => matrix(codebook, u));
        return {
          y: rowsOf(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), books, top),
          kept: list(sizes.N, () => 1),
        };
      }),
  });

export const cases = [
  cased('few keys', 4, exact),
  // Codes of equal distance, and scores beyond the limits.
  cased('ties', 5, few),
  cased('scores that are cut', 1000, (r) => 8 * exact(r)),
  cased('all keys', 1000, exact),
];
