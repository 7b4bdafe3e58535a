/** Pass `narrow`: what heads of a group share is computed once for the group, and outputs stay what they were. */
import { describe, expect, it } from 'vitest';
import { checkText, hasErrors, semanticIr } from '../../src/compile.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { interpretKernel, type InterpretedTensor } from '../../src/ir/interpret.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { lowerIr } from '../../src/pipeline.ts';
import { GPU } from '../laws/lowering.ts';
import { seededRandom } from '../support/mutate.ts';

const SIZES = { B: 2, H: 6, G: 2, N: 10, D: 4 };

const HEAD = `
  axes b: B, h: H, g: G = h / (H / G), m: H / G, i: N, j: N, c: (N + 3) / 4, x: 4, d: D
  in q: f32[b, h, i, d]
  in k: f32[b, g, j, d]
  require H % G == 0
  mask c * 4 + x < N
  let pooled = mean[x](k[b, g, c * 4 + x, d])`;

/** Elements of each tensor between launches, from the greatest on; outputs are held against the definition. */
function workspace(rest: string): readonly number[] {
  const checked = checkText(`kernel k {${HEAD}${rest}\n}`);
  if (hasErrors(checked.diagnostics)) throw new Error(checked.diagnostics.map((d) => d.message).join('; '));
  const ir = semanticIr(checked);
  const random = seededRandom(3);
  const known = new Map(Object.entries(SIZES));
  const inputs = Object.fromEntries(
    ir.tensors.map((t): [string, InterpretedTensor] => {
      const shape = t.dims.map((d) => evalConst(d.extent, known));
      const length = shape.reduce((a, b) => a * b, 1);
      return [t.name, { shape, data: Float64Array.from({ length }, () => Math.fround(2 * random() - 1)) }];
    }),
  );
  const { program } = lowerIr(ir, { fixed: { D: SIZES.D }, limits: GPU });
  const values = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.data]));
  const { outputs, errors } = interpretProgram(program, values, SIZES);
  expect(errors).toEqual([]);
  for (const [name, { data }] of Object.entries(interpretKernel(ir, inputs, SIZES)))
    data.forEach((x, n) => expect(outputs[name]![n]).toBeCloseTo(x, 4));
  return program.workspace
    .map((t) => t.shape.reduce((n, e) => n * evalConst(e, known), 1))
    .sort((a, b) => b - a);
}

const { B, H, G, D } = SIZES;
const BLOCKS = 3;

describe('what heads of a group share', () => {
  it('is kept for the group, although heads read it', () => {
    expect(
      workspace(`
  normalize p = softmax[c](sum[d](q * pooled))
  out y: f32[b, h, i, d] = sum[c](p * pooled)`),
    ).toEqual([B * G * BLOCKS * D]);
  });

  it('is the same for members that are named by group and number', () => {
    const once = B * G * BLOCKS * D;
    const kept = workspace(`
  normalize p[b, h, i, c] = softmax[c](sum[d](q * pooled))
  let weight[b, g, i, c] = sum[m](p[h = g * (H / G) + m])
  out y: f32[b, h, i, d] = sum[c](p * pooled)
  out w: f32[b, g, i, c] = weight`);
    expect(kept.filter((n) => n === once)).toHaveLength(1);
    expect(kept).not.toContain(B * H * BLOCKS * D);
  });

  it('is kept for heads where anything else of the head is in it', () => {
    expect(
      workspace(`
  in a: f32[h]
  let scaled = sum[x](k[b, g, min(c * 4 + x, N - 1), d] * a[h])
  normalize p = softmax[c](sum[d](q * scaled))
  out y: f32[b, h, i, d] = sum[c](p * scaled)`),
    ).toEqual([B * H * BLOCKS * D]);
  });
});
