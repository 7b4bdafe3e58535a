/**
 * Shifted keys times values through a convolution with K_l = 2 Re sum_n C_n e^(l A_n), where A_n = log_decay + i angle, read by
 * queries; what came before counts as the state that it left, after t + 1 more steps.
 */
import { element, list, sum, tensor, vector, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { convolved } from './convolutions.ts';

type Inputs = Readonly<
  Record<'q' | 'k' | 'v' | 'shift' | 'skip_k' | 'log_decay' | 'angle' | 'C' | 'skip' | 'z0', Tensor>
>;

/** A complex number by its length and angle. */
const polar = (length: number, angle: number): [number, number] => [
  length * Math.cos(angle),
  length * Math.sin(angle),
];
const product = ([a, b]: number[], [c, d]: number[]): [number, number] => [
  a! * c! - b! * d!,
  a! * d! + b! * c!,
];

function group(x: Inputs, b: number, g: number, N: number, D: number, S: number) {
  const steps = list(N, Number);
  const along = (of: Tensor, c: number) => steps.map((t) => element(of, b, g, t, c));
  const keys = list(D, Number).map((a) => {
    const k = along(x.k, a);
    return steps.map((t) => convolved(vector(x.shift, g, a), k, t) + element(x.skip_k, g, a) * k[t]!);
  });
  /** The power l of e^A_n. */
  const power = (n: number, l: number) =>
    polar(Math.exp(l * element(x.log_decay, g, n)), l * element(x.angle, g, n));
  const readBy = (n: number) => vector(x.C, g, n);
  const states = list(S, Number);
  const filter = steps.map((l) => 2 * sum(states.map((n) => product(readBy(n), power(n, l))[0])));
  const pair = (a: number, e: number) => {
    const v = along(x.v, e);
    const kv = keys[a]!.map((k, t) => k * v[t]!);
    const start = (n: number, t: number) => product(power(n, t + 1), vector(x.z0, b, g, a, e, n));
    const Y = steps.map((t) => {
      const before = 2 * sum(states.map((n) => product(readBy(n), start(n, t))[0]));
      return convolved(filter, kv, t) + before + element(x.skip, g) * kv[t]!;
    });
    const z = states.map((n) => {
      const written = kv.map((w, t) => power(n, N - 1 - t).map((p) => p * w));
      return [0, 1].map((part) => sum(written.map((p) => p[part]!)) + start(n, N - 1)[part]!);
    });
    return { Y, z };
  };
  const pairs = list(D, Number).map((a) => list(D, Number).map((e) => pair(a, e)));
  const y = steps.map((t) =>
    list(D, (e) => sum(pairs.map((row, a) => element(x.q, b, g, t, a) * row[e]!.Y[t]!))),
  );
  return { y, z: pairs.map((row) => row.map(({ z }) => z)) };
}

export const cases = [
  referenceCase({
    example: 'h3',
    fixed: { D: 3, S: 2 },
    sizes: (N) => ({ B: 2, G: 2, N }),
    lengths: [1, 5, 33],
    hazards: ['normal', 'null', 'mixed'],
    inputs: ({ normal, logGates, sizes: { B, G, N, D, S } }) => ({
      q: normal(B, G, N, D),
      k: normal(B, G, N, D),
      v: normal(B, G, N, D),
      shift: normal(G, D, 4),
      skip_k: normal(G, D),
      log_decay: logGates(G, S),
      angle: normal(G, S),
      C: normal(G, S, 2),
      skip: normal(G),
      z0: normal(B, G, D, D, S, 2),
    }),
    reference: (inputs, { B, G, N, D, S }) => {
      const all = list(B, Number).map((b) => list(G, Number).map((g) => group(inputs, b, g, N, D, S)));
      return {
        y: tensor(all.map((groups) => groups.map(({ y }) => y))),
        z: tensor(all.map((groups) => groups.map(({ z }) => z))),
      };
    },
  }),
];
