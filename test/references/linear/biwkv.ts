/**
 * For each channel an average over the whole row with weights e^(k_j - (|t - j| - 1) w / T) off the diagonal and
 * e^(k_t + u / T) on it, by this definition; eps is added to the sum of weights relative to the greatest.
 */
import { element, list, table, tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { keys, relative } from './wkv4.ts';

interface Channel {
  readonly k: readonly number[];
  readonly v: readonly number[];
  readonly w: number;
  readonly u: number;
}

function average({ k, v, w, u }: Channel, eps: number): number[] {
  const T = k.length;
  return k.map((_, t) => {
    const terms = k.map((kj, j) => ({
      exponent: kj + (j === t ? u : -(Math.abs(t - j) - 1) * w) / T,
      weight: 1,
      value: v[j]!,
    }));
    const { p, q } = relative(terms);
    return p / (q + eps);
  });
}

export const cases = [
  referenceCase({
    example: 'biwkv',
    fixed: {},
    sizes: (N) => ({ B: 2, N, C: 5 }),
    hazards: ['normal', 'strong', 'null', 'extreme'],
    params: { eps: 1e-6 },
    inputs: (draw) => {
      const { hazard, values, normal } = draw;
      const { B, N, C } = draw.sizes;
      const decay = { normal: 0.5, mixed: 0.5, strong: 20, null: 0, extreme: 0.5 }[hazard];
      return {
        k: keys(draw, B, N, C),
        v: normal(B, N, C),
        // Multiples of T / 64, so that exponents of ±400 are summed without rounding.
        w: values([C], (r) => N * (decay === 0.5 ? r.int(1, 64) / 64 : decay)),
        u: values([C], (r) => (N * r.int(-128, 128)) / 64),
      };
    },
    reference: ({ k, v, w, u }, { B, N, C }, { eps }) => {
      const all = list(B, (b) => b).map((b) =>
        list(C, (c) => c).map((c) => {
          const along = (x: typeof k): number[] => list(N, (t) => element(x, b, t, c));
          return average({ k: along(k), v: along(v), w: element(w, c), u: element(u, c) }, eps);
        }),
      );
      return { y: tensor(all.map((one) => table(N, C, (t, c) => one[c]![t]!))) };
    },
  }),
];
