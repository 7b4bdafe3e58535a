/**
 * A selective state space as a sum over the past: with Delta = softplus(dt + dt_bias),
 * y_tc = (sum_j<=t sum_n C_tn e^(A_cn sum_j<r<=t Delta_rc) Delta_jc B_jn x_jc + D_c x_tc) silu(z_tc),
 * where j runs from the first token of t's own sequence, and the initial state counts in the first sequence only.
 */
import {
  column,
  element,
  list,
  matrix,
  silu,
  sum,
  table,
  tensor,
  vector,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
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

/** Where the sequence of each position starts, for ids of sequences that are packed into one row. */
export const starts = (ids: readonly number[]): number[] => {
  let start = 0;
  return ids.map((id, t) => (t > 0 && id !== ids[t - 1] ? (start = t) : start));
};

/** All of one channel of one row. */
function channel(inputs: Inputs, b: number, c: number, first: readonly number[]) {
  const { A, D, dt_bias } = inputs;
  const along = (of: Tensor): Vector => first.map((_, t) => element(of, b, t, c));
  const [x, z] = [along(inputs.x), along(inputs.z)];
  const delta = along(inputs.dt).map((d) => softplus(d + element(dt_bias, c)));
  const P = column(runningSums(delta.map((d) => [d])), 0);
  const [B, C] = [matrix(inputs.B, b), matrix(inputs.C, b)];
  const start = vector(inputs.h0, b, c);
  const states = vector(A, c).map((a, n) => {
    const written = x.map((xj, j) => delta[j]! * B[j]![n]! * xj);
    return first.map((from, t) => {
      const terms = written.slice(from, t + 1).map((w, j) => Math.exp(a * (P[t]! - P[from + j]!)) * w);
      return sum(terms) + (from === 0 ? Math.exp(a * P[t]!) * start[n]! : 0);
    });
  });
  const y = x.map((xt, t) => {
    const read = states.map((h, n) => C[t]![n]! * h[t]!);
    return (sum(read) + element(D, c) * xt) * silu(z[t]!);
  });
  return { y, h: states.map((h) => h.at(-1)!) };
}

function selective(inputs: Inputs, ids: (b: number) => readonly number[]): Record<'y' | 'h', Tensor> {
  const [rows = 0, length = 0, channels = 0] = inputs.x.shape;
  const all = list(rows, (b) => b).map((b) => {
    const first = starts(ids(b));
    return list(channels, (c) => c).map((c) => channel(inputs, b, c, first));
  });
  return {
    y: tensor(all.map((one) => table(length, channels, (t, c) => one[c]!.y[t]!))),
    h: tensor(all.map((one) => one.map(({ h }) => h))),
  };
}

type Sizes = 'Z' | 'N' | 'E' | 'R';

/** Gates are e^(Delta A) with Delta of about 1, so that the logarithms of gates that the hazard asks for are A. */
export function selectiveInputs({ hazard, normal, logGates, values, sizes: { Z, N, E, R } }: Draw<Sizes>) {
  // Extreme: steps of 0 and of 100.
  const dt = hazard === 'extreme' ? values([Z, N, E], (r) => r.pick([-100, 100, 0])) : normal(Z, N, E);
  return {
    x: normal(Z, N, E),
    dt,
    dt_bias: normal(E),
    A: logGates(E, R),
    B: normal(Z, N, R),
    C: normal(Z, N, R),
    D: normal(E),
    z: normal(Z, N, E),
    h0: normal(Z, E, R),
  };
}

const sizes = (N: number): Record<'Z' | 'N' | 'E', number> => ({ Z: 2, N, E: 5 });
const hazards = ['normal', 'strong', 'null', 'mixed', 'extreme'] as const;

export const cases = [
  referenceCase({
    example: 's6',
    fixed: { R: 4 },
    sizes,
    hazards,
    absent: ['seq_idx'],
    inputs: (draw) => selectiveInputs(draw),
    reference: (inputs, { N }) => selective(inputs, () => list(N, () => 0)),
  }),
  referenceCase({
    example: 's6',
    variant: 'packed sequences',
    fixed: { R: 4 },
    sizes,
    hazards: ['normal', 'null'],
    inputs: (draw) => {
      const { Z, N } = draw.sizes;
      // Sequences of 1 to 40 tokens, and some ids that come back later.
      let left = 0;
      let id = 0;
      const seq_idx = draw.values([Z, N], (r) => {
        if (left-- <= 0) {
          left = r.int(0, 39);
          id = (id + r.int(1, 2)) % 3;
        }
        return id;
      });
      return { ...selectiveInputs(draw), seq_idx };
    },
    reference: ({ seq_idx, ...inputs }, { N }) =>
      selective(inputs, (b) => list(N, (t) => element(seq_idx, b, t))),
  }),
];
