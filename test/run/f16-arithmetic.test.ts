/** Attention on f16 tensors, whose tiles are held as f16 and multiplied in f32 or as f16, against the bound of each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText, manifestOf, type Compiled } from '../../src/compile.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { roundF16 } from '../../src/expr/scalar.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { tensorFrom } from '../../src/runtime/tensor.ts';
import { openWebgpu, type Webgpu } from '../../src/runtime/webgpu-device.ts';
import { runOnWebgpu } from '../../src/runtime/webgpu.ts';
import { useDriver } from './wgsl.ts';

const text = readFileSync(join(import.meta.dirname, '../../examples/sdpa.attn'), 'utf8');
const [N, D] = [45, 32];
const sizes = { B: 1, H: 1, N, M: N, D, E: D };

const random = randomFrom(7);
const draw = (): Float64Array => Float64Array.from({ length: N * D }, () => roundF16(random.normal()));
const inputs = { q: draw(), k: draw(), v: draw() };

/**
 * Attention in float64, and how far a result may be off: with u = 2^-11 a score of four-term f16 sums by d = 4 u Σ |q k| / √D, a
 * weight by a factor of exp(2 d) at most, where its denominator errs as well, and a sum of weights and values, each product with a weight
 * that was rounded, by 5 u Σ p |v|.
 */
function exact(): { readonly y: Float64Array; readonly bound: Float64Array } {
  const u = 2 ** -11;
  const [y, bound] = [new Float64Array(N * D), new Float64Array(N * D)];
  for (let i = 0; i < N; i++) {
    const scores = new Float64Array(N);
    let d = 0;
    for (let j = 0; j < N; j++) {
      let size = 0;
      for (let x = 0; x < D; x++) {
        const product = inputs.q[i * D + x]! * inputs.k[j * D + x]!;
        scores[j]! += product / Math.sqrt(D);
        size += Math.abs(product);
      }
      d = Math.max(d, (4 * u * size) / Math.sqrt(D));
    }
    const weights = scores.map(Math.exp);
    const total = weights.reduce((a, b) => a + b, 0);
    for (let e = 0; e < D; e++) {
      let size = 0;
      for (let j = 0; j < N; j++) {
        const term = (weights[j]! / total) * inputs.v[j * D + e]!;
        y[i * D + e]! += term;
        size += Math.abs(term);
      }
      bound[i * D + e] = size * (Math.expm1(2 * d) + 5 * u);
    }
  }
  return { y, bound };
}
const right = exact();

function compiled(features: { readonly f16Arithmetic: boolean }): Compiled & { readonly source: string } {
  const { value } = compileText(text, {
    target: 'wgsl',
    set: { D, E: D },
    storage: { q: 'f16', k: 'f16', v: 'f16', y: 'f32' },
    features: { device: 'gpu', shaderF16: true, ...features },
  });
  return { ...value!, source: value!.files.find((f) => f.path.endsWith('.wgsl'))!.text };
}

/** Largest error, and largest error as a part of its bound. */
function errorOf(y: ArrayLike<number>): { readonly worst: number; readonly ofBound: number } {
  let [worst, ofBound] = [0, 0];
  right.y.forEach((x, n) => {
    const error = Math.abs(y[n]! - x);
    worst = Math.max(worst, error);
    ofBound = Math.max(ofBound, error / right.bound[n]!);
  });
  return { worst, ofBound };
}

describe('tiles in f16', () => {
  const held = compiled({ f16Arithmetic: false });
  const multiplied = compiled({ f16Arithmetic: true });
  const run = ({ program }: Compiled) => {
    const { outputs, errors } = interpretProgram(program, inputs, sizes);
    expect(errors).toEqual([]);
    return errorOf(outputs['y']!);
  };

  it('lose nothing where they are only held', () => {
    expect(held.source).toMatch(/array<vec4<f16>, \d+>/);
    // A hundred roundings of f32.
    expect(run(held).worst).toBeLessThan(100 * 2 ** -24);
  });

  it('keep to the bound of their products', () => {
    expect(multiplied.source).toMatch(/f32\(fma\(f16\(/);
    const { worst, ofBound } = run(multiplied);
    expect(ofBound).toBeLessThanOrEqual(1);
    expect(worst).toBeGreaterThan(10 * run(held).worst);
  });

  it('are f32 where nobody asks', () => {
    const { value } = compileText(text, {
      target: 'wgsl',
      set: { D, E: D },
      features: { device: 'gpu', f16Arithmetic: true },
    });
    expect(value!.files[0]!.text).not.toMatch(/f16\(/);
  });

  const driver = useDriver('lavapipe');
  it.skipIf(driver === undefined)('agree on a device', { timeout: 120_000 }, async (context) => {
    const gpu: Webgpu | undefined = await openWebgpu({ shaderF16: true }).catch(() => undefined);
    if (!gpu) return context.skip('the device has no shader-f16');
    const bytes = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [name, tensorFrom('f16', [N * D], x).bytes]),
    );
    for (const c of [held, multiplied]) {
      const manifest = manifestOf(c.files);
      const { outputs } = await runOnWebgpu(gpu, { source: c.source, manifest }, bytes, sizes);
      const y = outputs['y']!;
      expect(errorOf(new Float32Array(y.slice().buffer)).ofBound).toBeLessThanOrEqual(1);
    }
  });
});
