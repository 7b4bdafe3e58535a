/** Whole specs as text, with sizes, params and a seed for the inputs: what laws of the compiler are tried on. */
import fc from 'fast-check';
import type { StorageType } from '../../src/expr/types.ts';
import { masks, type MaskChoice } from './spec-arbitrary-masks.ts';
import { NORMALIZERS, OUTPUTS, SCORES, SCORE_MAPS, type Ingredient } from './spec-arbitrary-parts.ts';

export interface SpecCase {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Seeds the values of the inputs. */
  readonly seed: number;
  /** Multiplies input values, whose magnitudes are at most 30. */
  readonly scale: number;
}

/** Extents that are one, prime, a tile and one past a tile. */
const LENGTHS = [1, 2, 3, 7, 8, 16, 17, 33, 64, 65] as const;
const WIDTHS = [1, 2, 3, 4, 5, 8, 16] as const;

export interface SpecOptions {
  /** Storages of queries, keys and values. */
  readonly storages?: readonly StorageType[];
  /** Elements of all score tiles times widths, at most. */
  readonly work?: number;
}

interface Choices {
  readonly batch: boolean;
  readonly heads: 'none' | 'equal' | 'grouped' | 'shared';
  readonly storage: StorageType;
  readonly score: Ingredient;
  readonly second: Ingredient | undefined;
  readonly map: Ingredient;
  readonly masks: (batch: string) => readonly MaskChoice[];
  readonly normalizer: Ingredient;
  readonly outputs: readonly Ingredient[];
}

const choices = (storages: readonly StorageType[]): fc.Arbitrary<Choices> =>
  fc.record({
    batch: fc.boolean(),
    heads: fc.constantFrom('none', 'equal', 'grouped', 'shared'),
    storage: fc.constantFrom(...storages),
    score: fc.constantFrom(...SCORES),
    second: fc.option(fc.constantFrom(...SCORES), { nil: undefined, freq: 4 }),
    map: fc.constantFrom(...SCORE_MAPS),
    masks,
    normalizer: fc.constantFrom(...NORMALIZERS),
    outputs: fc.uniqueArray(fc.constantFrom(...OUTPUTS), { minLength: 1, maxLength: 3 }),
  });

/** The spec that some choices describe. */
function specText(c: Choices): string {
  const lead = [...(c.batch ? ['b'] : []), ...(c.heads === 'none' ? [] : ['h'])];
  const head = { none: '', equal: 'h', grouped: 'g', shared: '' }[c.heads];
  const keyLead = [...(c.batch ? ['b'] : []), ...(head === '' ? [] : [head])];
  const prefix = (axes: readonly string[]): string => axes.map((a) => `${a}, `).join('');
  const place = {
    query: prefix(lead),
    key: prefix(keyLead),
    head: c.heads === 'none' ? '' : 'h, ',
    storage: c.storage,
  };
  const lines = c.masks(c.batch ? 'b, ' : '');
  const score = c.score.text(place);
  const second = c.second?.text(place);
  const declares: Record<string, string> = {};
  const functions: Record<string, string> = {};
  for (const part of [c.score, c.second, c.map, c.normalizer, ...c.outputs]) {
    if (!part) continue;
    Object.assign(declares, part.declares?.(place));
    if (part.fn) functions[part.fn] = part.fn;
  }
  for (const m of lines) Object.assign(declares, m.declares);
  const axes = [
    ...(c.batch ? ['b: B'] : []),
    ...(c.heads === 'none' ? [] : ['h: H']),
    ...(c.heads === 'grouped' ? ['g: G = h / (H / G)'] : []),
    'i: N, j: M, d: D, e: E',
  ];
  return [
    ...Object.values(functions),
    'kernel case {',
    `axes ${axes.join(', ')}`,
    ...Object.values(declares),
    ...lines.map((m) => `mask ${m.text}`),
    `score s0 = ${second === undefined ? score : `${score} + 0.5 * (${second})`}`,
    `let s = ${c.map.text(place)}`,
    c.normalizer.text(place),
    ...c.outputs.map((o) => o.text(place)),
    '}',
    '',
  ].join('\n');
}

/** Sizes of a case; long axes are cut until the interpreters are quick enough. */
function sizesOf(
  text: string,
  drawn: Readonly<Record<string, number>>,
  work: number,
): Record<string, number> {
  const sizes = { ...drawn };
  const used = (name: string): number => (new RegExp(`: ${name}\\b`).test(text) ? sizes[name]! : 1);
  sizes.H = text.includes('g: G') ? sizes.G! * sizes.H! : sizes.H!;
  const total = (): number => used('B') * used('H') * sizes.N! * sizes.M! * (8 + sizes.D! + sizes.E!);
  while (total() > work) {
    const largest = ['N', 'M', 'D', 'E'].reduce((a, b) => (sizes[a]! >= sizes[b]! ? a : b));
    sizes[largest] = [...LENGTHS].reverse().find((n) => n < sizes[largest]!) ?? 1;
  }
  // Rotations pair features.
  if (text.includes('rope')) sizes.D! += sizes.D! % 2;
  return sizes;
}

