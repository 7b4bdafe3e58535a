/** Correlation of a series with itself at each delay; rolled values at the best delays, weighted by a softmax of these. */
import { element, list, softmax, sum, table, tensor, type Tensor, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact, few, topK } from '../select.ts';

const autocorr = (
  variant: string,
  training: boolean,
  draw: typeof exact,
  keys: number,
  lengths = [1, 8, 24],
) =>
  referenceCase({
    example: 'autocorr',
    variant,
    fixed: { D: 4, E: 3 },
    consts: { training: Number(training) },
    params: { factor: 1.5 },
    lengths,
    sizes: (N) => ({ B: 2, H: 2, N, M: Math.max(1, N + keys) }),
    inputs: ({ values, sizes: { B, H, N, M, D, E } }) => ({
      q: values([B, H, N, D], draw),
      k: values([B, H, M, D], draw),
      v: values([B, H, M, E], exact),
    }),
    reference: ({ q, k, v }, { B, H, N, M, D, E }, { factor }) => {
      const padded = (x: Tensor, b: number, h: number, t: number, d: number) =>
        t < M ? element(x, b, h, t, d) : 0;
      const correlation = (b: number): Vector =>
        list(N, (delay) => {
          const terms = list(H, Number).flatMap((h) =>
            list(D, Number).flatMap((d) =>
              list(N, (t) => element(q, b, h, (t + delay) % N, d) * padded(k, b, h, t, d)),
            ),
          );
          return sum(terms) / (H * D);
        });
      const R = list(B, Number).map((b) => correlation(b));
      const rank = (b: number) => (training ? list(N, (r) => sum(R.map((row) => row[r]!)) / B) : R[b]!);
      const count = Math.trunc(factor * Math.log(N));
      const one = (b: number, h: number) => {
        const delays = [...topK(rank(b), count)];
        const p = delays.length > 0 ? softmax(delays.map((r) => R[b]![r]!)) : [];
        return table(N, E, (t, e) => sum(delays.map((r, n) => p[n]! * padded(v, b, h, (t + r) % N, e))));
      };
      return {
        y: tensor(list(B, Number).map((b) => list(H, Number).map((h) => one(b, h)))),
        kept: tensor(list(B, () => Number(count > 0))),
      };
    },
  });

export const cases = [
  autocorr('inference', false, exact, 0),
  autocorr('training', true, exact, 0),
  autocorr('keys cut', false, exact, 3),
  autocorr('keys filled', false, exact, -3),
  autocorr('ties', false, few, 0),
];
