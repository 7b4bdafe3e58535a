/** One query against 32,768 keys, eight heads on two shared: a stream that is shared by workgroups gives what one gives. */
import { describe, expect, it } from 'vitest';
import { evaluateFormula, printFormula } from '../../backends/formula.ts';
import { missingFor } from '../../src/cli/targets.ts';
import { checkText, compileIr, manifestOf, semanticIr } from '../../src/compile.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { runOnWebgpu } from '../../src/runtime/webgpu.ts';

const SPEC = `kernel decode {
  axes b: B, h: H, g: G = h / (H / G), i: N, j: M, d: D, e: E
  in q: f32[b, h, i, d]
  in k: f32[b, g, j, d]
  in v: f32[b, g, j, e]
  require H % G == 0
  mask causal_bottom_right(i, j, N, M)
  out y: f32[b, h, i, e] = sum[j](softmax[j](scaled_dot[d](q, k)) * v)
}`;
const SIZES = { B: 1, H: 8, G: 2, N: 1, M: 32768, D: 64, E: 64 };
const FIXED = { D: SIZES.D, E: SIZES.E };

const missing = await missingFor('wgsl');
const ir = semanticIr(checkText(SPEC));

/** By the compiler's own plan for these sizes, with the shares that are asked for. */
async function decoded(shares: number, inputs: Readonly<Record<string, Uint8Array>>): Promise<Float32Array> {
  const options = { target: 'wgsl', features: { device: 'cpu' }, set: FIXED, expected: SIZES } as const;
  const [first] = compileIr(ir, options).tile.stages;
  const { split: _own, ...plan } = first!.plan!;
  const compiled = compileIr(ir, { ...options, plans: [shares > 1 ? { ...plan, split: shares } : plan] });
  expect(compiled.tile.stages.length).toBe(shares > 1 ? 2 : 1);
  const manifest = manifestOf(compiled.files);
  const source = compiled.files.find((f) => f.path === manifest.source)!.text;
  const { outputs } = await runOnWebgpu(await openWebgpu({}), { source, manifest }, inputs, SIZES);
  return new Float32Array(outputs['y']!.slice().buffer);
}

describe(`decoding (${missing ?? 'a WebGPU device is here'})`, () => {
  it.skipIf(missing !== undefined)(
    'gives the same to 1e-5 however the stream is shared',
    { timeout: 180_000 },
    async () => {
      const random = randomFrom(5);
      const draw = (length: number): Uint8Array =>
        new Uint8Array(Float32Array.from({ length }, random.normal).buffer);
      const { H, G, M, D, E } = SIZES;
      const inputs = { q: draw(H * D), k: draw(G * M * D), v: draw(G * M * E) };
      const whole = await decoded(1, inputs);
      for (const shares of [2, 7]) {
        const parts = await decoded(shares, inputs);
        const worst = parts.reduce((most, y, n) => Math.max(most, Math.abs(y - whole[n]!)), 0);
        expect(worst).toBeLessThan(1e-5);
        expect(Math.max(...parts.map(Math.abs))).toBeGreaterThan(1e-3);
      }
    },
  );

  it('fills a device of 132 cores', () => {
    const { program } = compileIr(ir, { target: 'cuda', set: FIXED, expected: SIZES });
    const [parts] = program.kernels;
    expect(evaluateFormula(printFormula(parts!.grid), SIZES)).toBeGreaterThanOrEqual(132);
  });
});
