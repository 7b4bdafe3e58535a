/** The same as for gates that the data decide, with one constant gate for each channel. */
import { eachHead, matrix, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { doubleLogs, wkv } from './wkv6.ts';

export const cases = [
  referenceCase({
    example: 'wkv5',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      return {
        r: draw.normal(B, H, N, D),
        k: draw.normal(B, H, N, D),
        v: draw.normal(B, H, N, E),
        w: doubleLogs(draw, H, D),
        u: draw.normal(H, D),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ r, k, v, w, u, S0 }, sizes) =>
      eachHead(sizes, (b, h) => {
        const keys = matrix(k, b, h);
        return wkv({
          r: matrix(r, b, h),
          k: keys,
          v: matrix(v, b, h),
          w: keys.map(() => vector(w, h)),
          u: vector(u, h),
          S0: matrix(S0, b, h),
        });
      }),
  }),
];
