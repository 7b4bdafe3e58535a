/** Random specs whose weights are products of a factor for each side, and some that only look so. */
import fc from 'fast-check';
import type { SpecCase } from './spec-arbitrary.ts';

const LENGTHS = [1, 2, 3, 5, 8, 13, 21] as const;
const WIDTHS = [1, 2, 3, 5] as const;
const MAPS = [
  'X',
  'relu(X)',
  'elu(X) + 1',
  'square(X) + 0.1',
  'exp(X - max[d](X))',
  'X * rsqrt(sum[d](X * X) + 0.5)',
];
const POSITIVE = ['relu(X)', 'elu(X) + 1', 'square(X) + 0.1', 'exp(X - max[d](X))'];

/** What relates two positions; the mask keeps all that is wanted where there is no line. */
const ORDERS = ['j <= i', 'j < i', 'i >= j', 'j >= i', 'i < j', '!(j > i)', 'j - i <= 0'] as const;
const KEPT: Readonly<Record<string, string>> = {
  keep: 'in keep: bool[b, j]',
  'j < length': 'in length: i32[b]',
  'i < length': 'in length: i32[b]',
  'j % 3 != 1': '',
  'keep && i + 1 < length': 'in keep: bool[b, j]\nin length: i32[b]',
};
const DECAYS: Readonly<Record<string, string>> = {
  '(1.0 + 0.1 * gamma) ** (i - j)': 'in gamma: f32[h]',
  '(1.0 + 0.1 * gamma) ** (2 * (i - j) + 1)': 'in gamma: f32[h]',
  // 0 now and then: what was before is gone.
  'relu(gamma) ** abs(i - j)': 'in gamma: f32[h]',
  'exp(-0.1 * (h + 1) * (i - j))': '',
  'exp(-rate * (i - j) / 3.0)': 'in rate: f32[h]',
  'exp2(-0.125 * (i - j))': '',
  '(1.0 + 0.1 * wide) ** (i - j)': 'in wide: f32[e]',
};

interface Choices {
  readonly grouped: boolean;
  readonly q: string;
  readonly k: string;
  readonly order: string | undefined;
  readonly kept: string | undefined;
  readonly decay: string | undefined;
  readonly inside: string | undefined;
  readonly shape: (s: string) => string;
  readonly normalizer: string;
  readonly outputs: readonly string[];
}

const SHAPES: readonly ((s: string) => string)[] = [
  (s) => s,
  (s) => `${s} * D ** -0.5`,
  (s) => `${s} + 0.25`,
  (s) => `0.5 * ${s} - sum[d](k)`,
  (s) => `(if j % 2 == 0 then ${s} else 0.5)`,
  (s) => `${s} * bias / (1 + h)`,
];
/** Of weights that are not negative, sums may divide. */
const NORMALIZERS = ['s', 'mean_weights[j](s)', 's / (sum[j](abs_weight) + 0.5)'];
const SUMS = ['l1[j](s)', 's / (sum[j](s) + 0.01)', 's / max(sum[j](s), 0.5)', 's'];

const choices = (positive: boolean): fc.Arbitrary<Choices> =>
  fc.record({
    grouped: fc.boolean(),
    q: fc.constantFrom(...(positive ? POSITIVE : MAPS)),
    k: fc.constantFrom(...(positive ? POSITIVE : MAPS)),
    order: fc.option(fc.constantFrom(...ORDERS), { nil: undefined, freq: 4 }),
    kept: fc.option(fc.constantFrom(...Object.keys(KEPT)), { nil: undefined }),
    decay: fc.option(fc.constantFrom(...Object.keys(DECAYS)), { nil: undefined }),
    inside: fc.option(
      fc.constantFrom(
        'u',
        'if i == j then u else w',
        '(1.0 + 0.1 * w) ** (i - j)',
        'exp(-square(u) * abs(i - j))',
      ),
      {
        nil: undefined,
      },
    ),
    shape: fc.constantFrom(...(positive ? SHAPES.slice(0, 3) : SHAPES)),
    normalizer: fc.constantFrom(...(positive ? SUMS : NORMALIZERS)),
    outputs: fc.uniqueArray(
      fc.constantFrom(
        'out y: f32[b, h, i, e] = sum[j](p * v)',
        'out row: f32[b, h, i] = sum[j](p)',
        'out column: f32[b, h, j] = sum[i](p)',
        'out some: f32[b, h, i] = if any[j](v[e = 0] > -100.0) then sum[j](p * k[d = 0]) else -1.0',
      ),
      { minLength: 1, maxLength: 2 },
    ),
  });

