/** Diagonal plus rank one with a = -kappa and b = a * kappa, by the solve for all tokens at once. */
import { eachHead, matrix, sigmoid } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { diagonalPlusRankOne } from './dplr.ts';
import { times } from './gates.ts';
import { unitVectors } from './kda.ts';
import { doubleLogs } from './wkv6.ts';

export const cases = [
  referenceCase({
    example: 'wkv7',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      return {
        r: draw.normal(B, H, N, D),
        w: doubleLogs(draw, B, H, N, D),
        k: draw.normal(B, H, N, D),
        v: draw.normal(B, H, N, E),
        a: draw.values([B, H, N, D], ({ normal }) => sigmoid(normal())),
        kappa: unitVectors(draw, B, H, N, D),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ r, w, k, v, a, kappa, S0 }, sizes) =>
      eachHead(sizes, (b, h) => {
        const directions = matrix(kappa, b, h);
        const rates = matrix(a, b, h);
        return diagonalPlusRankOne({
          q: matrix(r, b, h),
          logW: matrix(w, b, h).map((row) => row.map((x) => -Math.exp(x))),
          a: directions.map((row) => row.map((x) => -x)),
          b: directions.map((row, t) => times(row, rates[t]!)),
          k: matrix(k, b, h),
          v: matrix(v, b, h),
          S0: matrix(S0, b, h),
        });
      }),
  }),
];
