/**
 * State space duality: one gate e^(Delta A) for each token and head, in the quadratic form Y = (L * C B^T) (Delta x) + D x,
 * with L_tj = e^(A sum_j<r<=t Delta_r) for j <= t in the same sequence, and Delta = softplus(dt + dt_bias) within limits.
 */
import {
  dot,
  eachHead,
  element,
  list,
  matrix,
  plus,
  scaled,
  vector,
  weighted,
  type Matrix,
  type Tensor,
} from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { softplus } from './gates.ts';
import { starts } from './s6.ts';

interface Head {
  readonly x: Matrix;
  readonly delta: readonly number[];
  readonly A: number;
  readonly B: Matrix;
  readonly C: Matrix;
  readonly D: number;
  readonly S0: Matrix;
  /** Where the sequence of each position starts. */
  readonly first: readonly number[];
}

export function dual({ x, delta, A, B, C, D, S0, first }: Head): { y: Matrix; S: Matrix } {
  /** Position -1 is the initial state's, which counts in the first sequence. */
  const L = (t: number, j: number): number =>
    j <= t && (first[t] === 0 || j >= first[t]!)
      ? Math.exp(A * delta.slice(j + 1, t + 1).reduce((sum, d) => sum + d, 0))
      : 0;
  const y = x.map((xt, t) => {
    const weights = B.map((Bj, j) => L(t, j) * dot(C[t]!, Bj) * delta[j]!);
    return plus(plus(weighted(weights, x), weighted(C[t]!, S0), L(t, -1)), xt, D);
  });
  const end = x.length - 1;
  const S = S0.map((row, n) => {
    const weights = B.map((Bj, j) => L(end, j) * Bj[n]! * delta[j]!);
    return plus(weighted(weights, x), scaled(row, L(end, -1)));
  });
  return { y, S };
}

export interface Limits {
  readonly dt_min: number;
  readonly dt_max: number;
}
export interface Inputs {
  readonly x: Tensor;
  readonly dt: Tensor;
  readonly dt_bias: Tensor;
  readonly A: Tensor;
  readonly B: Tensor;
  readonly C: Tensor;
  readonly D: Tensor;
  readonly S0: Tensor;
  readonly seq_idx?: Tensor;
}

/** One head of the inputs, in whose group of heads B and C are the same. */
export function headOf(inputs: Inputs, b: number, h: number, { dt_min, dt_max }: Limits): Head {
  const { x, dt, dt_bias, A, B, C, D, S0, seq_idx } = inputs;
  const g = Math.floor(h / (x.shape[1]! / B.shape[1]!));
  const ids = seq_idx ? vector(seq_idx, b) : list(x.shape[2]!, () => 0);
  const delta = vector(dt, b, h).map((d) =>
    Math.min(Math.max(softplus(d + element(dt_bias, h)), dt_min), dt_max),
  );
  return {
    x: matrix(x, b, h),
    delta,
    A: element(A, h),
    B: matrix(B, b, g),
    C: matrix(C, b, g),
    D: element(D, h),
    S0: matrix(S0, b, h),
    first: starts(ids),
  };
}

type Sizes = 'Z' | 'H' | 'G' | 'N' | 'R' | 'P';

/** Gates are e^(Delta A) with Delta of about 1, so that the logarithms of gates that the hazard asks for are A. */
export function dualInputs({ hazard, normal, logGates, values, sizes: { Z, H, G, N, R, P } }: Draw<Sizes>) {
  return {
    x: normal(Z, H, N, P),
    // Extreme: steps of 0 and of 100, as far as the limits let them.
    dt: hazard === 'extreme' ? values([Z, H, N], (r) => r.pick([-100, 100, 0])) : normal(Z, H, N),
    dt_bias: normal(H),
    A: logGates(H),
    B: normal(Z, G, N, R),
    C: normal(Z, G, N, R),
    D: normal(H),
    S0: normal(Z, H, R, P),
  };
}

export const dualSizes = (N: number): Record<'Z' | 'H' | 'G' | 'N', number> => ({ Z: 1, H: 4, G: 2, N });

export const cases = [
  referenceCase({
    example: 'ssd',
    fixed: { R: 4, P: 5 },
    sizes: dualSizes,
    hazards: ['normal', 'strong', 'null', 'mixed', 'extreme'],
    params: { dt_min: 0.01, dt_max: 50 },
    absent: ['seq_idx'],
    inputs: (draw) => dualInputs(draw),
    reference: (inputs, { Z, H }, limits) =>
      eachHead({ B: Z, H }, (b, h) => dual(headOf(inputs, b, h, limits))),
  }),
  referenceCase({
    example: 'ssd',
    variant: 'packed sequences',
    fixed: { R: 4, P: 5 },
    sizes: dualSizes,
    hazards: ['normal', 'null'],
    params: { dt_min: 0, dt_max: 1e30 },
    inputs: (draw) => ({
      ...dualInputs(draw),
      seq_idx: draw.values([draw.sizes.Z, draw.sizes.N], (_, t) => Math.floor(t / 23)),
    }),
    reference: (inputs, { Z, H }, limits) =>
      eachHead({ B: Z, H }, (b, h) => dual(headOf(inputs, b, h, limits))),
  }),
];
