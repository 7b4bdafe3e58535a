/** The public API: what a program sees, without files or devices. */
import { describe, expect, it } from 'vitest';
import {
  attn,
  check,
  compile,
  explain,
  format,
  interpret,
  parse,
  printExplanation,
} from '../../src/index.ts';

const SPEC = `kernel mean_value {
  axes i: N, j: M, d: D
  in q: f32[i, d]
  in k: f32[j, d]
  in v: f32[j, d]
  in bias: f32[j] = 0.0
  param scale: float = 0.5
  mask j <= i
  score s = sum[d](q * k) * scale + bias
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f32[i, d]
}`;
const tensor = (shape: number[], f: (n: number) => number) => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, n) => f(n)),
});
const inputs = {
  q: tensor([2, 1], (n) => n + 1),
  k: tensor([2, 1], (n) => 1 - n),
  v: tensor([2, 1], (n) => 10 * n),
};

describe('public API', () => {
  it('refuses a size that the kernel does not have', () => {
    const { value, diagnostics } = compile(SPEC, { target: 'wgsl', set: { D: 8, S: 16 } });
    expect(value).toBeUndefined();
    expect(diagnostics.map((d) => [d.code, d.message, d.hint])).toEqual([
      ['E0722', 'mean_value has no size S', 'it has N, M, D'],
    ]);
  });
  it('parses and checks without throwing', () => {
    expect(parse(SPEC).file.kernels.map((k) => k.name.text)).toEqual(['mean_value']);
    expect(check(SPEC)).toEqual([]);
    expect(check(SPEC.replace('q * k', 'q * kk')).map((d) => d.severity)).toContain('error');
    expect(check('kernel {{{').length).toBeGreaterThan(0);
  });

  it('interprets with an optional input absent and a param at its default', () => {
    const { diagnostics, value } = interpret(SPEC, { inputs });
    expect(diagnostics).toEqual([]);
    // Row 1 sees both keys with scores 2·1·0.5 = 1 and 0.
    const second = 10 / (1 + Math.exp(1));
    expect(value!['y']!.shape).toEqual([2, 1]);
    expect(value!['y']!.data[0]).toBe(0);
    expect(value!['y']!.data[1]).toBeCloseTo(second, 12);
  });

  it('takes an optional input and a param when they are given', () => {
    const bias = tensor([2], (n) => Math.log(n + 1));
    const { value } = interpret(SPEC, { inputs: { ...inputs, bias }, params: { scale: 0 } });
    expect(value!['y']!.data[1]).toBeCloseTo(20 / 3, 12);
  });

  it('tells the user about sizes that do not fit', () => {
    const { diagnostics, value } = interpret(SPEC, { inputs: { ...inputs, v: tensor([3, 1], () => 0) } });
    expect(value).toBeUndefined();
    expect(diagnostics.map((d) => d.code)).toEqual(['E0502']);
    expect(diagnostics[0]!.message).toContain('`v`');
  });

  it('compiles for every target and says which size it needs', () => {
    for (const target of ['wgsl', 'cuda'] as const) {
      const { value } = compile(SPEC, { target, set: { D: 16 } });
      expect(
        value!.files.map((f) => f.path).some((p) => p.endsWith(target === 'wgsl' ? '.wgsl' : '.cu')),
      ).toBe(true);
      expect(compile(SPEC, { target }).diagnostics.map((d) => d.code)).toEqual(['E0610']);
    }
    expect(compile(SPEC, { target: 'wgsl', kernel: 'nothing' }).diagnostics.map((d) => d.code)).toEqual([
      'E0612',
    ]);
  });

  it('gives the same text every time', () => {
    const text = () => compile(SPEC, { target: 'wgsl', set: { D: 16 } }).value!.files.map((f) => f.text);
    expect(text()).toEqual(text());
  });

  it('explains what it decided', () => {
    const { value } = explain(SPEC, { target: 'wgsl', set: { D: 16 } });
    expect(value!.launches).toBe(1);
    expect(value!.stages[0]!.passes[0]!.loops).toEqual([
      { axis: 'j', ranges: [{ from: '0', to: 'i.last' }] },
    ]);
    expect(printExplanation(value!)).toContain('rescaled when');
  });

  it('formats, and offers the same through a template', () => {
    expect(format(SPEC)).toContain('score s = sum[d](q * k) * scale + bias');
    const spec = attn`kernel twice { axes i: ${4}  in x: f32[i]  out y: f32[i] = x * ${2} }`;
    expect(spec.check()).toEqual([]);
    const { value } = spec.interpret({ inputs: { x: tensor([4], (n) => n) } });
    expect([...value!['y']!.data]).toEqual([0, 2, 4, 6]);
    expect(spec.compile({ target: 'cuda' }).value!.files.length).toBeGreaterThan(0);
  });
});
