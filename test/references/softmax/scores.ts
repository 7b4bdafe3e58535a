/** Positional terms and maps of scores. */
import { dot, type Vector } from '../arrays.ts';
import { attentionCase, type Pair } from '../attention.ts';

const past = ({ i, j }: Pair): boolean => j <= i;

/** Pairs (2m, 2m + 1) as complex numbers, turned by position * base^(-2m / D). */
export function turnedPairs(x: Vector, position: number, base: number): Vector {
  return x.map((own, d) => {
    const angle = position * base ** (-(d - (d % 2)) / x.length);
    return d % 2 === 0
      ? own * Math.cos(angle) - x[d + 1]! * Math.sin(angle)
      : x[d - 1]! * Math.sin(angle) + own * Math.cos(angle);
  });
}

/** Features m and m + D / 2 as complex numbers. */
export function turnedHalves(x: Vector, position: number, base: number): Vector {
  const half = x.length / 2;
  const angle = (m: number): number => position * base ** (-m / half);
  const first = x.slice(0, half).map((a, m) => a * Math.cos(angle(m)) - x[m + half]! * Math.sin(angle(m)));
  const second = x.slice(0, half).map((a, m) => a * Math.sin(angle(m)) + x[m + half]! * Math.cos(angle(m)));
  return [...first, ...second];
}

/** Slopes of ALiBi as its authors give them: of a power of two directly, else every other one of the next power is appended. */
export function slopes(heads: number): Vector {
  const powers = (n: number): Vector => Array.from({ length: n }, (_, h) => 2 ** ((-8 * (h + 1)) / n));
  const lower = 2 ** Math.floor(Math.log2(heads));
  const every = powers(2 * lower).filter((_, h) => h % 2 === 0);
  return [...powers(lower), ...every].slice(0, heads);
}

/** T5's bucket of key minus query. */
export function bucketOf(
  relative: number,
  buckets: number,
  greatest: number,
  bidirectional: boolean,
): number {
  const count = bidirectional ? buckets / 2 : buckets;
  const offset = bidirectional && relative > 0 ? count : 0;
  const distance = bidirectional ? Math.abs(relative) : Math.max(-relative, 0);
  const exact = count / 2;
  if (distance < exact) return offset + distance;
  const far = Math.floor((Math.log(distance / exact) / Math.log(greatest / exact)) * (count - exact));
  return offset + Math.min(exact + far, count - 1);
}

const rms = (x: Vector, weight: Vector, eps: number): Vector => {
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + eps);
  return x.map((a, d) => a * scale * weight[d]!);
};
const unit = (x: Vector, eps: number): Vector => x.map((a) => a / Math.max(Math.hypot(...x), eps));

