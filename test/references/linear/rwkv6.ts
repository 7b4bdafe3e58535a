/** What came before, gated, and the token itself with a bonus, in the quadratic form; a norm of each head, and a gate. */
import { eachHead, matrix, plus, silu, sum, vector, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { rmsNorm, times } from './gates.ts';
import { doubleLogs, wkv } from './wkv6.ts';

/** Mean 0 and variance 1, then scaled and shifted. */
export function layerNorm(x: Vector, eps: number, scale: Vector, shift: Vector): Vector {
  const mean = sum(x) / x.length;
  const centred = x.map((a) => a - mean);
  return plus(times(rmsNorm(centred, eps), scale), shift);
}

export const cases = [
  referenceCase({
    example: 'rwkv6',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    params: { eps: 64e-5 },
    inputs: (draw) => {
      const { normal } = draw;
      const { B, H, N, D, E } = draw.sizes;
      return {
        r: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        w: doubleLogs(draw, B, H, N, D),
        u: normal(H, D),
        g: normal(B, H, N, E),
        w_norm: normal(H, E),
        b_norm: normal(H, E),
        S0: normal(B, H, D, E),
      };
    },
    reference: ({ r, k, v, w, u, g, w_norm, b_norm, S0 }, sizes, { eps }) =>
      eachHead(sizes, (b, h) => {
        const { y: o, S } = wkv({
          r: matrix(r, b, h),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          w: matrix(w, b, h),
          u: vector(u, h),
          S0: matrix(S0, b, h),
        });
        const gates = matrix(g, b, h);
        const [scale, shift] = [vector(w_norm, h), vector(b_norm, h)];
        const y = o.map((row, t) => times(layerNorm(row, eps, scale, shift), gates[t]!.map(silu)));
        return { y, S };
      }),
  }),
];
