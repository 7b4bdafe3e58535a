/**
 * Kernels on matrices of subgroups, three ways: Tint accepts the text for a device that has them (Dawn's null backend says that it
 * does), the kernel interpreter runs their meaning for several numbers of subgroups, and the text with each matrix written as an array
 * runs on the devices of this machine. Each is compared with the definition within measured rounding.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { create } from 'webgpu';
import { compileIr, manifestOf } from '../../src/compile.ts';
import { parseUnit } from '../../src/expr/matrix-unit.ts';
import { withStorage } from '../../src/ir/passes/storage.ts';
import type { FormPlan } from '../../src/ir/recurrence/forms/forms.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { STORAGE } from '../../src/expr/types.ts';
import { tensorFrom, tensorOf, tensorValues } from '../../src/runtime/tensor.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { runOnWebgpu, type WgslModule } from '../../src/runtime/webgpu.ts';
import { MATRIX_FEATURE } from '../../src/webgpu/matrix-units.ts';
import { interpreted, prepare, type Prepared } from '../laws/case.ts';
import { allowance, disagreement } from '../laws/rounding.ts';
import { withoutMatrices } from '../support/subgroup-matrix-polyfill.ts';
import { useDriver } from './wgsl.ts';

interface Row {
  readonly example: string;
  readonly unit: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<string, number>>;
  /** Of queries, keys and values. */
  readonly storage: 'f16' | 'f32';
  readonly form?: Partial<FormPlan>;
  /** Also on lavapipe, which takes seconds to compile each. */
  readonly device?: true;
  readonly bytes?: number;
}

const [WIDE, HALF, HALF_16] = ['f32-f32:8x8x8', 'f16-f32:8x8x8', 'f16-f32:16x16x16'] as const;
const one = { B: 1, H: 1 };
const heads = (n: number, m: number, d: number): Row['sizes'] => ({
  B: 1,
  H: 2,
  G: 1,
  N: n,
  M: m,
  D: d,
  E: d,
});

const ROWS: readonly Row[] = [
  {
    example: 'sdpa',
    unit: WIDE,
    sizes: { ...one, N: 37, M: 45, D: 64, E: 64 },
    storage: 'f32',
    device: true,
  },
  {
    example: 'sdpa',
    unit: HALF_16,
    sizes: { ...one, N: 33, M: 65, D: 128, E: 128 },
    storage: 'f16',
    bytes: 32000,
  },
  {
    example: 'causal',
    unit: WIDE,
    sizes: { ...one, N: 45, M: 45, D: 80, E: 80 },
    storage: 'f32',
    bytes: 32000,
  },
  {
    example: 'causal',
    unit: HALF,
    sizes: { ...one, N: 71, M: 71, D: 32, E: 32 },
    storage: 'f16',
    device: true,
  },
  { example: 'gqa', unit: HALF_16, sizes: heads(35, 35, 80), storage: 'f16', device: true },
  {
    example: 'alibi',
    unit: WIDE,
    sizes: { ...one, N: 19, M: 43, D: 128, E: 128 },
    storage: 'f32',
    bytes: 49152,
  },
  {
    example: 'softcap',
    unit: HALF_16,
    sizes: heads(41, 41, 64),
    params: { cap: 5, width: 17 },
    storage: 'f16',
  },
  {
    example: 'window',
    unit: HALF,
    sizes: { ...one, N: 67, M: 67, D: 64, E: 64 },
    params: { left: 20, right: 3 },
    storage: 'f16',
  },
  {
    example: 'retention',
    unit: WIDE,
    sizes: { ...one, N: 33, D: 32, E: 32 },
    params: { offset: 0, base: 10000, eps: 1e-5 },
    storage: 'f32',
    form: { form: 'chunked', chunk: 16 },
  },
];

interface Made {
  readonly row: Row;
  readonly prepared: Prepared;
  readonly program: ReturnType<typeof compileIr>['program'];
  readonly module: WgslModule;
  readonly arrangements: readonly (string | undefined)[];
}

function made(row: Row): Made {
  const text = readFileSync(join(import.meta.dirname, `../../examples/${row.example}.attn`), 'utf8');
  const { params = {}, sizes } = row;
  const written = prepare({ text, sizes, params, seed: 5, scale: 0.1 });
  const storage = Object.fromEntries(
    [...written.ir.tensors, ...written.ir.outputs].map((t) => [t.name, row.storage]),
  );
  const ir = withStorage(written.ir, storage);
  const prepared = { ...written, ir };
  const compiled = compileIr(ir, {
    target: 'wgsl',
    set: written.required,
    expected: sizes,
    ...(row.form ? { form: row.form } : {}),
    features: {
      device: 'gpu',
      shaderF16: row.storage === 'f16',
      workgroupBytes: row.bytes ?? 16384,
      matrixUnits: [parseUnit(row.unit)!],
    },
  });
  const manifest = manifestOf(compiled.files);
  const source = compiled.files.find((f) => f.path === manifest.source)!.text;
  const arrangements = compiled.notes.planned!.stages.map((s) => s.plan?.arrangement);
  return { row, prepared, program: compiled.program, module: { source, manifest }, arrangements };
}

const titled = ROWS.map((row): [string, Made] => [
  `${row.example} ${row.storage} D = ${row.sizes['D']} by ${row.unit}`,
  made(row),
]);

function agrees({ row, prepared }: Made, found: Readonly<Record<string, Float64Array>>): void {
  const exact = interpreted(prepared.ir, prepared);
  const half = row.unit.startsWith('f16') ? ({ operands: 'f16' } as const) : {};
  expect(disagreement(exact, found, allowance(prepared, exact, half))).toBeUndefined();
}

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

  it('are what Tint takes', async () => {
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
    for (const [title, { module, row }] of titled) {
      const shader = device.createShaderModule({ code: module.source });
      const { messages } = await shader.getCompilationInfo();
      problems.push(...messages.map((m) => `${title}: ${m.message}`));
      // The null backend has what WebGPU guarantees of workgroup memory.
      if ((row.bytes ?? 0) > 16384) continue;
      for (const { name } of module.manifest.launches)
        await device
          .createComputePipelineAsync({ layout: 'auto', compute: { module: shader, entryPoint: name } })
          .catch((e: Error) => problems.push(`${title}: ${e.message}`));
    }
    expect(problems).toEqual([]);
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
    const { inputs, sizes, params, ir } = m.prepared;
    const bytes = Object.fromEntries(
      ir.tensors.map((t) => {
        const x = inputs[t.name]!;
        return [t.name, tensorFrom(t.storage, [x.length], x).bytes];
      }),
    );
    const { outputs } = await runOnWebgpu(gpu!, withoutMatrices(m.module, gpu!.subgroup), bytes, {
      ...sizes,
      ...params,
    });
    const values = m.program.outputs.map((t) => {
      const data = outputs[t.name]!;
      return [t.name, tensorValues(tensorOf(t.storage, [data.length / STORAGE[t.storage].bytes], data))];
    });
    agrees(m, Object.fromEntries(values));
  });
});
