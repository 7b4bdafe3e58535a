/**
 * Diagonal plus rank one, solved for all tokens at once: with G the running sums of log w and X those before each token,
 * p_i = (a_i e^X_i) S_0 + sum_j<i (<a_i e^(X_i - G_j), b_j> p_j + <a_i e^(X_i - G_j), k_j> v_j) is what a reads, and
 * o_t = (q_t e^G_t) S_0 + sum_j<=t (<q_t e^(G_t - G_j), b_j> p_j + <q_t e^(G_t - G_j), k_j> v_j).
 */
import { dot, eachHead, matrix, plus, sigmoid, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { between, runningSums, times } from './gates.ts';
import { unitVectors } from './kda.ts';

interface Head {
  readonly q: Matrix;
  readonly logW: Matrix;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly S0: Matrix;
}

export function diagonalPlusRankOne({ q, logW, a, b, k, v, S0 }: Head): { y: Matrix; S: Matrix } {
  const G = runningSums(logW);
  const X = G.map((row, t) => plus(row, logW[t]!, -1));
  const P: Matrix = [];
  /** What x reads after the first n tokens, of which the gates up to `upper` have passed over. */
  const read = (x: Vector, upper: Vector, n: number): Vector =>
    G.slice(0, n).reduce(
      (o, lower, j) => {
        const reached = times(x, between(upper, lower));
        return plus(plus(o, P[j]!, dot(reached, b[j]!)), v[j]!, dot(reached, k[j]!));
      },
      weighted(times(x, between(upper)), S0),
    );
  a.forEach((ai, i) => P.push(read(ai, X[i]!, i)));
  const y = q.map((qt, t) => read(qt, G[t]!, t + 1));
  const feature = (d: number): Vector => S0.map((_, c) => (c === d ? 1 : 0));
  const S = S0.map((_, d) => read(feature(d), G.at(-1)!, q.length));
  return { y, S };
}

export const cases = [
  referenceCase({
    example: 'dplr',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      const a = unitVectors(draw, B, H, N, D);
      return {
        q: draw.normal(B, H, N, D),
        log_w: draw.logGates(B, H, N, D),
        a,
        // Against a, by less than its length: no step lets the state grow without bound.
        b: draw.values([B, H, N, D], (r, flat) => -sigmoid(r.normal()) * a.data[flat]!),
        k: draw.normal(B, H, N, D),
        v: draw.normal(B, H, N, E),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ q, log_w, a, b, k, v, S0 }, sizes) =>
      eachHead(sizes, (n, h) =>
        diagonalPlusRankOne({
          q: matrix(q, n, h),
          logW: matrix(log_w, n, h),
          a: matrix(a, n, h),
          b: matrix(b, n, h),
          k: matrix(k, n, h),
          v: matrix(v, n, h),
          S0: matrix(S0, n, h),
        }),
      ),
  }),
];
