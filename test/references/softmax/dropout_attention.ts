/** Softmax attention whose weights are dropped by random numbers of where they are; what stays is scaled by 1 / (1 - rate). */
import { eachHead, matrix, weighted } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { uniformAt } from '../philox.ts';
import { maps } from '../select.ts';

const dropping = (variant: string, params: Readonly<Record<'seed' | 'rate', number>>) =>
  referenceCase({
    example: 'dropout_attention',
    variant,
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    params,
    sizes: (N) => (N === 1 ? { B: 1, H: 1, N, M: 1 } : { B: 2, H: 3, N, M: N + 4 }),
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
    }),
    reference: ({ q, k, v }, sizes, { seed, rate }) =>
      eachHead(sizes, (b, h) => ({
        y: maps(matrix(q, b, h), matrix(k, b, h), () => true).map(({ p }, i) =>
          weighted(
            p.map((w, j) => (uniformAt(seed, b, h, i, j) < rate ? 0 : w / (1 - rate))),
            matrix(v, b, h),
          ),
        ),
      })),
  });

export const cases = [
  dropping('some', { seed: 7, rate: 0.3 }),
  dropping('a negative seed', { seed: -12345, rate: 0.5 }),
  // Nearly all weights, so that there are rows without any.
  dropping('most', { seed: 2_000_000_011, rate: 0.96875 }),
  dropping('none', { seed: 7, rate: 0 }),
];
