/** What data says about tiles is used as far as a launch has buffers for it, and never at the price of not running. */
import { describe, expect, it } from 'vitest';
import { checkText, compileIr, semanticIr } from '../../src/compile.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';

/** Documents, with `extra` further inputs that each take a buffer. */
const spec = (extra: number): string => `kernel documents {
  axes i: N, j: N, d: 4
  in q: f32[i, d]
  in k: f32[j, d]
  in id: i32[i]
  ${Array.from({ length: extra }, (_, n) => `in a${n}: f32[j]`).join('\n  ')}
  mask id == id[i = j] && j <= i
  let s = sum[d](q * k)${Array.from({ length: extra }, (_, n) => ` + a${n}`).join('')}
  out y: f32[i] = sum[j](softmax[j](s) * j)
}`;
const N = 150;
const wave = (length: number, step: number): Float64Array =>
  Float64Array.from({ length }, (_, n) => Math.fround(Math.sin(n * step)));

function compiled(extra: number) {
  const ir = semanticIr(checkText(spec(extra)));
  const { tile, program } = compileIr(ir, { target: 'wgsl', features: { device: 'gpu' } });
  const inputs = {
    q: wave(4 * N, 0.7),
    k: wave(4 * N, 1.3),
    id: Float64Array.from({ length: N }, (_, n) => Math.floor(n / 37)),
    ...Object.fromEntries(Array.from({ length: extra }, (_, n) => [`a${n}`, wave(N, n + 1)])),
  };
  return { ir, tile, program, inputs };
}

describe('with few buffers left', () => {
  it.each([
    [0, ['documents_ranges', 'documents_rows', 'documents_stream'], false],
    [1, ['documents_ranges', 'documents_rows', 'documents_stream'], false],
    [2, ['documents_rows', 'documents_stream'], false],
    [3, ['documents_ranges', 'documents_rows', 'documents_stream'], true],
    [4, [], true],
  ])('%i more inputs are bounded by %j', (extra, stages, limited) => {
    const { ir, tile, program, inputs } = compiled(extra);
    expect(
      tile.stages
        .slice(0, -1)
        .map((s) => s.name)
        .sort(),
    ).toEqual(stages);
    expect(tile.stages.at(-1)!.passes[0]!.bounds!.limited === true).toBe(limited);
    for (const k of program.kernels) expect(k.buffers.length).toBeLessThanOrEqual(8);

    const found = interpretProgram(program, inputs, { N });
    expect(found.errorCount).toBe(0);
    const shape = (data: Float64Array): number[] => (data.length === N ? [N] : [N, 4]);
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([n, data]) => [n, { shape: shape(data), data }]),
    );
    interpretKernel(ir, tensors, { N }, {})['y']!.data.forEach((y, n) =>
      expect(Math.abs(y - found.outputs['y']![n]!)).toBeLessThan(1e-3),
    );
  });
});
