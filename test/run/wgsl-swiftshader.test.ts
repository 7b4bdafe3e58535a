/**
 * Examples on SwiftShader: another compiler, subgroups of 4 lanes, no shader-f16. It compiles loops over workgroup memory
 * a hundred times faster than lavapipe, so the kernels that GPUs get run here.
 */
import { describe, expect, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { visit } from '../../src/expr/expr.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { expectAgreement } from './agrees.ts';
import { declaredKernel, everyNth, examples, type Example } from './examples.ts';
import { useDriver } from './wgsl.ts';

const driver = useDriver('SwiftShader');
const missing = driver === undefined ? 'its driver is not installed' : await missingFor('wgsl');

/** Loops over tiles of several axes that unpack 16-bit floats take this driver minutes to compile; lavapipe runs them. */
const sumsOverOneAxis = (example: Example): boolean =>
  declaredKernel(example).ir.defs.every((d) => {
    let one = true;
    visit(d.value, (e) => {
      if (e.kind === 'reduce' && e.axes.length > 1) one = false;
    });
    return one;
  });

describe.skipIf(missing !== undefined)(
  `WGSL on SwiftShader (${missing ?? driver})`,
  { timeout: 240_000 },
  () => {
    it('is SwiftShader', async () => {
      const gpu = await openWebgpu();
      expect(gpu.name).toMatch(/SwiftShader/);
      expect(gpu.software).toBe(true);
      expect(gpu.device.features.has('shader-f16')).toBe(false);
    });
    // What runs in lockstep with the same plans is tried on all; here another compiler reads a part of it.
    it.each(everyNth(examples(), 6))('$title with the plan for a GPU', (example) =>
      expectAgreement('wgsl', example, 'f32', { device: 'gpu' }),
    );
    it.each(everyNth(examples(), 24, 1).filter(sumsOverOneAxis))(
      '$title in f16 with the plan for a GPU',
      (example) => expectAgreement('wgsl', example, 'f16', { device: 'gpu' }),
    );
    it.each(everyNth(examples(), 30, 1))('$title with the plan for a GPU without subgroups', (example) =>
      expectAgreement('wgsl', example, 'f32', { device: 'gpu', subgroups: 1 }),
    );
    it.each(everyNth(examples(), 48, 2))('$title', (example) => expectAgreement('wgsl', example, 'f32'));
  },
);
