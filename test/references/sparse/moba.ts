/** Blocks of keys by the product of their mean with the query; the query's own block counts, and comes first. */
import { dot, eachHead, matrix, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import type { Random } from '../../../src/runtime/random.ts';
import { attend, block, causal, exact, few, HALF, mean, topK } from '../select.ts';

const SIZE = 8;

function rowsOf(q: Matrix, k: Matrix, v: Matrix, top: number): Matrix {
  const blocks = Math.ceil(k.length / SIZE);
  const pooled = Array.from({ length: blocks }, (_, c) => mean(block(k, c, SIZE)));
  return q.map((qi, i) => {
    const own = Math.floor(i / SIZE);
    const scores = pooled.map((key, c) => (c === own ? Infinity : dot(qi, key)));
    const chosen = topK(scores, top, (c) => c <= own);
    return attend(qi, k, v, (j) => j <= i && chosen.has(Math.floor(j / SIZE)));
  });
}

const text = {
  example: 'moba',
  fixed: { D: 8, E: 4 },
  lengths: [1, 13, 64, 65, 200],
  tolerance: HALF,
  sizes: (length: number) => ({ B: 1, H: 4, G: 2, N: length }),
};

const cased = (variant: string, top: number, value: (r: Random) => number) =>
  referenceCase({
    ...text,
    variant,
    consts: { size: SIZE, top },
    inputs: ({ sizes: { B, H, G, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, G, N, D], value),
      v: values([B, G, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({
        y: rowsOf(matrix(q, b, h), matrix(k, b, h >> 1), matrix(v, b, h >> 1), top),
      })),
  });

export const cases = [
  cased('three blocks', 3, exact),
  cased('ties', 2, few),
  // Dense attention has a formula of its own.
  referenceCase({
    ...text,
    variant: 'all blocks',
    consts: { size: SIZE, top: 1000 },
    inputs: ({ sizes: { B, H, G, N, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, G, N, D], exact),
      v: values([B, G, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => ({ y: causal(matrix(q, b, h), matrix(k, b, h >> 1), matrix(v, b, h >> 1)) })),
  }),
];
