/**
 * Kernels on matrices of subgroups, three ways: Tint accepts the text for a device that has them (Dawn's null backend says that it
 * does), the kernel interpreter runs their meaning for several numbers of subgroups, and the text with each matrix written as an array
 * runs on the devices of this machine. Each is compared with the definition within measured rounding.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { create } from 'webgpu';
import { compileVariant, sizesToFix } from '../../src/cli/pipeline.ts';
import { parseUnit } from '../../src/expr/matrix-unit.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { MATRIX_FEATURE } from '../../src/webgpu/matrix-units.ts';
import { declaredKernel, everyNth, examples } from './examples.ts';
import { agrees, agreesOn, HALF_16, titled, WIDE } from './subgroup-matrix.ts';
import { useDriver } from './wgsl.ts';

describe('kernels on matrices of subgroups', () => {
  it.each(titled)('multiply by the unit: %s', (_, m) => {
    expect(m.arrangements).toContain('subgroup-matrix');
    expect(m.module.manifest.matrixUnits).toEqual([parseUnit(m.row.unit)]);
    expect(m.module.source).toContain('subgroupMatrixMultiplyAccumulate(');
  });

  it.each(titled)('mean what the definition says: %s', (_, m) => {
    const { inputs, sizes, params } = m.prepared;
    for (const subgroup of [8, 32]) {
      const { outputs, errors } = interpretProgram(m.program, inputs, { ...sizes, ...params }, { subgroup });
      expect(errors).toEqual([]);
      agrees(m, outputs);
    }
  });

  it('are what Tint takes', { timeout: 60_000 }, async () => {
    // Held from here on: Dawn ends with the object that `create` returned.
    const holder = globalThis as typeof globalThis & { attncNull?: GPU };
    const gpu = (holder.attncNull ??= create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']));
    const adapter = (await gpu.requestAdapter())!;
    expect(adapter.features.has(MATRIX_FEATURE)).toBe(true);
    const device = await adapter.requestDevice({
      requiredFeatures: [MATRIX_FEATURE, 'shader-f16', 'subgroups'],
    });
    const problems: string[] = [];
    device.addEventListener('uncapturederror', (e) => problems.push(e.error.message));
    const shaderOf = async (title: string, code: string): Promise<GPUShaderModule> => {
      const shader = device.createShaderModule({ code });
      const { messages } = await shader.getCompilationInfo();
      problems.push(...messages.map((m) => `${title}: ${m.message}`));
      return shader;
    };
    for (const [title, { module, row }] of titled) {
      const shader = await shaderOf(title, module.source);
      // The null backend has what WebGPU guarantees of workgroup memory.
      if ((row.bytes ?? 0) > 16384) continue;
      for (const { name } of module.manifest.launches)
        await device
          .createComputePipelineAsync({ layout: 'auto', compute: { module: shader, entryPoint: name } })
          .catch((e: Error) => problems.push(`${title}: ${e.message}`));
    }
    // Examples of every kind, most of which multiply something.
    let multiply = 0;
    const some = everyNth(examples(), 16);
    for (const example of some) {
      const { ir } = declaredKernel(example);
      const set = Object.fromEntries(sizesToFix(ir).map((name) => [name, 64]));
      const { files, manifest } = await compileVariant(ir, set, 'wgsl', {
        device: 'gpu',
        shaderF16: true,
        matrixUnits: [parseUnit(WIDE)!, parseUnit(HALF_16)!],
        workgroupBytes: 32768,
      });
      if (manifest.matrixUnits) multiply++;
      await shaderOf(example.title, files.find((f) => f.path === manifest.source)!.text);
    }
    expect(problems).toEqual([]);
    expect(multiply).toBeGreaterThan(some.length / 2);
    device.destroy();
  });
});

const driver = useDriver('lavapipe');
const gpu = driver
  ? await openWebgpu({ shaderF16: true, workgroupBytes: 16640 }).catch(() => undefined)
  : undefined;
afterAll(() => gpu?.close());

describe.skipIf(!gpu || gpu.subgroup < 2)('with matrices as arrays', () => {
  const fit = titled.filter(([, m]) => m.row.device);
  it.each(fit)('run on lavapipe: %s', { timeout: 120_000 }, async (_, m) => {
    await agreesOn(gpu!, m);
  });
});
