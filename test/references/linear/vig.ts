/**
 * Gated linear attention in both directions: off the diagonal a pair has half of its gated weight, on it the whole.
 * y = rms(o) sigma(g) + rms(local) (1 - sigma(g)).
 */
import { dot, eachHead, matrix, scaled, sigmoid, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { between, rmsNorm, runningSums, times } from './gates.ts';

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly log_f: Matrix;
  readonly log_b: Matrix;
  readonly g: Matrix;
  readonly local: Matrix;
}

function vig({ q, k, v, log_f, log_b, g, local }: Head, eps: number): { y: Matrix } {
  const F = runningSums(log_f);
  const B = runningSums(log_b.toReversed()).toReversed();
  const y = q.map((qt, t) => {
    const weights = k.map((kj, j) => {
      const gate = j < t ? between(F[t]!, F[j]) : between(B[t]!, B[j]);
      return dot(times(qt, kj), gate) * (j === t ? 1 : 0.5);
    });
    const o = rmsNorm(scaled(weighted(weights, v), qt.length ** -0.5), eps);
    const beside = rmsNorm(local[t]!, eps);
    return o.map((x, e) => {
      const share = sigmoid(g[t]![e]!);
      return x * share + beside[e]! * (1 - share);
    });
  });
  return { y };
}

export const cases = [
  referenceCase({
    example: 'vig',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    params: { eps: 1e-5 },
    inputs: ({ normal, logGates, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_f: logGates(B, H, N, D),
      log_b: logGates(B, H, N, D),
      g: normal(B, H, N, E),
      local: normal(B, H, N, E),
    }),
    reference: ({ q, k, v, log_f, log_b, g, local }, sizes, { eps }) =>
      eachHead(sizes, (b, h) =>
        vig(
          {
            q: matrix(q, b, h),
            k: matrix(k, b, h),
            v: matrix(v, b, h),
            log_f: matrix(log_f, b, h),
            log_b: matrix(log_b, b, h),
            g: matrix(g, b, h),
            local: matrix(local, b, h),
          },
          eps,
        ),
      ),
  }),
];
