/** The delta rule with one gate for each token, by the triangular solve; value heads share the keys of fewer heads. */
import { eachHead, element, matrix, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { deltaRule, replaced, unit } from './kda.ts';

export const cases = [
  referenceCase({
    example: 'gdn',
    fixed: { D: 6, E: 5 },
    sizes: (N) => ({ B: 1, H: 4, G: 2, N }),
    // Extreme: everything is replaced and the query is the key, so that y is the value.
    hazards: ['normal', 'strong', 'null', 'mixed', 'extreme'],
    params: { eps: 1e-6 },
    inputs: (draw) => {
      const { B, H, G, N, D, E } = draw.sizes;
      const k = draw.normal(B, G, N, D);
      return {
        q: draw.hazard === 'extreme' ? k : draw.normal(B, G, N, D),
        k,
        v: draw.normal(B, H, N, E),
        log_a: draw.logGates(B, H, N),
        beta: replaced(draw, B, H, N),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ q, k, v, log_a, beta, S0 }, sizes, { eps }) =>
      eachHead(sizes, (b, h) => {
        const g = Math.floor(h / (sizes.H / sizes.G));
        const keys = matrix(k, b, g).map((row) => unit(row, eps));
        return deltaRule(
          {
            q: matrix(q, b, g).map((row) => unit(row, eps)),
            k: keys,
            v: matrix(v, b, h),
            beta: vector(beta, b, h),
            S0: matrix(S0, b, h),
          },
          keys.map((row, t) => row.map(() => element(log_a, b, h, t))),
        );
      }),
  }),
];
