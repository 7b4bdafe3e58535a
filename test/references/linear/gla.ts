/** Gated linear attention in its quadratic form: y_t = s sum_j<=t sum_c q_tc k_jc e^(G_tc - G_jc) v_j + s (q_t e^G_t) S_0. */
import { dot, eachHead, matrix, plus, scaled, weighted, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { between, runningSums, times } from './gates.ts';

export function gla(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  logA: Matrix,
  S0: Matrix,
  scale: number,
): { y: Matrix; S: Matrix } {
  const G = runningSums(logA);
  const y = q.map((qt, t) => {
    const weights = k.map((kj, j) => (j <= t ? dot(times(qt, kj), between(G[t]!, G[j])) : 0));
    return scaled(plus(weighted(weights, v), weighted(times(qt, between(G[t]!)), S0)), scale);
  });
  const last = G.at(-1)!;
  const kept = k.map((kj, j) => times(kj, between(last, G[j])));
  const S = S0.map((row, d) => {
    const written = weighted(
      kept.map((kj) => kj[d]!),
      v,
    );
    return plus(written, row, Math.exp(last[d]!));
  });
  return { y, S };
}

export const cases = [
  referenceCase({
    example: 'gla',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_a: logGates(B, H, N, D),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, log_a, S0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        gla(
          matrix(q, b, h),
          matrix(k, b, h),
          matrix(v, b, h),
          matrix(log_a, b, h),
          matrix(S0, b, h),
          sizes.D ** -0.5,
        ),
      ),
  }),
];
