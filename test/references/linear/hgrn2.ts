/**
 * Gated linear attention whose keys are what the gates leave: a = lb + (1 - lb) sigma(f), k = 1 - a, queries silu(q);
 * then a root-mean-square norm over all heads of a token. In the quadratic form of gated linear attention.
 */
import { list, matrix, sigmoid, silu, table, tensor, type Matrix } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { rmsNorm, times } from './gates.ts';
import { gla } from './gla.ts';

/** log a and 1 - a, neither of them by cancellation. */
function gates(f: Matrix, lb: readonly number[]): { logA: Matrix; k: Matrix } {
  const k = f.map((row) => row.map((x, d) => (1 - lb[d]!) * sigmoid(-x)));
  const logA = f.map((row, t) =>
    row.map((x, d) => (x > 0 ? Math.log1p(-k[t]![d]!) : Math.log(lb[d]! + (1 - lb[d]!) * sigmoid(x)))),
  );
  return { logA, k };
}

/** Logits of gates as the hazard says: a sigmoid of -20 forgets nearly all where the lower bound is 0, one of 40 nothing. */
export function gateLogits<S extends string>({ hazard, values }: Draw<S>, ...shape: number[]) {
  const logits = { normal: undefined, extreme: undefined, strong: [-20], null: [40], mixed: [-20, 40, 0.5] };
  return values(shape, (r) => {
    const among = logits[hazard];
    return among === undefined ? 1 + r.normal() : r.pick(among);
  });
}

export const cases = [
  referenceCase({
    example: 'hgrn2',
    fixed: { D: 6, E: 5, H: 2 },
    sizes: (N) => ({ B: N <= 5 ? 2 : 1, N }),
    hazards: ['normal', 'strong', 'null', 'mixed'],
    params: { eps: 1e-5 },
    inputs: (draw) => {
      const { normal, values } = draw;
      const { B, H, N, D, E } = draw.sizes;
      return {
        q: normal(B, H, N, D),
        f: gateLogits(draw, B, H, N, D),
        v: normal(B, H, N, E),
        // A layer above the first has a lower bound; channels without one may forget everything.
        lb: values([H, D], (r, flat) => (flat % 2 === 0 ? 0 : 0.5 * r.next())),
        w: normal(H, E),
        S0: normal(B, H, D, E),
      };
    },
    reference: ({ q, f, v, lb, w, S0 }, { B, H, N, D, E }, { eps }) => {
      const all = list(B, (b) => b).map((b) =>
        list(H, (h) => h).map((h) => {
          const { logA, k } = gates(matrix(f, b, h), matrix(lb)[h]!);
          const queries = matrix(q, b, h).map((row) => row.map(silu));
          return gla(queries, k, matrix(v, b, h), logA, matrix(S0, b, h), D ** -0.5);
        }),
      );
      const y = all.map((heads) => {
        const tokens = list(N, (t) => t).map((t) =>
          rmsNorm(
            heads.flatMap((o) => o.y[t]!),
            eps,
          ),
        );
        return heads.map((_, h) => table(N, E, (t, e) => tokens[t]![h * E + e]!));
      });
      const weights = matrix(w);
      return {
        y: tensor(y.map((heads) => heads.map((o, h) => o.map((row) => times(row, weights[h]!))))),
        S: tensor(all.map((heads) => heads.map(({ S }) => S))),
      };
    },
  }),
];
