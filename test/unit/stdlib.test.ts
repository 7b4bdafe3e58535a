import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lowerKernel } from '../../src/ir/from-model.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { checkFile } from '../../src/model/check.ts';
import { STDLIB } from '../../src/stdlib/bundle.ts';
import { generateBundle } from '../../src/stdlib/generate.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { randomTensor, run } from '../support/kernels.ts';

const root = join(import.meta.dirname, '../..');
const library = join(root, 'src/stdlib');
const examples = join(root, 'examples');
const attnFiles = (folder: string): string[] => readdirSync(folder).filter((f) => f.endsWith('.attn'));
const textOf = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8');
const functions = Object.entries(STDLIB).flatMap(([name, text]) => parseSource(text, `std:${name}`).file.fns);
const uses = new Map(functions.map((f) => [f.name.text, f]));

describe('standard library', () => {
  it('is bundled as its files say', () => {
    const files = Object.fromEntries(attnFiles(library).map((f) => [f.slice(0, -5), textOf(library, f)]));
    expect(readFileSync(join(library, 'bundle.ts'), 'utf8')).toBe(generateBundle(files));
  });

  it.each(attnFiles(library))('%s has no errors', (file) => {
    const parsed = parseSource(textOf(library, file), file);
    expect([...parsed.diagnostics, ...checkFile(parsed.file).diagnostics]).toEqual([]);
  });

  it('documents every function, and names each once', () => {
    expect(functions.filter((f) => !f.doc).map((f) => f.name.text)).toEqual([]);
    expect(uses.size).toBe(functions.length);
    expect(functions.length).toBeGreaterThan(50);
  });
});

/** The value of one call for scalar arguments. */
function call(expr: string, x = 0, y = 0): number {
  const text = `kernel k { axes i: N\n in x: f32[i]\n in y: f32[i]\n out r: f32[i] = ${expr} + 0 * x * y }`;
  return run(text, { x: { shape: [1], data: [x] }, y: { shape: [1], data: [y] } })['r']![0]!;
}
/** The weights that a normalizer gives to one row of scores; those that `keep` is false for do not exist. */
function weights(expr: string, s: number[], keep = s.map(() => 1)): number[] {
  const text = `kernel k { axes j: M\n in s: f32[j]\n in keep: bool[j]\n mask keep\n out p: f32[j] = ${expr} }`;
  const inputs = { s: { shape: [s.length], data: s }, keep: { shape: [s.length], data: keep } };
  return run(text, inputs)['p']!;
}
const close = (actual: readonly number[], wanted: readonly number[]): void => {
  expect(actual.length).toBe(wanted.length);
  actual.forEach((a, n) => expect(a).toBeCloseTo(wanted[n]!, 12));
};

