/** Gates on outputs, values, keys and queries, and mixtures of heads. */
import {
  dot,
  eachHead,
  list,
  matrix,
  plus,
  scaled,
  sigmoid,
  softmax,
  sum,
  vector,
  weighted,
  type Matrix,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { attentionCase, type Pair } from '../attention.ts';
import { referenceCase } from '../case.ts';
import { causal, topK } from '../select.ts';
import { turnedHalves } from './scores.ts';

const gated = (x: Vector, z: Vector): Vector => x.map((a, n) => a * sigmoid(z[n]!));
const rms = (x: Vector, w: Vector, eps: number): Vector =>
  x.map((a, d) => (a * w[d]!) / Math.sqrt(dot(x, x) / x.length + eps));
const last = ({ i, j, n }: Pair): boolean => j <= i + n['M']! - n['N']!;
const past = ({ i, j }: Pair): boolean => j <= i;

/** Attention of all pairs, without a mask. */
const dense = (q: Matrix, k: Matrix, v: Matrix): Matrix =>
  q.map((row) => weighted(softmax(k.map((key) => dot(row, key) / Math.sqrt(row.length))), v));

/** Gates of all heads of a token: shared ones first. */
function headGates(shared: Vector, routed: Vector, mix: Vector, top: number): Vector {
  const r = softmax(routed);
  const kept = topK(r, top);
  const route = r.map((x, n) => (kept.has(n) ? x : 0));
  const [w0, w1] = scaled(softmax(mix), 2);
  return [
    ...scaled(softmax(shared), w0! * shared.length),
    ...scaled(route, (w1! * top) / Math.max(sum(route), 1e-9)),
  ];
}

/** Of the second half of the heads, those with the longest queries. */
function longest(q: Tensor, b: number, i: number, S: number, top: number): Vector {
  const size = list(S, (r) => Math.hypot(...vector(q, b, S + r, i)));
  const mean = sum(size) / S;
  const spread = Math.sqrt(sum(size.map((x) => (x - mean) ** 2)) / (S - 1));
  const taken = topK(softmax(scaled(size, 1 / spread)), top);
  return [...list(S, () => 1), ...list(S, (r) => +taken.has(r))];
}

export const cases = [
  attentionCase({
    example: 'gated_sdpa',
    grouped: true,
    params: { eps: 0.01, base: 100 },
    more: ({ normal, sizes: { B, H, N, D, E } }) => ({
      z: normal(B!, H!, N!, E!),
      wq: normal(D!),
      wk: normal(D!),
    }),
    keep: last,
    score: ({ q, k, i, j, n, row }) =>
      dot(
        turnedHalves(rms(q, row('wq'), 0.01), i + n['M']! - n['N']!, 100),
        turnedHalves(rms(k, row('wk'), 0.01), j, 100),
      ) / 2,
    after: (o, { b, h, i, row }) => gated(o, row('z', b, h, i)),
  }),
  attentionCase({
    example: 'gated_sdpa',
    kernel: 'gated_sdpa_headwise',
    grouped: true,
    more: ({ normal, sizes: { B, H, N } }) => ({ z: normal(B!, H!, N!) }),
    keep: last,
    after: (o, { b, h, i, at }) => scaled(o, sigmoid(at('z', b, h, i))),
  }),
  attentionCase({
    example: 'gate_positions',
    kernel: 'gate_positions_keys',
    square: true,
    more: ({ normal, sizes: { B, H, N, D } }) => ({ z: normal(B!, H!, N!, D!) }),
    keep: past,
    score: ({ q, k, b, h, j, row }) => dot(q, gated(k, row('z', b, h, j))) / 2,
  }),
  attentionCase({
    example: 'gate_positions',
    kernel: 'gate_positions_queries',
    square: true,
    more: ({ normal, sizes: { B, H, N, D } }) => ({ z: normal(B!, H!, N!, D!) }),
    keep: past,
    score: ({ q, k, b, h, i, row }) => dot(gated(q, row('z', b, h, i)), k) / 2,
  }),
  referenceCase({
    example: 'gate_positions',
    kernel: 'gate_positions_values',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      z: normal(B, H, N, E),
    }),
    reference: ({ q, k, v, z }, sizes) =>
      eachHead(sizes, (b, h) => {
        const values = matrix(v, b, h).map((row, j) => gated(row, vector(z, b, h, j)));
        return { y: causal(matrix(q, b, h), matrix(k, b, h), values) };
      }),
  }),
  attentionCase({
    example: 'tanh_gated',
    more: ({ normal, values, sizes: { B, H, N, E } }) => ({
      x: normal(B!, H!, N!, E!),
      a: normal(H!),
      length: values([B!], ({ int }) => int(0, 7)),
    }),
    keep: ({ b, j, at }) => j < at('length', b),
    after: (o, { b, h, i, at, row }) => plus(row('x', b, h, i), o, Math.tanh(at('a', h))),
  }),
  referenceCase({
    example: 'gated_parallel',
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 3 }),
    inputs: ({ normal, sizes: { B, H, N, M, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      q_theme: normal(B, H, N, D),
      k_theme: normal(B, H, M, D),
      v_theme: normal(B, H, M, E),
      z: normal(B, H, N, E),
    }),
    reference: ({ q, k, v, q_theme, k_theme, v_theme, z }, sizes) =>
      eachHead(sizes, (b, h) => {
        const text = causal(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h));
        const theme = dense(matrix(q_theme, b, h), matrix(k_theme, b, h), matrix(v_theme, b, h));
        const mixed = (x: number, a: number, c: number): number => sigmoid(x) * a + (1 - sigmoid(x)) * c;
        return {
          y: matrix(z, b, h).map((row, i) => row.map((x, e) => mixed(x, text[i]![e]!, theme[i]![e]!))),
        };
      }),
  }),
  ...[1, 2, 3].map((top) =>
    referenceCase({
      example: 'moh',
      variant: `${top} of 3`,
      consts: { top },
      fixed: { D: 4, E: 5 },
      lengths: [1, 7, 33],
      sizes: (length) => ({ B: 2, S: 2, R: 3, N: length, M: length + 4 }),
      inputs: ({ normal, sizes: { B, S, R, N, M, D, E } }) => ({
        q: normal(B, S + R, N, D),
        k: normal(B, S + R, M, D),
        v: normal(B, S + R, M, E),
        shared: normal(B, N, S),
        routed: normal(B, N, R),
        mix: normal(B, N, 2),
      }),
      reference: ({ q, k, v, shared, routed, mix }, { B, S, R }) =>
        eachHead({ B, H: S + R }, (b, h) => ({
          y: dense(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)).map((o, i) =>
            scaled(o, headGates(vector(shared, b, i), vector(routed, b, i), vector(mix, b, i), top)[h]!),
          ),
        })),
    }),
  ),
  referenceCase({
    example: 'moh',
    kernel: 'moh_llama',
    consts: { top: 2 },
    fixed: { D: 4, E: 5 },
    lengths: [1, 7, 33],
    sizes: (length) => ({ B: 2, S: 3, N: length }),
    inputs: ({ normal, sizes: { B, S, N, D, E } }) => ({
      q: normal(B, 2 * S, N, D),
      k: normal(B, 2 * S, N, D),
      v: normal(B, 2 * S, N, E),
    }),
    reference: ({ q, k, v }, { B, S }) =>
      eachHead({ B, H: 2 * S }, (b, h) => ({
        y: causal(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)).map((o, i) =>
          scaled(o, longest(q, b, i, S, 2)[h]!),
        ),
      })),
  }),
];