export const cases = [
  attentionCase({
    example: 'rope',
    keep: past,
    params: { base: 100 },
    score: ({ q, k, i, j }) => dot(turnedPairs(q, i, 100), turnedPairs(k, j, 100)) / 2,
  }),
  attentionCase({
    example: 'rope_half',
    grouped: true,
    params: { base: 100 },
    more: ({ values, sizes: { B, N, M } }) => ({
      q_position: values([B!, N!], ({ int }, flat) => (flat % N!) + int(3, 5)),
      k_position: values([B!, M!], ({ int }, flat) => (flat % M!) + int(0, 9) - 2),
    }),
    keep: ({ b, i, j, at }) => at('k_position', b, j) <= at('q_position', b, i),
    score: ({ q, k, b, i, j, at }) =>
      dot(turnedHalves(q, at('q_position', b, i), 100), turnedHalves(k, at('k_position', b, j), 100)) / 2,
  }),
  attentionCase({
    example: 'alibi',
    keep: ({ i, j, n }) => j <= i + n['M']! - n['N']!,
    score: ({ dot, h, i, j, n }) => dot - slopes(n['H']!)[h]! * Math.abs(i + n['M']! - n['N']! - j),
  }),
  attentionCase({
    example: 't5_bias',
    lengths: [1, 7, 60],
    consts: { buckets: 16, greatest: 40 },
    more: ({ normal, sizes: { H } }) => ({ table: normal(H!, 16) }),
    score: ({ q, k, h, i, j, at }) => dot(q, k) + at('table', h, bucketOf(j - i, 16, 40, true)),
  }),
  attentionCase({
    example: 't5_causal',
    lengths: [1, 7, 60],
    consts: { buckets: 16, greatest: 40 },
    more: ({ normal, sizes: { H } }) => ({ table: normal(H!, 16) }),
    keep: past,
    score: ({ q, k, h, i, j, at }) => dot(q, k) + at('table', h, bucketOf(j - i, 16, 40, false)),
  }),
  attentionCase({
    example: 'relative_bias',
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 4, R: 5 }),
    more: ({ normal, sizes: { H } }) => ({ table: normal(H!, 11) }),
    score: ({ dot, h, i, j, at }) => dot + at('table', h, Math.max(-5, Math.min(i - j, 5)) + 5),
  }),
  attentionCase({
    example: 'qk_norm',
    keep: past,
    params: { eps: 0.01 },
    more: ({ normal, sizes: { D } }) => ({ wq: normal(D!), wk: normal(D!) }),
    score: ({ q, k, row }) => dot(rms(q, row('wq'), 0.01), rms(k, row('wk'), 0.01)) / 2,
  }),
  attentionCase({
    example: 'cosine',
    more: ({ values, sizes: { H } }) => ({ log_t: values([H!], ({ normal }) => 3 * normal() + 2) }),
    score: ({ q, k, h, at }) =>
      dot(unit(q, 1e-12), unit(k, 1e-12)) * Math.exp(Math.min(at('log_t', h), Math.log(100))),
  }),
  attentionCase({
    example: 'softcap',
    grouped: true,
    params: { cap: 0.5, width: 6 },
    keep: ({ i, j }) => j <= i && j > i - 6,
    score: ({ dot }) => 0.5 * Math.tanh(dot / 0.5),
  }),
  attentionCase({
    example: 'temperature',
    more: ({ values, sizes: { H } }) => ({ tau: values([H!], ({ next }) => 0.1 + next()) }),
    score: ({ dot, h, at }) => dot / at('tau', h),
  }),
  attentionCase({
    example: 'loglen',
    square: true,
    keep: past,
    params: { n0: 16 },
    score: ({ dot, i }) => (dot * Math.log(i + 1)) / Math.log(16),
  }),
  attentionCase({
    example: 'optional_bias',
    more: ({ normal, values, sizes: { B, H, N, M } }) => ({
      bias: normal(H!, N!, M!),
      keep: values([B!, M!], ({ int }) => int(0, 1)),
    }),
    keep: ({ b, j, at }) => at('keep', b, j) === 1,
    score: ({ dot, h, i, j, at }) => dot + at('bias', h, i, j),
  }),
  attentionCase({
    example: 'xpos',
    square: true,
    keep: past,
    params: { base: 100, span: 8 },
    score: ({ q, k, i, j, n }) => {
      const zeta = (m: number): number => (2 * m + 0.4 * n['D']!) / (1.4 * n['D']!);
      const scaled = (x: Vector, power: number): Vector =>
        x.map((a, d) => a * zeta(Math.floor(d / 2)) ** power);
      return dot(scaled(turnedPairs(q, i, 100), i / 8), scaled(turnedPairs(k, j, 100), -j / 8)) / 2;
    },
  }),
  attentionCase({
    example: 'rope_partial',
    params: { concentration: 1.3 },
    sizes: (length) => ({ B: 2, H: 3, N: length, M: length + 4, R: 1 }),
    more: ({ values }) => ({ frequency: values([1], () => 0.75) }),
    keep: ({ i, j, n }) => j <= i + n['M']! - n['N']!,
    score: ({ q, k, i, j, n }) => {
      const partly = (x: Vector, position: number): Vector => [
        ...turnedHalves(x.slice(0, 2), 0.75 * position, 100).map((a) => 1.3 * a),
        ...x.slice(2),
      ];
      return dot(partly(q, i + n['M']! - n['N']!), partly(k, j)) / 2;
    },
  }),
  attentionCase({
    example: 'lrpe',
    more: ({ normal, sizes: { H, D } }) => ({ theta: normal(H!, D!) }),
    score: ({ q, k, h, i, j, at }) =>
      q.reduce((s, a, d) => s + a * k[d]! * Math.cos((i - j) * at('theta', h, d)), 0) / 2,
  }),
];
