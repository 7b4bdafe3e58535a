/** Keys whose score with the mean query of a block comes near to the mean of what its rows find nearby. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, matrix, sum, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, block, causal, exact, few, HALF, mean } from '../select.ts';

const [SIZE, STEP] = [4, 3];
const GROUP = SIZE * STEP;

function rowsOf(q: Matrix, k: Matrix, v: Matrix, near: number): Matrix {
  const product = (a: readonly number[], b: readonly number[]): number => dot(a, b) * a.length ** -0.5;
  const start = (i: number): number => Math.floor(i / GROUP) * GROUP;
  const anchored = (i: number, j: number): boolean => j <= i && (j < SIZE || j >= start(i));
  const levels = q.map((row, i) =>
    Math.max(...k.flatMap((key, j) => (anchored(i, j) ? [product(row, key)] : []))),
  );
  const blocks = Array.from({ length: Math.ceil(q.length / SIZE) }, (_, r) => {
    const own = block(levels, r, SIZE);
    return { query: mean(block(q, r, SIZE)), level: sum(own) / own.length };
  });
  return q.map((row, i) => {
    const g = Math.floor(i / GROUP);
    const group = blocks.slice(g * STEP, (g + 1) * STEP);
    const stripe = (j: number): boolean =>
      group.some(({ query, level }) => level - product(query, k[j]!) <= near);
    return attend(row, k, v, (j) => anchored(i, j) || (j < start(i) && stripe(j)));
  });
}

const cased = (
  variant: string,
  near: number,
  value: (r: Random) => number,
  rows: (q: Matrix, k: Matrix, v: Matrix) => Matrix = (q, k, v) => rowsOf(q, k, v, near),
) =>
  referenceCase({
    example: 'anchor',
    variant,
    consts: { size: SIZE, step: STEP },
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { near },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({ y: rows(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)) })),
  });

export const cases = [
  cased('some stripes', 0.8, exact),
  cased('equal scores', 1.5, few),
  // No stripe comes near enough: a window from the group's start, and the first block.
  cased('no stripes', -1e9, exact, (q, k, v) =>
    q.map((row, i) => attend(row, k, v, (j) => j <= i && (j < SIZE || j >= i - (i % GROUP)))),
  ),
  cased('all stripes', 1e9, exact, causal),
];
