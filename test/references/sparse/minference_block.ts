/** Blocks of queries with the blocks of keys whose means suit theirs best. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, type Matrix, type Nested } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, block, causal, exact, few, HALF, mean, topK } from '../select.ts';

const SIZE = 8;

function rowsOf(q: Matrix, k: Matrix, v: Matrix, top: number): Matrix {
  const blocks = Math.ceil(k.length / SIZE);
  const means = (x: Matrix): Matrix => Array.from({ length: blocks }, (_, n) => mean(block(x, n, SIZE)));
  const [rows, keys] = [means(q), means(k)];
  const chosen = rows.map((row, r) =>
    topK(
      keys.map((key) => dot(row, key)),
      top,
      (c) => c <= r,
    ),
  );
  return q.map((qi, i) =>
    attend(qi, k, v, (j) => j <= i && chosen[Math.floor(i / SIZE)]!.has(Math.floor(j / SIZE))),
  );
}

const cased = (
  variant: string,
  top: number,
  value: (r: Random) => number,
  rows: (q: Matrix, k: Matrix, v: Matrix) => Matrix = (q, k, v) => rowsOf(q, k, v, top),
) =>
  referenceCase({
    example: 'minference_block',
    variant,
    consts: { size: SIZE },
    fixed: { D: 8, E: 4 },
    // The last block of another length has means that are no exact numbers, but it is the last choice of one row only.
    lengths: [1, 8, 64, 65, 200],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { top },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead<'y' | 'kept'>(sizes, (b, h) => {
        const kept: Nested = list(sizes.N, () => (top > 0 ? 1 : 0));
        return { y: rows(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)), kept };
      }),
  });

export const cases = [
  cased('three blocks', 3, exact),
  cased('ties', 2, few),
  cased('no block', 0, exact),
  cased('all blocks', 1000, exact, causal),
];
