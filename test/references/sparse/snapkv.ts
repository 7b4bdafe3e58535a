/** Sums of the last rows of the map, smoothed; the top of the prompt and the last keys stay. */
import { eachHead, list, matrix, sum } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import type { Random } from '../../../src/runtime/random.ts';
import { exact, few, maps, topK } from '../select.ts';

const LAST = 4;

const cased = (
  kernel: 'snapkv' | 'snapkv_max',
  variant: string,
  capacity: number,
  value: (r: Random) => number,
) =>
  referenceCase({
    example: 'snapkv',
    kernel,
    variant,
    consts: { last: LAST, size: 5 },
    fixed: { D: 8 },
    lengths: [4, 6, 33, 70],
    sizes: (L) => ({ B: 1, H: 2, L }),
    params: { capacity },
    inputs: ({ sizes: { B, H, L, D }, values }) => ({
      q: values([B, H, LAST, D], value),
      k: values([B, H, L, D], value),
    }),
    reference: ({ q, k }, sizes) =>
      eachHead(sizes, (b, h) => {
        const past = sizes.L - LAST;
        const map = maps(matrix(q, b, h), matrix(k, b, h), (r, j) => j <= past + r);
        const c = list(past, (j) => sum(map.map(({ p }) => p[j]!)));
        const around = (j: number): number[] => list(5, (x) => c[j + x - 2] ?? 0);
        const smooth = c.map((_, j) => {
          const near = around(j);
          return kernel === 'snapkv' ? sum(near) / 5 : Math.max(...near);
        });
        const kept = topK(smooth, capacity - LAST);
        return {
          pooled: list(sizes.L, (j) => smooth[j] ?? 0),
          keep: list(sizes.L, (j) => (j >= past || kept.has(j) ? 1 : 0)),
        };
      }),
  });

// Scores by mean are compared after sums in different orders: inputs without ties. Maxima tie by themselves.
export const cases = [
  cased('snapkv', 'half of the keys', 20, exact),
  cased('snapkv', 'all keys', 1000, exact),
  cased('snapkv_max', 'half of the keys', 20, exact),
  cased('snapkv_max', 'few scores', 12, few),
];
