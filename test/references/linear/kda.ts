/**
 * The delta rule with a gate for each key feature, solved for all tokens at once: with G the running sums of log-gates,
 * (I + L) W = beta (V - (K e^G) S_0) where L_ij = beta_i sum_c k_ic k_jc e^(G_ic - G_jc) for j < i;
 * y_t = s (q_t e^G_t) S_0 + s sum_j<=t sum_c q_tc k_jc e^(G_tc - G_jc) w_j.
 */
import {
  dot,
  eachHead,
  matrix,
  plus,
  scaled,
  sigmoid,
  vector,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { between, runningSums, times } from './gates.ts';

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly beta: Vector;
  readonly S0: Matrix;
}

export function deltaRule({ q, k, v, beta, S0 }: Head, logA: Matrix): { y: Matrix; S: Matrix } {
  const G = runningSums(logA);
  const product = (x: Vector, i: number, j: number): number => dot(times(x, k[j]!), between(G[i]!, G[j]));
  const W: Matrix = [];
  v.forEach((vi, i) => {
    const before = weighted(times(k[i]!, between(G[i]!)), S0);
    const row = W.reduce((sum, wj, j) => plus(sum, wj, -product(k[i]!, i, j)), plus(vi, before, -1));
    W.push(scaled(row, beta[i]!));
  });
  const y = q.map((qt, t) => {
    const start = weighted(times(qt, between(G[t]!)), S0);
    const sum = W.slice(0, t + 1).reduce((o, wj, j) => plus(o, wj, product(qt, t, j)), start);
    return scaled(sum, qt.length ** -0.5);
  });
  const last = G.at(-1)!;
  const S = S0.map((row, d) => {
    const kept = k.map((kj, j) => kj[d]! * Math.exp(last[d]! - G[j]![d]!));
    return plus(weighted(kept, W), row, Math.exp(last[d]!));
  });
  return { y, S };
}

/** Divided by its length; eps is added to the square of the length. */
export const unit = (x: Vector, eps: number): Vector => scaled(x, 1 / Math.sqrt(dot(x, x) + eps));

/** Vectors of length 1, up to the rounding of their elements. */
export function unitVectors<S extends string>({ values }: Draw<S>, ...shape: number[]) {
  let pending: number[] = [];
  return values(shape, ({ normal }) => {
    if (pending.length === 0) pending = unit(Array.from({ length: shape.at(-1)! }, normal), 0);
    return pending.shift()!;
  });
}

/** How much of the old value a token replaces: a sigmoid, or all of it. */
export const replaced = <S extends string>({ hazard, values }: Draw<S>, ...shape: number[]) =>
  values(shape, ({ normal }) => (hazard === 'extreme' ? 1 : sigmoid(normal())));

export const cases = [
  referenceCase({
    example: 'kda',
    fixed: { D: 6, E: 5 },
    // Extreme: everything is replaced and the query is the key, so that y is the value.
    hazards: ['normal', 'strong', 'null', 'mixed', 'extreme'],
    params: { eps: 1e-6 },
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      const k = draw.normal(B, H, N, D);
      return {
        q: draw.hazard === 'extreme' ? k : draw.normal(B, H, N, D),
        k,
        v: draw.normal(B, H, N, E),
        log_a: draw.logGates(B, H, N, D),
        beta: replaced(draw, B, H, N),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ q, k, v, log_a, beta, S0 }, sizes, { eps }) =>
      eachHead(sizes, (b, h) =>
        deltaRule(
          {
            q: matrix(q, b, h).map((row) => unit(row, eps)),
            k: matrix(k, b, h).map((row) => unit(row, eps)),
            v: matrix(v, b, h),
            beta: vector(beta, b, h),
            S0: matrix(S0, b, h),
          },
          matrix(log_a, b, h),
        ),
      ),
  }),
];
