/** The parts that random specs are put together from. `s0` is the raw score, `s` the mapped one, `p` the weights. */
import type { StorageType } from '../../src/expr/types.ts';

/** Index prefixes of the case: `b, h, ` and the like, empty where the case has no such axis. */
export interface Place {
  readonly query: string;
  readonly key: string;
  readonly head: string;
  readonly storage: StorageType;
}
export interface Ingredient {
  readonly text: (p: Place) => string;
  /** Declarations by the name that they declare. */
  readonly declares?: (p: Place) => Readonly<Record<string, string>>;
  /** A function that it calls. */
  readonly fn?: string;
}

const q = (p: Place) => ({ q: `in q: ${p.storage}[${p.query}i, d]` });
const k = (p: Place) => ({ k: `in k: ${p.storage}[${p.key}j, d]` });
const v = (p: Place) => ({ v: `in v: ${p.storage}[${p.key}j, e]` });
const qk = (p: Place) => ({ ...q(p), ...k(p) });
const say =
  (text: string): Ingredient['text'] =>
  () =>
    text;

export const SCORES: readonly Ingredient[] = [
  { text: say('sum[d](q * k) * D ** -0.5'), declares: qk },
  { text: say('scaled_dot[d](q, k)'), declares: qk },
  { text: say('sum[d]((q + u) * k)'), declares: (p) => ({ ...qk(p), u: 'in u: f32[d]' }) },
  { text: say('scaled_dot[d](rope[d](q, i, 50.0), k) + j * 0.01'), declares: qk },
  { text: say('scaled_dot[d](l2_norm[d](q, 0.01), l2_norm[d](k, 0.01)) * 3.0'), declares: qk },
  { text: say('scaled_dot[d](q, k) + bias'), declares: (p) => ({ ...qk(p), bias: 'in bias: f32[i, j]' }) },
  {
    text: say('scaled_dot[d](q, k) + key_bias'),
    declares: (p) => ({ ...qk(p), key_bias: `in key_bias: f32[${p.query}j]` }),
  },
  {
    text: (p) =>
      `scaled_dot[d](q, k) * temperature - ${p.head === '' ? '0.1' : '0.1 * (h + 1)'} * abs(i - j)`,
    declares: (p) => ({ ...qk(p), temperature: `in temperature: f32${headOnly(p)}` }),
  },
  {
    text: say('scaled_dot[d](q, k) + table[clamp(i - j, -R, R) + R]'),
    declares: (p) => ({ ...qk(p), R: 'const R: int = 2', table: 'in table: f32[2 * R + 1]' }),
  },
  { text: say('sum[d](w * tanh(q + k))'), declares: (p) => ({ ...qk(p), w: 'in w: f32[d]' }) },
  { text: say('-0.5 * sum[d](square(q - k))'), declares: qk },
  { text: say('sum[d](w * k) + 0.0 * i'), declares: (p) => ({ ...k(p), w: 'in w: f32[d]' }) },
  { text: say('sum[d](q * k) * sum[d](k * k) * 0.1'), declares: qk },
  { text: say('0.3 * ((i * 7 + j * 5) % 11)') },
];
const headOnly = (p: Place): string => (p.head === '' ? '' : '[h]');

export const SCORE_MAPS: readonly Ingredient[] = [
  { text: say('s0') },
  { text: say('s0') },
  { text: say('soft_cap(s0, 2.0)') },
  { text: say('relu(s0) - 0.25 * j') },
  { text: say('if i == j then s0 + 1.0 else s0') },
  { text: say('s0 * 1.4426950408889634') },
];

const UNIT_LENGTH = `fn unit_length[j](s) {
  let w = softmax[j](s)
  let power = sum[j](w * w)
  if power > 0.0 then w * rsqrt(power) else 0.0
}`;
const FROM_BELOW = `fn from_below[j](s) {
  let low = min[j](s)
  let w = exp(low - s)
  w / sum[j](w)
}`;
const BASE_TWO = `fn base_two[j](s) {
  let m = max[j](s)
  let w = exp2(s - m)
  w / sum[j](w)
}`;
const CENTERED = `fn centered[j](s) {
  let w = s - mean[j](s)
  let total = sum[j](abs(w))
  if total > 0.5 then w / total else 0.0
}`;
const SHARPENED = `fn sharpened[j](s) {
  let p = softmax[j](s)
  let spread = sum[j](p * square(s))
  softmax[j](s / (1.0 + spread))
}`;

