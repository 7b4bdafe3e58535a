/** Two steps of the delta rule for each token, as a sequence of twice the length whose every second token has a gate and is read. */
import { eachHead, element, list, matrix, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { deltaRule, replaced, unit } from './kda.ts';

export const cases = [
  referenceCase({
    example: 'gated_delta_product',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'strong', 'null', 'mixed'],
    params: { eps: 1e-6 },
    inputs: (draw) => {
      const { B, H, N, D, E } = draw.sizes;
      return {
        q: draw.normal(B, H, N, D),
        k: draw.normal(B, H, N, 2, D),
        v: draw.normal(B, H, N, 2, E),
        beta: replaced(draw, B, H, N, 2),
        log_a: draw.logGates(B, H, N),
        S0: draw.normal(B, H, D, E),
      };
    },
    reference: ({ q, k, v, beta, log_a, S0 }, sizes, { eps }) =>
      eachHead(sizes, (b, h) => {
        const steps = list(2 * sizes.N, Number).map((s) => ({ t: Math.floor(s / 2), n: s % 2 }));
        const { y, S } = deltaRule(
          {
            q: steps.map(({ t }) => unit(vector(q, b, h, t), eps)),
            k: steps.map(({ t, n }) => unit(vector(k, b, h, t, n), eps)),
            v: steps.map(({ t, n }) => vector(v, b, h, t, n)),
            beta: steps.map(({ t, n }) => element(beta, b, h, t, n)),
            S0: matrix(S0, b, h),
          },
          steps.map(({ t, n }) => list(sizes.D, () => (n === 0 ? element(log_a, b, h, t) : 0))),
        );
        return { y: y.filter((_, s) => s % 2 === 1), S };
      }),
  }),
];
