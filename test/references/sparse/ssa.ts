/** All past keys, and chosen blocks of them, under one gate. */
import type { Random } from '../../../src/runtime/random.ts';
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  scaled,
  sigmoid,
  softmax,
  sum,
  tensor,
  type Matrix,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, block, causal, exact, few, HALF, mean, topK } from '../select.ts';

const SIZE = 8;

interface Params {
  readonly top: number;
  readonly near: number;
}

function chosen(group: readonly (readonly number[])[], k: Matrix, i: number, { top, near }: Params) {
  const own = Math.floor(i / SIZE);
  const ended = list(Math.floor((i + 1) / SIZE), (c) => c).map((c) => mean(block(k, c, SIZE)));
  const weights = group.map((q) =>
    ended.length === 0 ? [] : softmax(ended.map((key) => dot(q, key) * q.length ** -0.5)),
  );
  const matters = list(own + 1, (s) =>
    s === 0 || s > own - near ? Infinity : sum(weights.map((w) => w[s] ?? 0)),
  );
  return topK(matters, top);
}

const cased = (variant: string, params: Params, value: (r: Random) => number, all = false) =>
  referenceCase({
    example: 'ssa',
    variant,
    consts: { size: SIZE },
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 4, G: 2, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, G, N, D, E }, values, normal }) => ({
      q: values([B, H, N, D], value),
      k: values([B, G, N, D], value),
      v: values([B, G, N, E], exact),
      z: normal(B, H, N),
    }),
    reference: ({ q, k, v, z }, sizes) => ({
      ...eachHead(sizes, (b, h) => {
        const [keys, values] = [matrix(k, b, h >> 1), matrix(v, b, h >> 1)];
        const group = [h & ~1, h | 1].map((n) => matrix(q, b, n));
        const rows = matrix(q, b, h);
        const gated = (y: Matrix): Matrix => y.map((row, i) => scaled(row, sigmoid(element(z, b, h, i))));
        const dense = causal(rows, keys, values);
        const sparse = rows.map((row, i) => {
          const blocks = chosen(
            group.map((m) => m[i]!),
            keys,
            i,
            params,
          );
          return attend(row, keys, values, (j) => j <= i && blocks.has(Math.floor(j / SIZE)));
        });
        return {
          dense: gated(dense),
          sparse: gated(all ? dense : sparse),
          kept: list(sizes.N, () => (params.top > 0 ? 1 : 0)),
        };
      }),
      ended_before: tensor(list(sizes.N, (i) => (i >= SIZE - 1 ? 1 : 0))),
    }),
  });

export const cases = [
  cased('three blocks', { top: 3, near: 1 }, exact),
  cased('ties', { top: 4, near: 2 }, few),
  cased('no block', { top: 0, near: 1 }, exact),
  cased('all blocks', { top: 1000, near: 1 }, exact, true),
];
