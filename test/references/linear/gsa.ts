/**
 * Slots that tokens write to, without a state: with w_tjm = s_jm e^(G_tm - G_jm) for j <= t,
 * p_t = softmax_m(s sum_j w_tjm q_t . k_j + q_t K_0 e^G_t) and y_t = sum_m p_tm (sum_j w_tjm v_j + e^G_tm V_0m).
 */
import { column, dot, eachHead, matrix, plus, softmax, sum, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { runningSums } from './gates.ts';

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly s: Matrix;
  readonly log_a: Matrix;
  readonly K0: Matrix;
  readonly V0: Matrix;
}

export function gsa({ q, k, v, s, log_a, K0, V0 }: Head): { y: Matrix; K: Matrix; V: Matrix } {
  const G = runningSums(log_a);
  /** Of each position up to t in slot m. */
  const weights = (t: number, m: number): number[] =>
    s.slice(0, t + 1).map((sj, j) => sj[m]! * Math.exp(G[t]![m]! - G[j]![m]!));
  const y = q.map((qt, t) => {
    const scores = V0.map((_, m) => {
      const written = sum(weights(t, m).map((w, j) => w * dot(qt, k[j]!)));
      return written + Math.exp(G[t]![m]!) * dot(qt, column(K0, m));
    });
    const p = softmax(scores.map((x) => x * qt.length ** -0.5));
    const slots = V0.map((row, m) => plus(weighted(weights(t, m), v), row, Math.exp(G[t]![m]!)));
    return weighted(p, slots);
  });
  const end = q.length - 1;
  const V = V0.map((row, m) => plus(weighted(weights(end, m), v), row, Math.exp(G[end]![m]!)));
  const K = K0.map((row, d) =>
    row.map((x, m) => dot(weights(end, m), column(k, d)) + x * Math.exp(G[end]![m]!)),
  );
  return { y, K, V };
}

export const cases = [
  referenceCase({
    example: 'gsa',
    fixed: { D: 6, E: 5, M: 4 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, values, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      // Small writes, so that sums over the whole sequence leave scores of usual size.
      s: values([B, H, N, M], (r) => 0.1 * r.next()),
      log_a: logGates(B, H, N, M),
      K0: normal(B, H, D, M),
      V0: normal(B, H, M, E),
    }),
    reference: ({ q, k, v, s, log_a, K0, V0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        gsa({
          q: matrix(q, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          s: matrix(s, b, h),
          log_a: matrix(log_a, b, h),
          K0: matrix(K0, b, h),
          V0: matrix(V0, b, h),
        }),
      ),
  }),
];
