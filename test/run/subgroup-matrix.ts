/** What the runs of kernels on matrices of subgroups share: the kernels, and how results are compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { compileIr, manifestOf } from '../../src/compile.ts';
import { parseUnit } from '../../src/expr/matrix-unit.ts';
import { STORAGE } from '../../src/expr/types.ts';
import { withStorage } from '../../src/ir/passes/storage.ts';
import type { FormPlan } from '../../src/ir/recurrence/forms/forms.ts';
import { tensorFrom, tensorOf, tensorValues } from '../../src/runtime/tensor.ts';
import type { Webgpu } from '../../src/runtime/webgpu-device.ts';
import { runOnWebgpu, type WgslModule } from '../../src/runtime/webgpu.ts';
import { interpreted, prepare, type Prepared } from '../laws/case.ts';
import { allowance, disagreement } from '../laws/rounding.ts';
import { withoutMatrices } from '../support/subgroup-matrix-polyfill.ts';

export interface Row {
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

export const [WIDE, HALF, HALF_16] = ['f32-f32:8x8x8', 'f16-f32:8x8x8', 'f16-f32:16x16x16'] as const;
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

export interface Made {
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

export const titled = ROWS.map((row): [string, Made] => [
  `${row.example} ${row.storage} D = ${row.sizes['D']} by ${row.unit}`,
  made(row),
]);

export function agrees({ row, prepared }: Made, found: Readonly<Record<string, Float64Array>>): void {
  const exact = interpreted(prepared.ir, prepared);
  const half = row.unit.startsWith('f16') ? ({ operands: 'f16' } as const) : {};
  expect(disagreement(exact, found, allowance(prepared, exact, half))).toBeUndefined();
}

/** Runs the text with matrices written as arrays of lanes, and compares. */
export async function agreesOn(gpu: Webgpu, m: Made): Promise<void> {
  const { inputs, sizes, params, ir } = m.prepared;
  const bytes = Object.fromEntries(
    ir.tensors.map((t) => {
      const x = inputs[t.name]!;
      return [t.name, tensorFrom(t.storage, [x.length], x).bytes];
    }),
  );
  const { outputs } = await runOnWebgpu(gpu, withoutMatrices(m.module, gpu.subgroup), bytes, {
    ...sizes,
    ...params,
  });
  const values = m.program.outputs.map((t) => {
    const data = outputs[t.name]!;
    return [t.name, tensorValues(tensorOf(t.storage, [data.length / STORAGE[t.storage].bytes], data))];
  });
  agrees(m, Object.fromEntries(values));
}
