/** Columns and diagonals by the map of the last queries. */
import { dot, eachHead, list, matrix, softmax, sum, tensor, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, causal, exact, HALF, topK } from '../select.ts';

const LAST = 8;

interface Params {
  readonly columns: number;
  readonly diagonals: number;
  readonly first: number;
  readonly near: number;
}

function rowsOf(q: Matrix, k: Matrix, v: Matrix, { columns, diagonals, first, near }: Params): Matrix {
  const N = q.length;
  const rows = list(LAST, (r) => N - LAST + r).filter((row) => row >= 0);
  const map = rows.map((i) => softmax(k.slice(0, i + 1).map((key) => dot(q[i]!, key) * key.length ** -0.5)));
  const vertical = list(N, (j) => sum(map.map((row) => row[j] ?? 0)));
  const slash = list(N, (t) => sum(map.map((row, r) => row[rows[r]! - t] ?? 0)));
  const column = topK(
    vertical.map((x, j) => (j < first ? Infinity : x)),
    columns,
  );
  const diagonal = topK(
    slash.map((x, t) => (t < near ? Infinity : x)),
    diagonals,
  );
  return q.map((qi, i) =>
    attend(qi, k, v, (j) => j <= i && (i === j || column.has(j) || diagonal.has(i - j))),
  );
}

const cased = (
  variant: string,
  params: Params,
  rows: (q: Matrix, k: Matrix, v: Matrix) => Matrix = (q, k, v) => rowsOf(q, k, v, params),
) =>
  referenceCase({
    example: 'minference_vs',
    variant,
    consts: { last: LAST },
    fixed: { D: 8, E: 4 },
    lengths: [3, 8, 65, 120],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, H, N, D], exact),
      v: values([B, H, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) => ({
      ...eachHead(sizes, (b, h) => ({ y: rows(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)) })),
      looked: tensor(list(LAST, (r) => (sizes.N - LAST + r >= 0 ? 1 : 0))),
    }),
  });

export const cases = [
  cased('few of both', { columns: 7, diagonals: 6, first: 2, near: 3 }),
  cased('all columns', { columns: 1000, diagonals: 1, first: 1, near: 1 }, causal),
];
