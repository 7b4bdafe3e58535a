/** Blocks at distances that are powers of two, the nearest blocks, and the first ones. */
import { eachHead, matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, causal, exact, HALF } from '../select.ts';

interface Params {
  readonly size: number;
  readonly window: number;
  readonly sinks: number;
}
const isPower = (x: number): boolean => x > 0 && Number.isInteger(Math.log2(x));

const cased = (variant: string, params: Params, all = false) =>
  referenceCase({
    example: 'powerattn',
    variant,
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 2, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, H, N, D], exact),
      v: values([B, H, N, E], exact),
    }),
    reference: ({ q, k, v }, sizes) =>
      eachHead(sizes, (b, h) => {
        const [rows, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
        if (all) return { y: causal(rows, keys, values) };
        const { size, window, sinks } = params;
        const y = rows.map((row, i) =>
          attend(row, keys, values, (j) => {
            const past = Math.floor(i / size) - Math.floor(j / size);
            const near = past === 0 || past < window || isPower(past);
            return j <= i && (Math.floor(j / size) < sinks || near);
          }),
        );
        return { y };
      }),
  });

export const cases = [
  cased('powers only', { size: 3, window: 1, sinks: 0 }),
  cased('window and first blocks', { size: 4, window: 2, sinks: 1 }),
  cased('all blocks', { size: 4, window: 1000, sinks: 0 }, true),
];
