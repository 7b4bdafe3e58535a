/** Diagonal plus rank one by the solve for all tokens at once, a norm of each head, a bonus for the token itself, and a gate. */
import { dot, eachHead, matrix, plus, scaled, sigmoid, vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { diagonalPlusRankOne } from './dplr.ts';
import { times } from './gates.ts';
import { unit } from './kda.ts';
import { layerNorm } from './rwkv6.ts';

export const cases = [
  referenceCase({
    example: 'rwkv7',
    fixed: { D: 6, E: 5 },
    // Gates are between e^-0.61 and 1; extreme: their logits are ±40.
    hazards: ['normal', 'extreme'],
    params: { eps: 64e-5 },
    inputs: ({ normal, values, hazard, sizes: { B, H, N, D, E } }) => ({
      r: normal(B, H, N, D),
      w: values([B, H, N, D], (r) => (hazard === 'extreme' ? r.pick([-40, 40]) : r.normal())),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      a: normal(B, H, N, D),
      g: normal(B, H, N, E),
      k_k: normal(H, D),
      k_a: normal(H, D),
      r_k: normal(H, D),
      w_norm: normal(H, E),
      b_norm: normal(H, E),
      S0: normal(B, H, D, E),
    }),
    reference: ({ r, w, k, v, a, g, k_k, k_a, r_k, w_norm, b_norm, S0 }, sizes, { eps }) =>
      eachHead(sizes, (b, h) => {
        const rates = matrix(a, b, h).map((row) => row.map(sigmoid));
        const given = matrix(k, b, h);
        const kappa = given.map((row) => unit(times(row, vector(k_k, h)), 0));
        const keys = given.map((row, t) =>
          plus(
            row,
            times(
              times(row, vector(k_a, h)),
              rates[t]!.map((x) => x - 1),
            ),
          ),
        );
        const [queries, values] = [matrix(r, b, h), matrix(v, b, h)];
        const { y: o, S } = diagonalPlusRankOne({
          q: queries,
          logW: matrix(w, b, h).map((row) => row.map((x) => -Math.exp(-0.5) * sigmoid(x))),
          a: kappa.map((row) => scaled(row, -1)),
          b: kappa.map((row, t) => times(row, rates[t]!)),
          k: keys,
          v: values,
          S0: matrix(S0, b, h),
        });
        const gates = matrix(g, b, h);
        const y = o.map((row, t) => {
          const normed = layerNorm(row, eps, vector(w_norm, h), vector(b_norm, h));
          const bonus = dot(times(queries[t]!, keys[t]!), vector(r_k, h));
          return times(plus(normed, values[t]!, bonus), gates[t]!);
        });
        return { y, S };
      }),
  }),
];
