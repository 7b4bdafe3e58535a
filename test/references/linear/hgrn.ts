/** A gated average of inputs in each channel, as a sum: h_t = sum_j<=t e^(G_t - G_j) (1 - sigma(f_j)) i_j + e^G_t h_0. */
import { column, list, matrix, sigmoid, sum, tensor, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { logSigmoid, runningSums } from './gates.ts';
import { gateLogits } from './hgrn2.ts';

function hgrn(i: Vector, f: Vector, h0: number): Vector {
  const G = column(runningSums(f.map((x) => [logSigmoid(x)])), 0);
  return i.map((_, t) => {
    const terms = list(t + 1, (j) => Math.exp(G[t]! - G[j]!) * sigmoid(-f[j]!) * i[j]!);
    return sum(terms) + Math.exp(G[t]!) * h0;
  });
}

export const cases = [
  referenceCase({
    example: 'hgrn',
    fixed: {},
    sizes: (N) => ({ B: 2, N, C: 7 }),
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, N, C } = draw.sizes;
      return { i: draw.normal(B, N, C), f: gateLogits(draw, B, N, C), h0: draw.normal(B, C) };
    },
    reference: ({ i, f, h0 }, { B, N, C }) => {
      const y = list(B, (b) => b).map((b) => {
        const channels = list(C, (c) => c).map((c) =>
          hgrn(column(matrix(i, b), c), column(matrix(f, b), c), matrix(h0)[b]![c]!),
        );
        return list(N, (t) => t).map((t) => channels.map((o) => o[t]!));
      });
      return { y: tensor(y), h: tensor(y.map((rows) => rows.at(-1)!)) };
    },
  }),
];
