/** Damped averages from both ends, each with weights of its own, added; the token itself is in both. */
import { column, element, list, matrix, table, tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { damped, dampings, weightsOf } from './ema.ts';

export const cases = [
  referenceCase({
    example: 'ema_bidirectional',
    fixed: { R: 3 },
    sizes: (N) => ({ B: 2, N, C: 5 }),
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, N, C, R } = draw.sizes;
      return { x: draw.normal(B, N, C), ...dampings(draw, 2, C, R), omega: draw.normal(C) };
    },
    reference: ({ x, omega, ...weights }, { B, N, C, R }) => {
      const zero = list(R, () => 0);
      const all = list(B, (b) => b).map((b) =>
        list(C, (c) => c).map((c) => {
          const row = column(matrix(x, b), c);
          const forward = damped(row, weightsOf(weights, 0, c), zero).y;
          const back = damped(row.toReversed(), weightsOf(weights, 1, c), zero).y.toReversed();
          return row.map((xt, t) => forward[t]! + back[t]! + element(omega, c) * xt);
        }),
      );
      return { y: tensor(all.map((one) => table(N, C, (t, c) => one[c]![t]!))) };
    },
  }),
];
