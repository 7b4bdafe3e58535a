/**
 * What came before, gated, and the token itself with a bonus, in the quadratic form: with G the running sums of log-gates,
 * y_t = sum_j<t sum_c r_tc k_jc e^(G_(t-1)c - G_jc) v_j + (sum_c r_tc u_c k_tc) v_t + (r_t e^G_(t-1)) S_0.
 */
import { dot, eachHead, matrix, plus, vector, weighted, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { between, runningSums, times } from './gates.ts';

interface Head {
  readonly r: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  /** Gates are e^(-e^w). */
  readonly w: Matrix;
  readonly u: Vector;
  readonly S0: Matrix;
}

export function wkv({ r, k, v, w, u, S0 }: Head): { y: Matrix; S: Matrix } {
  const G = runningSums(w.map((row) => row.map((x) => -Math.exp(x))));
  const y = r.map((rt, t) => {
    const before = t === 0 ? rt.map(() => 0) : G[t - 1]!;
    const weights = k.map((kj, j) => {
      if (j > t) return 0;
      return dot(times(rt, kj), j === t ? u : between(before, G[j]));
    });
    return plus(weighted(weights, v), weighted(times(rt, between(before)), S0));
  });
  const last = G.at(-1)!;
  const S = S0.map((row, d) => {
    const kept = k.map((kj, j) => kj[d]! * Math.exp(last[d]! - G[j]![d]!));
    return plus(weighted(kept, v), row, Math.exp(last[d]!));
  });
  return { y, S };
}

/** What is given for gates of the form e^(-e^w); a gate that forgets nothing has e^w = 0 in f32. */
export function doubleLogs<S extends string>({ logGates, values }: Draw<S>, ...shape: number[]) {
  const { data } = logGates(...shape);
  return values(shape, (_, flat) => (data[flat] === 0 ? -60 : Math.log(-data[flat]!)));
}

export const cases = [
  referenceCase({
    example: 'wkv6',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      return {
        r: draw.normal(B, H, N, D),
        k: draw.normal(B, H, N, D),
        v: draw.normal(B, H, N, E),
        w: doubleLogs(draw, B, H, N, D),
        u: draw.normal(H, D),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ r, k, v, w, u, S0 }, sizes) =>
      eachHead(sizes, (b, h) =>
        wkv({
          r: matrix(r, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          w: matrix(w, b, h),
          u: vector(u, h),
          S0: matrix(S0, b, h),
        }),
      ),
  }),
];
