/** Tensors of 8-bit floats and bytes: every value is read exactly, and stored values are the nearest ones, on every executor. */
import { describe, expect, it } from 'vitest';
import { irOf, openSpec } from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import { execute, missingFor, type Launch } from '../../src/cli/targets.ts';
import { roundOutputs } from '../../src/cli/round-outputs.ts';
import { float8Bits, float8Value, type Float8 } from '../../src/expr/float8.ts';
import { tensorFrom, tensorOf, tensorValues, type Tensor } from '../../src/runtime/tensor.ts';

/** A launch binds at most eight tensors. */
const TEXTS = [
  `kernel narrow {
  axes i: N
  in a: e4m3[i]
  in c: e5m2[i]
  in m: i8[i]
  in n: u8[i]
  out ra: f32[i] = a
  out rc: f32[i] = c
  out rm: i32[i] = m
  out rn: u32[i] = n
}`,
  `kernel narrow {
  axes i: N
  in x: f32[i]
  in t: i32[i]
  out wa: e4m3[i] = x
  out wc: e5m2[i] = x
  out wm: i8[i] = t
  out wn: u8[i] = u32(max(t, 0))
}`,
];

/** Bits of all finite values. */
const finite = (format: Float8): number[] =>
  Array.from({ length: 256 }, (_, n) => n).filter((n) => Number.isFinite(float8Value(format, n)));

/** All values of a format, what lies between neighbours, next to those points, and beyond the greatest. */
function samples(format: Float8): number[] {
  const values = [...new Set(finite(format).map((n) => float8Value(format, n)))].sort((a, b) => a - b);
  const between = values.slice(1).map((v, n) => (v + values[n]!) / 2);
  const near = between.flatMap((v) => [v, v * (1 + 2 ** -20), v * (1 - 2 ** -20)]);
  const greatest = values.at(-1)!;
  return [...values, ...near, 1.04 * greatest, 3 * greatest, -3 * greatest, 1e30, 2 ** -40].map(Math.fround);
}

const nearest = (format: Float8, x: number): number => {
  const values = finite(format).map((n) => float8Value(format, n));
  return values.reduce((a, b) => (Math.abs(b - x) < Math.abs(a - x) ? b : a));
};

describe.each(['e4m3', 'e5m2'] as const)('%s', (format) => {
  it('keeps its own values', () => {
    for (const n of finite(format)) expect(float8Bits(format, float8Value(format, n))).toBe(n);
  });

  it('takes the nearest value, of two the one with an even mantissa', () => {
    for (const x of samples(format)) {
      const got = float8Value(format, float8Bits(format, x));
      expect(Math.abs(got - x), `${x}`).toBe(Math.abs(nearest(format, x) - x));
      const tie = finite(format).filter(
        (n) => n !== 0x80 && Math.abs(float8Value(format, n) - x) === Math.abs(got - x),
      );
      // Far beyond the greatest value all are equally far.
      if (tie.length === 2) expect(float8Bits(format, x) & 1, `${x}`).toBe(0);
    }
  });

  it('has a NaN, and infinities only in e5m2', () => {
    expect(float8Value(format, float8Bits(format, NaN))).toBeNaN();
    expect(float8Value(format, float8Bits(format, -Infinity))).toBe(format === 'e5m2' ? -Infinity : -448);
  });
});

function launch(text: string): Launch {
  const sources = new Sources();
  const spec = {
    ...openSpec(sources, new URL('../../examples/sdpa.attn', import.meta.url).pathname),
    text,
  };
  const variant = { kernel: 'narrow', set: {}, consts: {}, absent: new Set<string>(), storage: {} };
  const xs = [...samples('e4m3'), ...samples('e5m2')];
  const N = xs.length;
  const around = (list: readonly number[]): number[] => xs.map((_, n) => list[n % list.length]!);
  const bits = (list: readonly number[]): Uint8Array => Uint8Array.from(around(list));
  const bytes = Array.from({ length: 256 }, (_, n) => n);
  const integers = [0, 1, -1, 127, 128, 129, -127, -128, -129, 255, 256, 257, 2147483647, -2147483648];
  const inputs = new Map<string, Tensor>([
    ['a', tensorOf('e4m3', [N], bits(finite('e4m3')))],
    ['c', tensorOf('e5m2', [N], bits(finite('e5m2')))],
    ['m', tensorOf('i8', [N], bits(bytes))],
    ['n', tensorOf('u8', [N], bits(bytes))],
    ['x', tensorFrom('f32', [N], xs)],
    ['t', tensorFrom('i32', [N], around(integers))],
  ]);
  const kernel = irOf(spec, variant);
  const read = new Map(kernel.tensors.map((x) => [x.name, inputs.get(x.name)!]));
  return { spec, variant, features: {}, kernel, inputs: read, sizes: { N }, params: {} };
}

describe.each(['interp', 'kernel-interp', 'wgsl', 'cuda-emu'] as const)('on %s', (target) => {
  it('reads and stores every value', async ({ skip }) => {
    const missing = await missingFor(target);
    if (missing !== undefined) skip(missing);
    const tensors = new Map<string, Tensor>();
    for (const text of TEXTS) {
      const l = launch(text);
      const outputs = roundOutputs(l.kernel, await execute(target, l));
      for (const [name, t] of [...l.inputs, ...outputs]) tensors.set(name, t);
    }
    const of = (name: string): number[] => [...tensorValues(tensors.get(name)!)];
    const given = of;
    const clamp = (low: number, high: number) => given('t').map((x) => Math.min(Math.max(x, low), high));
    expect(of('ra')).toEqual(given('a'));
    expect(of('rc')).toEqual(given('c'));
    expect(of('rm')).toEqual(given('m'));
    expect(of('rn')).toEqual(given('n'));
    const rounded = (format: Float8) => given('x').map((x) => float8Value(format, float8Bits(format, x)));
    expect(of('wa')).toEqual(rounded('e4m3'));
    expect(of('wc')).toEqual(rounded('e5m2'));
    expect(of('wm')).toEqual(clamp(-128, 127));
    expect(of('wn')).toEqual(clamp(0, 255));
  });
});