function textOf(c: Choices): string {
  const g = c.grouped ? 'g' : 'h';
  // Without an order no power of the distance is a product, and signs of it have no end.
  const decay = c.order === undefined ? undefined : c.decay;
  const wide = decay?.includes('wide') === true;
  const outputs = wide ? ['out y: f32[b, h, i, e] = sum[j](p * v)'] : c.outputs;
  const normalizer = wide ? 's' : c.normalizer;
  const ties = (x: string | undefined): boolean => x !== undefined && /i/.test(x.replace('if', ''));
  const inside = c.order === undefined && ties(c.inside) ? undefined : c.inside;
  const weight = c.shape(`sum[d](fq * fk${inside === undefined ? '' : ` * (${inside})`})`);
  const score = decay === undefined ? weight : `(${weight}) * ${decay}`;
  const declared = [c.kept === undefined ? '' : KEPT[c.kept]!, decay === undefined ? '' : DECAYS[decay]!];
  const all = `${score} ${normalizer} ${outputs.join(' ')}`;
  const also: Readonly<Record<string, string>> = {
    u: 'in u: f32[d]',
    w: 'in w: f32[d]',
    bias: `in bias: f32[b, ${g}, j]`,
    v: `in v: f32[b, ${g}, j, e]`,
  };
  const used = Object.entries(also).filter(([n]) => new RegExp(`\\b${n}\\b`).test(all));
  return [
    'kernel case {',
    `axes b: B, h: H, ${c.grouped ? 'g: G = h / (H / G), ' : ''}i: N, j: N, d: D, e: E`,
    'in q: f32[b, h, i, d]',
    `in k: f32[b, ${g}, j, d]`,
    ...used.map(([, text]) => text),
    ...declared.filter((x) => x !== ''),
    ...(c.order === undefined ? [] : [`mask ${c.order}`]),
    ...(c.kept === undefined ? [] : [`mask ${c.kept}`]),
    `let fq = ${c.q.replaceAll('X', 'q')}`,
    `let fk = ${c.k.replaceAll('X', 'k')}`,
    `score s = ${score}`,
    `let p = ${normalizer.replace('abs_weight', '0.0 * s + 1.0')}`,
    ...outputs,
    '}',
    '',
  ].join('\n');
}

const withSizes = (text: fc.Arbitrary<string>): fc.Arbitrary<SpecCase> =>
  fc
    .record({
      text,
      N: fc.constantFrom(...LENGTHS),
      D: fc.constantFrom(...WIDTHS),
      E: fc.constantFrom(...WIDTHS),
      G: fc.constantFrom(1, 2),
      seed: fc.integer({ min: 0, max: 2 ** 30 }),
    })
    .map(({ text: t, N, D, E, G, seed }) => ({
      text: t,
      sizes: { B: 2, H: G * 2, G, N, D, E },
      params: {},
      seed,
      scale: 1 / 16,
    }));

/** Weights that are sums of products of a factor for each side. */
export const separableSpecs = (): fc.Arbitrary<SpecCase> =>
  withSizes(fc.boolean().chain(choices).map(textOf));

const KEY_SCORES = [
  's0',
  's0 * 3.0 - 0.1 * j',
  's0 - rate * (i - j)',
  's0 - 0.25 * abs(i - j)',
  's0 + 0.5 * h',
];
const EXPONENTIALS = [
  'softmax[j](s)',
  'softmax_sink[j](s, z)',
  'softmax_off_by_one[j](s)',
  'softmax_temperature[j](s, 0.7)',
  'exp(s - logsumexp[j](s))',
  'exp(s - max[j](s))',
];

/** Weights that do not read the query, relative to the greatest score. */
export const scannedSpecs = (): fc.Arbitrary<SpecCase> =>
  withSizes(
    fc
      .record({
        order: fc.constantFrom('j <= i', 'j < i', 'j >= i', 'j > i'),
        kept: fc.option(fc.constantFrom('keep', 'j < length'), { nil: undefined }),
        score: fc.constantFrom(...KEY_SCORES),
        weights: fc.constantFrom(...EXPONENTIALS),
        outputs: fc.uniqueArray(
          fc.constantFrom(
            'out y: f32[b, h, i, e] = sum[j](p * v)',
            'out lse: f32[b, h, i] = logsumexp[j](s)',
            'out greatest: f32[b, h, i] = max[j](s)',
            'out least: f32[b, h, i] = if any[j](true) then min[j](s) else 0.0',
          ),
          { minLength: 1, maxLength: 3 },
        ),
      })
      .map(({ order, kept, score, weights, outputs }) => {
        // Backwards in time a decay grows, which no maximum is there to keep small.
        const back = order === 'j >= i' || order === 'j > i';
        const s = back ? score.replace('(i - j)', '(j - i)') : score;
        return [
          'kernel case {',
          'axes b: B, h: H, i: N, j: N, e: E',
          'in s0: f32[b, h, j]',
          'in v: f32[b, h, j, e]',
          ...(s.includes('rate') ? ['in rate: f32[h]'] : []),
          ...(weights.includes('z') ? ['in z: f32[h]'] : []),
          ...(kept === undefined ? [] : [KEPT[kept]!]),
          `mask ${order}`,
          ...(kept === undefined ? [] : [`mask ${kept}`]),
          `let s[b, h, i, j] = ${s}`,
          `let p[b, h, i, j] = ${weights}`,
          ...outputs,
          '}',
          '',
        ].join('\n');
      }),
  );