export const NORMALIZERS: readonly Ingredient[] = [
  { text: say('normalize p = softmax[j](s)') },
  { text: say('normalize p = softmax[j](s)') },
  {
    text: say('normalize p = softmax_sink[j](s, z)'),
    declares: (p) => ({ z: `in z: f32${headOnly(p)}` }),
  },
  { text: say('normalize p = softmax_off_by_one[j](s)') },
  { text: say('normalize p = softmax_temperature[j](s, 1.7)') },
  { text: say('normalize p = softmax_standardized[j](s, 0.1)') },
  { text: say('normalize p = l1_relu[j](s)') },
  { text: say('normalize p = l1_softplus[j](s)') },
  { text: say('normalize p = l1_square[j](s)') },
  { text: say('normalize p = sigmoid_weights(s, -1.0)') },
  { text: say('normalize p = relu_squared[j](s)') },
  { text: say('normalize p = mean_weights[j](s)') },
  { text: say('normalize p = log_softmax[j](s)') },
  { text: say('let p = s') },
  { text: say('normalize p = unit_length[j](s)'), fn: UNIT_LENGTH },
  { text: say('normalize p = from_below[j](s)'), fn: FROM_BELOW },
  { text: say('normalize p = base_two[j](s)'), fn: BASE_TWO },
  { text: say('normalize p = centered[j](s)'), fn: CENTERED },
  { text: say('normalize p = sharpened[j](s)'), fn: SHARPENED },
  { text: say('normalize p = softmax[j](s) - 0.5 * softmax[j](s * 0.3)') },
  { text: say('normalize p = 0.9 * softmax[j](s) + (if i == j then 0.1 else 0.0)') },
];

const row = (p: Place): string => `f32[${p.query}i]`;
const gate = (p: Place) => ({ ...v(p), logits: `in logits: f32[${p.query}i, e]` });

export const OUTPUTS: readonly Ingredient[] = [
  { text: (p) => `out y: f32[${p.query}i, e] = sum[j](p * v)`, declares: v },
  { text: (p) => `out y2: ${p.storage}[${p.query}i, e] = sum[j](p * v)`, declares: v },
  { text: (p) => `out gated: f32[${p.query}i, e] = sum[j](p * v) * sigmoid(logits)`, declares: gate },
  { text: (p) => `out normed: f32[${p.query}i, e] = rms_norm[e](sum[j](p * v), 0.01)`, declares: v },
  {
    text: (p) => `out turned: f32[${p.query}e, i] = sum[j](p * v * (if j % 2 == 0 then 1.0 else -0.5))`,
    declares: v,
  },
  { text: (p) => `out lse: ${row(p)} = logsumexp[j](s)` },
  { text: (p) => `out total: ${row(p)} = sum[j](p)` },
  { text: (p) => `out second: ${row(p)} = sum[j](p * p)` },
  { text: (p) => `out far: ${row(p)} = sum[j](p * abs(i - j))` },
  { text: (p) => `out top: ${row(p)} = max[j](p)` },
  { text: (p) => `out most: i32[${p.query}i] = argmax[j](s)` },
  { text: (p) => `out some: bool[${p.query}i] = any[j](s > 0.5)` },
  { text: (p) => `out every: bool[${p.query}i] = all[j](s < 0.5)` },
  { text: (p) => `out average: ${row(p)} = mean[j](s)` },
  { text: (p) => `out near: ${row(p)} = sum[j in 0..i / 2 + 1](p)` },
  { text: (p) => `out count: i32[${p.query}i] = sum[j](if s > 0.0 then 1 else 0)` },
  { text: (p) => `out lowest: ${row(p)} = min[j](s * p)` },
  {
    text: (p) => `let best = argmax[j](s)
out picked: f32[${p.query}i, e] = if best >= 0 then v[j = max(best, 0)] else 0.0`,
    declares: v,
  },
  { text: (p) => `out map: f32[${p.query}i, j] = p` },
  { text: (p) => `out mapped: f32[${p.query}i, j] = s` },
  { text: (p) => `out column: f32[${p.query}j] = sum[i](p)` },
  { text: (p) => `out column_top: f32[${p.query}j] = max[i](s)` },
];