/** Specs over queries and keys. Every one is free of errors and has a meaning for the inputs that `inputsOf` draws. */
export function attentionSpecs(options: SpecOptions = {}): fc.Arbitrary<SpecCase> {
  const { storages = ['f32', 'f32', 'f16', 'bf16'], work = 40_000 } = options;
  return fc
    .record({
      choices: choices(storages),
      sizes: fc.record({
        B: fc.constantFrom(1, 2),
        H: fc.constantFrom(1, 2),
        G: fc.constantFrom(1, 2),
        N: fc.constantFrom(...LENGTHS),
        M: fc.constantFrom(...LENGTHS),
        D: fc.constantFrom(...WIDTHS),
        E: fc.constantFrom(...WIDTHS),
      }),
      params: fc.record({ window: fc.integer({ min: -1, max: 20 }), sinks: fc.integer({ min: 0, max: 5 }) }),
      seed: fc.nat(),
      scale: fc.constantFrom(0.03, 0.1, 0.3),
    })
    .map(({ choices, sizes, params, seed, scale }) => {
      const text = specText(choices);
      return { text, sizes: sizesOf(text, sizes, work), params, seed, scale };
    });
}

/** Specs without anything to stream over: elementwise values and norms. */
export const pointwiseSpecs: fc.Arbitrary<SpecCase> = fc
  .record({
    body: fc.constantFrom(
      'out y: f32[i, d] = silu(x) * w',
      'out y: f16[i, d] = rms_norm[d](x, 0.01) * w',
      'out y: f32[i, d] = rope[d](x, i, 100.0)',
      'out y: f32[d, i] = x - mean[d](x)',
      'out y: f32[i] = sum[d](x * w)\n out z: f32[i, d] = x * w',
      'out y: i32[i] = argmax[d](x)',
      'out y: f32[i, d] = if i % 2 == 0 then x else -x[d = D - 1 - d]',
      'out y: f32[i] = max[d](abs(x)) + i * 0.5',
    ),
    N: fc.constantFrom(...LENGTHS),
    half: fc.constantFrom(1, 2, 4),
    seed: fc.nat(),
    scale: fc.constantFrom(0.1, 1),
  })
  .map(({ body, N, half, seed, scale }) => ({
    text: `kernel case {\naxes i: N, d: D\nin x: f32[i, d]\n${body.includes('w') ? 'in w: f32[d]\n' : ''}${body}\n}\n`,
    sizes: { N, D: 2 * half },
    params: {},
    seed,
    scale,
  }));

/** Specs over images: queries and keys have rows and columns, and a reduction takes both axes of the keys. */
const imageSpecs: fc.Arbitrary<SpecCase> = fc
  .record({
    mask: fc.constantFrom('', 'mask abs(iy - jy) <= 1 && abs(ix - jx) <= 2', 'mask jy < iy || jx <= ix'),
    bias: fc.constantFrom('', ' + table[iy - jy + Y - 1, ix - jx + X - 1]'),
    output: fc.constantFrom(
      'out y: f32[b, iy, ix, e] = sum[jy, jx](p * v)',
      'out y: f32[b, iy, ix, e] = sum[jy, jx](p * v)\nout lse: f32[b, iy, ix] = logsumexp[jy, jx](s)',
      'out most: i32[b, iy, ix] = argmax[jy, jx](s)\nout total: f32[iy, b, ix] = sum[jy, jx](p * p)',
      'out hit: f32[b, jy, jx] = sum[iy, ix](p)',
    ),
    normalizer: fc.constantFrom('softmax', 'l1_softplus', 'softmax_off_by_one'),
    sizes: fc.record({
      B: fc.constantFrom(1, 2),
      Y: fc.constantFrom(1, 2, 3, 5),
      X: fc.constantFrom(1, 3, 4, 7),
      D: fc.constantFrom(1, 4),
      E: fc.constantFrom(1, 3, 4),
    }),
    seed: fc.nat(),
    scale: fc.constantFrom(0.03, 0.1),
  })
  .map(({ mask, bias, output, normalizer, sizes, seed, scale }) => {
    const lines = [
      'kernel case {',
      'axes b: B, iy: Y, ix: X, jy: Y, jx: X, d: D, e: E',
      'in q: f32[b, iy, ix, d]',
      'in k: f32[b, jy, jx, d]',
      ...(output.includes('* v') ? ['in v: f32[b, jy, jx, e]'] : []),
      ...(bias === '' ? [] : ['in table: f32[2 * Y - 1, 2 * X - 1]']),
      mask,
      `score s = sum[d](q * k)${bias}`,
      `normalize p = ${normalizer}[jy, jx](s)`,
      output,
      '}',
      '',
    ];
    return {
      text: lines.filter((l, n) => l !== '' || n === lines.length - 1).join('\n'),
      sizes,
      params: {},
      seed,
      scale,
    };
  });

/** Mostly attention over positions, sometimes over images, sometimes nothing to stream over. */
export const specs = (options: SpecOptions = {}): fc.Arbitrary<SpecCase> =>
  fc.oneof(
    { weight: 8, arbitrary: attentionSpecs(options) },
    { weight: 1, arbitrary: imageSpecs },
    { weight: 1, arbitrary: pointwiseSpecs },
  );
