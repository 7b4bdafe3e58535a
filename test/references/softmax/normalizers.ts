/** What turns scores into weights. */
import { dot, scaled, sigmoid, sum, type Vector } from '../arrays.ts';
import { attentionCase, type Pair } from '../attention.ts';

const past = ({ i, j }: Pair): boolean => j <= i;
const relu = (x: number): number => Math.max(x, 0);
const softplus = (x: number): number => Math.log1p(Math.exp(x));
const unit = (x: Vector): Vector => scaled(x, 1 / Math.max(Math.hypot(...x), 1e-12));
const log = Math.log;

/** Weights exp(s), divided by their sum and exp(z). */
const withSink = (scores: readonly number[], z: number): Vector => {
  const top = Math.max(z, ...scores);
  const weights = scores.map((s) => Math.exp(s - top));
  return scaled(weights, 1 / (sum(weights) + Math.exp(z - top)));
};
const softplusScore = ({ q, k, i, n }: Pair): number => log(n['D']!) * log(i + 1) * dot(unit(q), unit(k));
const softplusWeights = (scores: readonly number[], eps: number): Vector => {
  const a = scores.map(softplus);
  return scaled(a, 1 / (sum(a) + eps));
};

/** Weights above the mean, raised to a power; a row that is uniform gives nothing. */
function reweighted(scores: readonly number[], { i }: Pair, power: number): Vector {
  const first = i < 3 ? 0 : 1;
  const r = softplusWeights(scores, 1e-8).map((p) => relu((i + 1) * p - first));
  const top = Math.max(...r);
  if (top <= 1e-3) return r.map(() => 0);
  const powers = r.map((x) => (x / top) ** power);
  return scaled(powers, 1 / sum(powers));
}

export const cases = [
  attentionCase({ example: 'softmax1', keep: past, weights: (s) => withSink(s, 0) }),
  attentionCase({
    example: 'sink_logit',
    grouped: true,
    params: { width: 5 },
    more: ({ normal, sizes: { H } }) => ({ sink: normal(H!) }),
    keep: ({ i, j }) => j > i - 5 && j <= i,
    weights: (s, { h, at }) => withSink(s, at('sink', h)),
  }),
  attentionCase({
    example: 'sigmoid_attn',
    keep: past,
    weights: (s, { n }) => s.map((x) => sigmoid(x - log(n['M']!))),
  }),
  attentionCase({
    example: 'l1_relu',
    keep: past,
    weights: (s) => {
      const total = sum(s.map(relu));
      return s.map((x) => (total > 0 ? relu(x) / total : 0));
    },
  }),
  attentionCase({
    example: 'relu_squared',
    keep: past,
    weights: (s) => s.map((x) => relu(x) ** 2 / s.length),
  }),
  ...[
    { power: 1, alpha: 1 },
    { power: 2, alpha: 0.5 },
  ].map(({ power, alpha }) =>
    attentionCase({
      example: 'relu_attn',
      variant: `power ${power}`,
      consts: { power },
      params: { alpha },
      keep: past,
      weights: (s) => s.map((x) => relu(x) ** power * s.length ** -alpha),
    }),
  ),
  attentionCase({
    example: 'standardized',
    keep: past,
    params: { eps: 0.1 },
    weights: (s) => {
      const mean = sum(s) / s.length;
      const deviation = Math.sqrt(sum(s.map((x) => (x - mean) ** 2)) / s.length + 0.1);
      const weights = s.map((x) => Math.exp((x - mean) / deviation));
      return scaled(weights, 1 / sum(weights));
    },
  }),
  attentionCase({
    example: 'lssa',
    square: true,
    params: { eps: 1e-8 },
    keep: past,
    score: softplusScore,
    weights: (s) => softplusWeights(s, 1e-8),
  }),
  ...[3, 15].map((power) =>
    attentionCase({
      example: 'lssar',
      variant: `power ${power}`,
      square: true,
      consts: { power },
      params: { eps: 1e-8, tolerance: 1e-3 },
      keep: past,
      score: softplusScore,
      weights: (s, first) => reweighted(s, first, power),
    }),
  ),
];
