/** The delta rule without gates, by the triangular solve for all tokens at once. */
import { eachHead, matrix, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { deltaRule, replaced, unitVectors } from './kda.ts';

export const cases = [
  referenceCase({
    example: 'delta',
    fixed: { D: 6, E: 5 },
    // Extreme: everything is replaced and the query is the key, so that y is the value divided by the root of D.
    hazards: ['normal', 'extreme'],
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      const k = unitVectors(draw, B, H, N, D);
      return {
        q: draw.hazard === 'extreme' ? k : draw.normal(B, H, N, D),
        k,
        v: draw.normal(B, H, N, E),
        beta: replaced(draw, B, H, N),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ q, k, v, beta, S0 }, sizes) =>
      eachHead(sizes, (b, h) => {
        const keys = matrix(k, b, h);
        return deltaRule(
          {
            q: matrix(q, b, h),
            k: keys,
            v: matrix(v, b, h),
            beta: vector(beta, b, h),
            S0: matrix(S0, b, h),
          },
          keys.map((row) => row.map(() => 0)),
        );
      }),
  }),
];
