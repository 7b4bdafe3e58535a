/** One gate for each token in the quadratic form: Y = s ((Q K^T) * L) V + s e^G Q S_0 with L_tj = e^(G_t - G_j) for j <= t. */
import {
  dot,
  eachHead,
  matrix,
  plus,
  scaled,
  sum,
  vector,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';

export function scalarGates(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  logA: Vector,
  S0: Matrix,
  scale: number,
): { y: Matrix; S: Matrix } {
  /** The gate that position j has passed through at position t. */
  const passed = (j: number, t: number): number => Math.exp(sum(logA.slice(j + 1, t + 1)));
  const y = q.map((qt, t) => {
    const weights = k.map((kj, j) => (j <= t ? dot(qt, kj) * passed(j, t) : 0));
    return scaled(plus(weighted(weights, v), weighted(qt, S0), passed(-1, t)), scale);
  });
  const end = q.length - 1;
  const S = S0.map((row, d) => {
    const weights = k.map((kj, j) => kj[d]! * passed(j, end));
    return plus(weighted(weights, v), row, passed(-1, end));
  });
  return { y, S };
}

export const cases = [
  referenceCase({
    example: 'sgla',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      log_a: logGates(B, H, N),
      S0: normal(B, H, D, E),
    }),
    reference: ({ q, k, v, log_a, S0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        scalarGates(
          matrix(q, b, h),
          matrix(k, b, h),
          matrix(v, b, h),
          vector(log_a, b, h),
          matrix(S0, b, h),
          sizes.D ** -0.5,
        ),
      ),
  }),
];