describe('scalar functions', () => {
  const points = [-40, -3, -0.5, 0, 0.25, 2, 50];
  it.each<[string, (x: number) => number]>([
    ['sigmoid(x)', (x) => 1 / (1 + Math.exp(-x))],
    ['log_sigmoid(x)', (x) => -Math.log1p(Math.exp(-x))],
    ['relu(x)', (x) => (x > 0 ? x : 0)],
    ['leaky_relu(x, 0.1)', (x) => (x > 0 ? x : 0.1 * x)],
    ['elu(x)', (x) => (x > 0 ? x : Math.expm1(x))],
    ['silu(x)', (x) => x / (1 + Math.exp(-x))],
    ['gelu_tanh(x)', (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
    ['softplus(x)', (x) => (x > 30 ? x : Math.log1p(Math.exp(x)))],
    ['clamp(x, -1.0, 1.5)', (x) => Math.min(Math.max(x, -1), 1.5)],
    ['sign(x)', Math.sign],
    ['square(x)', (x) => x * x],
    ['tan(x)', Math.tan],
    ['lerp(x, 3.0, 0.25)', (x) => 0.75 * x + 0.75],
  ])('%s', (expr, f) => {
    for (const x of points) expect(Math.abs(call(expr, x) - f(x))).toBeLessThan(1e-9 * (1 + Math.abs(f(x))));
  });
  it('gelu', () => {
    // Normal distribution function at 1 and -2.
    expect(call('gelu(x)', 1)).toBeCloseTo(0.841344746068543, 12);
    expect(call('gelu(x)', -2)).toBeCloseTo(-2 * 0.022750131948179, 12);
  });
});

describe('normalizers', () => {
  const s = [1, -2, 0.5, 3];
  const e = s.map(Math.exp);
  const total = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
  const part = (x: readonly number[], of = total(x)): number[] => x.map((y) => y / of);
  const softplus = s.map((x) => Math.log1p(Math.exp(x)));
  it.each<[string, number[]]>([
    ['softmax[j](s)', part(e)],
    ['softmax_sink[j](s, 2.0)', part(e, total(e) + Math.exp(2))],
    ['softmax_off_by_one[j](s)', part(e, total(e) + 1)],
    ['log_softmax[j](s)', part(e).map(Math.log)],
    ['softmax_temperature[j](s, 2.0)', part(s.map((x) => Math.exp(x / 2)))],
    ['l1_relu[j](s)', part([1, 0, 0.5, 3])],
    ['l1_softplus[j](s)', part(softplus)],
    ['l1_square[j](s)', part(s.map((x) => x * x))],
    ['relu_squared[j](s)', [1, 0, 0.25, 9].map((x) => x / 4)],
    ['mean_weights[j](s)', s.map((x) => x / 4)],
    ['sigmoid_weights(s, -1.0)', s.map((x) => 1 / (1 + Math.exp(1 - x)))],
  ])('%s', (expr, wanted) => close(weights(expr, s), wanted));

  it('standardizes rows', () => {
    const mean = total(s) / 4;
    const deviation = Math.sqrt(total(s.map((x) => (x - mean) ** 2)) / 4);
    const wanted = part(s.map((x) => Math.exp((x - mean) / deviation)));
    close(weights('softmax_standardized[j](s, 0.0)', s), wanted);
  });

  const rows = [...uses.values()].filter(
    (f) => f.axes.length === 1 && f.axes[0]!.text === 'j' && f.params[0]?.text === 's',
  );
  it.each(rows.map((f) => `${f.name.text}[j](s${', 1.0'.repeat(f.params.length - 1)})`))(
    '%s sees only what is kept',
    (expr) => {
      close(weights(expr, [1, 900, -2, 3], [1, 0, 1, 1]), [
        weights(expr, [1, -2, 3])[0]!,
        0,
        ...weights(expr, [1, -2, 3]).slice(1),
      ]);
      expect(weights(expr, [1, 2], [0, 0])).toEqual([0, 0]);
    },
  );

  it('gives no weight where all scores are zero or negative', () => {
    expect(weights('l1_relu[j](s)', [-1, -2, 0])).toEqual([0, 0, 0]);
  });

  it('does not overflow', () => {
    close(weights('softmax[j](s)', [1000, 1000]), [0.5, 0.5]);
    close(weights('softmax_sink[j](s, 1000.0)', [1000, -1000]), [0.5, 0]);
  });

  it('measures entropy', () => {
    const text = 'kernel k { axes j: M\n in s: f32[j]\n out h: f32[] = entropy[j](softmax[j](s)) }';
    const uniform = run(text, { s: { shape: [8], data: new Array<number>(8).fill(0) } });
    expect(uniform['h']![0]).toBeCloseTo(Math.log(8), 12);
    expect(run(text, { s: { shape: [2], data: [0, -2000] } })['h']).toEqual([0]);
  });
});

describe('divergences', () => {
  const of = (call: string, p: number[], q: number[]): number => {
    const text = `kernel k { axes j: M\n in p: f32[j]\n in q: f32[j]\n out y: f32[] = ${call} }`;
    return run(text, { p: { shape: [p.length], data: p }, q: { shape: [q.length], data: q } })['y']![0]!;
  };
  it('are 0 between equal weights, and add nothing where a weight is 0', () => {
    expect(of('jensen_shannon[j](p, q)', [0.25, 0, 0.75], [0.25, 0, 0.75])).toBe(0);
    expect(of('kullback_leibler[j](p, q)', [0, 1], [0.5, 0.5])).toBeCloseTo(Math.log(2), 12);
  });
  it('are at most log 2, between weights that share nothing', () =>
    expect(of('jensen_shannon[j](p, q)', [1, 0], [0, 1])).toBeCloseTo(Math.log(2), 12));
});

describe('what is taken', () => {
  it('is counted up to each element', () => {
    const text = 'kernel k { axes j: M, u: M\n in x: bool[j]\n out y: i32[j] = taken_before[j, u](x) }';
    expect(run(text, { x: { shape: [5], data: [1, 0, 1, 1, 0] } })['y']).toEqual([0, 1, 1, 2, 3]);
  });
});

describe('masks and scores', () => {
  /** Kept pairs of a mask over 4 queries and 5 keys, as rows of 0 and 1. */
  const grid = (expr: string): string[] => {
    const text = `kernel k { axes i: N, j: M\n out y: bool[i, j] = ${expr} }`;
    const flat = run(text, {}, { sizes: { N: 4, M: 5 } })['y']!;
    return [0, 1, 2, 3].map((i) => flat.slice(5 * i, 5 * i + 5).join(''));
  };
  it.each<[string, string[]]>([
    ['causal(i, j)', ['10000', '11000', '11100', '11110']],
    ['causal_bottom_right(i, j, N, M)', ['11000', '11100', '11110', '11111']],
    ['window(i, j, 2)', ['10000', '11000', '01100', '00110']],
    ['band(i, j, 2)', ['11000', '11100', '01110', '00111']],
    ['sinks(j, 2)', ['11000', '11000', '11000', '11000']],
    ['prefix(i, j, 2)', ['11000', '11000', '11100', '11110']],
    ['dilated(i, j, 2)', ['10101', '01010', '10101', '01010']],
    ['block_causal(i, j, 2)', ['11000', '11000', '11110', '11110']],
    ['block_local(i, j, 2)', ['11000', '11000', '00110', '00110']],
    ['key_padding(j, 3)', ['11100', '11100', '11100', '11100']],
    ['neighborhood(i, j, M, 3)', ['11100', '11100', '01110', '00111']],
    ['neighborhood(i, j, M, 7)', ['11111', '11111', '11111', '11111']],
    ['neighborhood_dilated(i, j, M, 2, 2)', ['10100', '01010', '10100', '01010']],
    ['neighborhood_dilated(i, j, M, 1, 3)', ['10000', '01000', '00100', '00010']],
    // Two ranks of four rows: each line is the position of a row.
    ['j == contiguous(1, i, 4) - 4', ['10000', '01000', '00100', '00010']],
    ['j == zigzag(1, i, 4, 2) - 2', ['10000', '01000', '00100', '00010']],
    ['j == zigzag(0, i, 4, 2) % 6', ['10000', '01000', '10000', '01000']],
    ['j == striped(1, i, 2)', ['01000', '00010', '00000', '00000']],
    ['bit(u32(9), j)', ['10010', '10010', '10010', '10010']],
  ])('%s', (expr, wanted) => expect(grid(expr)).toEqual(wanted));

  it('slopes of ALiBi', () => {
    const slopes = (n: number): number[] =>
      run('kernel k { axes h: H\n out y: f32[h] = alibi_slope(h, H) }', {}, { sizes: { H: n } })['y']!;
    close(
      slopes(8),
      [1, 2, 3, 4, 5, 6, 7, 8].map((h) => 2 ** -h),
    );
    // Four slopes of the power of two below, then every second one of the power above.
    close(slopes(6), [2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3]);
  });

  it('buckets of T5', () => {
    const bucket = (expr: string, n: number): number[] =>
      run(`kernel k { axes j: M\n out y: i32[j] = ${expr} }`, {}, { sizes: { M: n } })['y']!;
    // Independent of the library's formula: the edges of the buckets as powers, rounded up.
    const edges = Array.from({ length: 9 }, (_, n) => Math.ceil(8 * 16 ** (n / 8) - 1e-9));
    const wanted = (r: number): number =>
      r < 8
        ? r
        : 8 +
          Math.min(
            7,
            edges.findLastIndex((edge) => r >= edge),
          );
    const distances = Array.from({ length: 300 }, (_, r) => r);
    expect(bucket('t5_bucket(j, 16, 128)', 300)).toEqual(distances.map(wanted));
    expect(bucket('t5_bucket_bidirectional(150, j, 32, 128)', 300)).toEqual(
      distances.map((j) => (j > 150 ? 16 : 0) + wanted(Math.abs(j - 150))),
    );
    expect(bucket('t5_bucket_causal(3, j, 16, 128)', 6)).toEqual([3, 2, 1, 0, 0, 0]);
  });

  it('rotations keep lengths and depend on relative positions alone', () => {
    const text = (f: string): string =>
      `kernel k { axes i: N, d: D\n in x: f32[d]\n in y: f32[d]\n param at: int\n let a = ${f}[d](x, i + at, 100.0)\n let b = ${f}[d](y, at, 100.0)\n out dot: f32[i] = sum[d](a * b)\n out size: f32[i] = sum[d](a * a) }`;
    const [x, y] = [randomTensor(1, 8), randomTensor(2, 8)];
    for (const f of ['rope', 'rope_half']) {
      const [near, far] = [0, 7].map((at) => run(text(f), { x, y }, { sizes: { N: 5 }, params: { at } }));
      close(far!['dot']!, near!['dot']!);
      close(near!['size']!, new Array<number>(5).fill(x.data.reduce((s, v) => s + v * v, 0)));
      expect(Math.abs(near!['dot']![1]! - near!['dot']![2]!)).toBeGreaterThan(1e-3);
    }
  });

  it('norms, caps and gates', () => {
    const x = { shape: [2], data: [3, 4] };
    const at = (expr: string): number[] =>
      run(`kernel k { axes d: D\n in x: f32[d]\n out y: f32[d] = ${expr} }`, { x })['y']!;
    close(at('l2_norm[d](x, 0.0)'), [0.6, 0.8]);
    close(at('l2_normalize[d](x, 10.0)'), [0.3, 0.4]);
    close(at('layer_norm[d](x, 0.75)'), [-0.5, 0.5]);
    close(at('rms_norm[d](x, 0.0)'), [3 / Math.sqrt(12.5), 4 / Math.sqrt(12.5)]);
    close(at('soft_cap(x, 2.0)'), [2 * Math.tanh(1.5), 2 * Math.tanh(2)]);
    close(at('sigmoid_gate(x, 0.0)'), [1.5, 2]);
    close(
      at('silu_gate(1.0, x)'),
      [3, 4].map((v) => v / (1 + Math.exp(-v))),
    );
    close(at('tanh_gate(x, 0.0)'), [0, 0]);
    close(at('sigmoid_mix(x, 1.0, 0.0)'), [2, 2.5]);
  });
});

describe('examples', () => {
  const files = attnFiles(examples);
  it.each(files)('%s checks without a warning and lowers', (file) => {
    const parsed = parseSource(textOf(examples, file), file);
    const { model, diagnostics } = checkFile(parsed.file);
    expect([...parsed.diagnostics, ...diagnostics]).toEqual([]);
    // Variants of one mechanism share its file, and begin with its name.
    const stem = file.slice(0, -5);
    const names = model.kernels.map((k) => k.name);
    expect(names.every((name) => name === stem || name.startsWith(`${stem}_`))).toBe(true);
    const head = textOf(examples, file).split('\n');
    const comments = head.findIndex((line) => !line.startsWith('//'));
    expect(comments, 'a comment says what, paper and formula').toBeGreaterThanOrEqual(
      file === 'gated_window.attn' ? 1 : 3,
    );
    for (const name of names) verifyIr(lowerKernel(model, name));
  });
});
