/**
 * Damped averages of each channel as a convolution: with p = sigma(delta) and r = 1 - p sigma(alpha),
 * y_t = sum_n gamma_n (sum_j<=t r_n^(t-j) p_n beta_n x_j + r_n^(t+1) h_0n) / sqrt(R) + omega x_t.
 */
import {
  column,
  element,
  list,
  matrix,
  sigmoid,
  sum,
  table,
  tensor,
  vector,
  type Tensor,
} from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';

export interface Weights {
  readonly delta: readonly number[];
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
  readonly gamma: readonly number[];
}

/** The sum of the averages of one channel without omega, and the averages themselves at the end. */
export function damped(x: readonly number[], { delta, alpha, beta, gamma }: Weights, h0: readonly number[]) {
  const p = delta.map(sigmoid);
  const r = alpha.map((a, n) => 1 - p[n]! * sigmoid(a));
  const state = (t: number): number[] =>
    r.map((rn, n) => {
      const terms = list(t + 1, (j) => rn ** (t - j) * p[n]! * beta[n]! * x[j]!);
      return sum(terms) + rn ** (t + 1) * h0[n]!;
    });
  const y = x.map((_, t) => sum(state(t).map((h, n) => gamma[n]! * h)) / Math.sqrt(r.length));
  return { y, h: state(x.length - 1) };
}

/** Logits of p and of sigma(alpha): r = 1 - p sigma(alpha) is about 2e-9 for (20, 20), and 1 for a first one of -60. */
export function dampings<S extends string>({ hazard, values, normal }: Draw<S>, ...shape: number[]) {
  const kind = values(
    shape,
    (r) => ({ normal: 0, extreme: 0, strong: 1, null: 2, mixed: r.int(0, 2) })[hazard],
  );
  return {
    delta: values(shape, (r, flat) => [r.normal(), 20, -60][kind.data[flat]!]!),
    alpha: values(shape, (r, flat) => [r.normal(), 20, r.normal()][kind.data[flat]!]!),
    beta: normal(...shape),
    gamma: normal(...shape),
  };
}

export const weightsOf = (of: Readonly<Record<keyof Weights, Tensor>>, ...lead: number[]): Weights => ({
  delta: vector(of.delta, ...lead),
  alpha: vector(of.alpha, ...lead),
  beta: vector(of.beta, ...lead),
  gamma: vector(of.gamma, ...lead),
});

export const cases = [
  referenceCase({
    example: 'ema',
    fixed: { R: 3 },
    sizes: (N) => ({ B: 2, N, C: 5 }),
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: (draw) => {
      const { B, N, C, R } = draw.sizes;
      return {
        x: draw.normal(B, N, C),
        ...dampings(draw, C, R),
        omega: draw.normal(C),
        h0: draw.normal(B, C, R),
      };
    },
    reference: ({ x, omega, h0, ...weights }, { B, N, C }) => {
      const all = list(B, (b) => b).map((b) =>
        list(C, (c) => c).map((c) =>
          damped(column(matrix(x, b), c), weightsOf(weights, c), vector(h0, b, c)),
        ),
      );
      return {
        y: tensor(
          all.map((one, b) => table(N, C, (t, c) => one[c]!.y[t]! + element(omega, c) * element(x, b, t, c))),
        ),
        h: tensor(all.map((one) => one.map(({ h }) => h))),
      };
    },
  }),
];
