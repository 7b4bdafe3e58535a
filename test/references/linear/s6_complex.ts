/**
 * A selective state space over complex numbers as a sum over the past, in polar form: the term of position j at t is
 * |B_jn| |C_tn| Delta_jc x_jc e^(Re A_cn P) turned by Im A_cn P and the angles of B and C, for P = sum_j<r<=t Delta_rc;
 * y_tc = (2 Re sum + D_c x_tc) silu(z_tc), as conjugates of all states are left out.
 */
import { element, list, table, tensor, type Tensor } from './arrays.ts';
import { linearCase } from './case.ts';
import { silu, softplus } from './gates.ts';

interface Inputs {
  readonly x: Tensor;
  readonly dt: Tensor;
  readonly dt_bias: Tensor;
  readonly A: Tensor;
  readonly B: Tensor;
  readonly C: Tensor;
  readonly D: Tensor;
  readonly z: Tensor;
  readonly h0: Tensor;
}
interface Polar {
  readonly length: number;
  readonly angle: number;
}
const polar = (x: Tensor, ...index: number[]): Polar => {
  const [re, im] = [element(x, ...index, 0), element(x, ...index, 1)];
  return { length: Math.hypot(re, im), angle: Math.atan2(im, re) };
};
const sumOf = (terms: readonly Polar[]): [number, number] => [
  terms.reduce((sum, { length, angle }) => sum + length * Math.cos(angle), 0),
  terms.reduce((sum, { length, angle }) => sum + length * Math.sin(angle), 0),
];

function channel(inputs: Inputs, b: number, c: number) {
  const { x, dt, dt_bias, A, B, C, D, z, h0 } = inputs;
  const steps = list(x.shape[1]!, (t) => t);
  const delta = steps.map((t) => softplus(element(dt, b, t, c) + element(dt_bias, c)));
  const passed = (j: number, t: number): number => delta.slice(j + 1, t + 1).reduce((sum, d) => sum + d, 0);
  /** A number after the gates behind position j, at t. */
  const gated = (from: Polar, n: number, j: number, t: number): Polar => {
    const P = passed(j, t);
    return {
      length: from.length * Math.exp(element(A, c, n, 0) * P),
      angle: from.angle + element(A, c, n, 1) * P,
    };
  };
  const terms = (t: number, n: number): Polar[] => [
    gated(polar(h0, b, c, n), n, -1, t),
    ...steps.slice(0, t + 1).map((j) => {
      const { length, angle } = polar(B, b, j, n);
      return gated({ length: length * delta[j]! * element(x, b, j, c), angle }, n, j, t);
    }),
  ];
  const states = list(A.shape[1]!, (n) => n);
  const y = steps.map((t) => {
    const read = states.flatMap((n) => {
      const by = polar(C, b, t, n);
      return terms(t, n).map((p) => ({ length: p.length * by.length, angle: p.angle + by.angle }));
    });
    const skip = element(D, c) * element(x, b, t, c);
    return (2 * sumOf(read)[0] + skip) * silu(element(z, b, t, c));
  });
  return { y, h: states.map((n) => sumOf(terms(steps.length - 1, n))) };
}

export const cases = [
  linearCase({
    example: 's6_complex',
    fixed: { R: 3 },
    sizes: (N) => ({ Z: 1, N, E: 4 }),
    hazards: ['normal', 'strong', 'null', 'mixed'],
    inputs: ({ normal, logGates, values, sizes: { Z, N, E, R } }) => {
      const decays = logGates(E, R);
      return {
        x: normal(Z, N, E),
        dt: normal(Z, N, E),
        dt_bias: normal(E),
        // Pairs of a decay and an angle; angles add up over the sequence, and so do their roundings where nothing decays.
        A: values([E, R, 2], (r, flat) => (flat % 2 === 0 ? decays.data[flat / 2]! : 0.3 * r.normal())),
        B: normal(Z, N, R, 2),
        C: normal(Z, N, R, 2),
        D: normal(E),
        z: normal(Z, N, E),
        h0: normal(Z, E, R, 2),
      };
    },
    reference: (inputs, { Z, N, E }) => {
      const all = list(Z, (b) => b).map((b) => list(E, (c) => c).map((c) => channel(inputs, b, c)));
      return {
        y: tensor(all.map((one) => table(N, E, (t, c) => one[c]!.y[t]!))),
        h: tensor(all.map((one) => one.map(({ h }) => h))),
      };
    },
  }),
];
