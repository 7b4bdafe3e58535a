/**
 * A selective state space over complex numbers as a sum over the past, in polar form: the term of position j at t is
 * |B_jn| |C_tn| Delta_jc x_jc e^(Re A_cn P) turned by Im A_cn P and the angles of B and C, for P = sum_j<r<=t Delta_rc;
 * y_tc = (2 Re sum + D_c x_tc) silu(z_tc), as conjugates of all states are left out.
 */
import { column, element, list, matrix, silu, table, tensor, type Tensor, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { runningSums, softplus } from './gates.ts';

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
/** The sum of numbers: its real and its imaginary part. */
const cartesian = (terms: readonly Polar[]): [number, number] => [
  terms.reduce((sum, { length, angle }) => sum + length * Math.cos(angle), 0),
  terms.reduce((sum, { length, angle }) => sum + length * Math.sin(angle), 0),
];

function channel(inputs: Inputs, b: number, c: number) {
  const { A, D, dt_bias, h0 } = inputs;
  const steps = list(inputs.x.shape[1]!, (t) => t);
  const along = (of: Tensor): Vector => steps.map((t) => element(of, b, t, c));
  const [x, z] = [along(inputs.x), along(inputs.z)];
  const delta = along(inputs.dt).map((d) => softplus(d + element(dt_bias, c)));
  const rates = matrix(A, c);
  const P = column(runningSums(delta.map((d) => [d])), 0);
  /** A number after steps of P in all. */
  const passed = ({ length, angle }: Polar, n: number, P: number): Polar => ({
    length: length * Math.exp(rates[n]![0]! * P),
    angle: angle + rates[n]![1]! * P,
  });
  /** What each position leaves of state n at t, the initial state first. */
  const terms = list(A.shape[1]!, (n) => n).map((n) => {
    const start = polar(h0, b, c, n);
    const written = steps.map((j) => {
      const { length, angle } = polar(inputs.B, b, j, n);
      return { length: length * delta[j]! * x[j]!, angle };
    });
    return steps.map((t) => [
      passed(start, n, P[t]!),
      ...written.slice(0, t + 1).map((one, j) => passed(one, n, P[t]! - P[j]!)),
    ]);
  });
  const y = steps.map((t) => {
    const read = terms.flatMap((of, n) => {
      const by = polar(inputs.C, b, t, n);
      return of[t]!.map((one) => ({ length: one.length * by.length, angle: one.angle + by.angle }));
    });
    return (2 * cartesian(read)[0] + element(D, c) * x[t]!) * silu(z[t]!);
  });
  return { y, h: terms.map((of) => cartesian(of.at(-1)!)) };
}

export const cases = [
  referenceCase({
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
