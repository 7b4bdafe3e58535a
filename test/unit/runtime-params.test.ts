/** One compiled kernel serves every value of a param; a constant is compiled in. */
import { describe, expect, it } from 'vitest';
import { checkText, compileIr, semanticIr } from '../../src/compile.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Buffer } from '../../src/kernel/kernel.ts';

const spec = (declarations: string): string => `kernel windowed {
  axes i: N, j: M, d: 4
  in q: f32[i, d]
  in k: f32[j, d]
  ${declarations}
  mask j <= i && (i - j < window || j < sinks)
  let s = sum[d](q * k)
  let p = softmax[j](s)
  out y: f32[i] = sum[j](p * j)
  out lse: f32[i] = logsumexp[j](s)
}`;
const SIZES = { N: 40, M: 40 };
const wave = (length: number, step: number): Float64Array =>
  Float64Array.from({ length }, (_, n) => Math.fround(Math.sin(n * step)));
const inputs = { q: wave(160, 0.7), k: wave(160, 1.3) };

const irOf = (declarations: string) => semanticIr(checkText(spec(declarations)));
const compiled = (declarations: string, target: 'wgsl' | 'cuda') =>
  compileIr(irOf(declarations), { target, features: { device: 'cpu' }, expected: SIZES });

describe('window and sinks', () => {
  const params = 'param window: int = 8 param sinks: int = 2';
  it.each(['wgsl', 'cuda'] as const)('stay runtime values of one compiled %s kernel', (target) => {
    const { program } = compiled(params, target);
    for (const [window, sinks] of [
      [8, 2],
      [1, 0],
      [100, 0],
      [3, 40],
      [0, 1],
      [0, 0],
      [-5, -7],
      [2147483647, 2147483647],
    ]) {
      const values = { ...SIZES, window: window!, sinks: sinks! };
      const found = interpretProgram(program, inputs, values);
      expect(found.errorCount).toBe(0);
      const shaped = Object.fromEntries(
        Object.entries(inputs).map(([n, data]) => [n, { shape: [40, 4], data }] as const),
      );
      const exact = interpretKernel(irOf(params), shaped, SIZES, { window: window!, sinks: sinks! });
      for (const name of ['y', 'lse'])
        exact[name]!.data.forEach((x, n) => {
          const y = found.outputs[name]![n]!;
          if (Number.isFinite(x)) expect(Math.abs(x - y), `${name}[${n}]`).toBeLessThan(1e-4);
          else expect(y).toBeLessThan(-1e38);
        });
    }
  });

  it('are compiled in as constants', () => {
    const { program } = compiled('const window: int = 8 const sinks: int = 2', 'cuda');
    expect(program.uniforms.map((u) => u.name)).toEqual(['N', 'M']);
    expect(program.kernels.flatMap((k) => k.buffers.map((b: Buffer) => b.name))).not.toContain('window');
  });
});
