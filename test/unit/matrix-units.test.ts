/** Units of subgroups as texts, as adapters list them, and as modules need them. */
import { describe, expect, it } from 'vitest';
import { compileText, manifestOf } from '../../src/compile.ts';
import { parseUnit, printUnit } from '../../src/expr/matrix-unit.ts';
import { patchOf } from '../../src/kernel/from-tile/subgroup-products.ts';
import { scheduleIn, scheduleKey } from '../../src/plan/schedule.ts';
import { misfitOf } from '../../src/tile/plan-fits.ts';
import { wgslLimits } from '../../backends/wgsl/limits.ts';
import { requestDevice } from '../../src/webgpu/device.ts';
import { MATRIX_FEATURE, unitsOfAdapter } from '../../src/webgpu/matrix-units.ts';

const spec = (storage: string): string => `kernel dense {
  axes h: H, i: N, j: M, d: D, e: E
  in q: ${storage}[h, i, d]
  in k: ${storage}[h, j, d]
  in v: ${storage}[h, j, e]
  score s = scaled_dot[d](q, k)
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f32[h, i, e]
}
`;

const [WIDE, HALF, ADDS_HALVES] = ['f32-f32:8x8x8', 'f16-f32:16x16x16', 'f16-f16:8x8x8'].map((x) =>
  parseUnit(x)!,
) as [ReturnType<typeof unit>, ReturnType<typeof unit>, ReturnType<typeof unit>];
function unit(text: string) {
  return parseUnit(text)!;
}

function compiled(storage: string, units: readonly ReturnType<typeof unit>[], shaderF16 = true) {
  const { value } = compileText(spec(storage), {
    target: 'wgsl',
    set: { D: 64, E: 64 },
    features: { shaderF16, matrixUnits: units },
  });
  return value!;
}
const needs = (...args: Parameters<typeof compiled>) => manifestOf(compiled(...args).files).matrixUnits;

describe('texts of units', () => {
  it.each(['f16-f32:16x16x16', 'f32-f32:8x8x8', 'f16-f16:8x16x32'])('%s is what it prints', (text) => {
    expect(printUnit(parseUnit(text)!)).toBe(text);
  });
  it.each(['f64-f32:8x8x8', 'f32:8x8x8', 'f32-f32:8x8', 'f32-f32:8x8x7', ''])('%j is none', (text) => {
    expect(parseUnit(text)).toBeUndefined();
  });
});

describe('what a kernel multiplies by', () => {
  it('is nothing that nobody offers', () => {
    expect(needs('f32', [])).toBeUndefined();
  });
  it('keeps f32 as it is', () => {
    expect(needs('f32', [HALF])).toBeUndefined();
    expect(needs('f32', [HALF, WIDE])).toEqual([WIDE]);
  });
  it('takes f16 as such where the device may', () => {
    expect(needs('f16', [WIDE, HALF])).toEqual([HALF]);
    expect(needs('f16', [WIDE, HALF], false)).toEqual([WIDE]);
  });
  it('never adds up f16', () => {
    expect(needs('f16', [ADDS_HALVES])).toBeUndefined();
  });
  it('is lanes where next to no rows are', () => {
    const few = (N: number) =>
      compileText(spec('f32'), {
        target: 'wgsl',
        set: { D: 64, E: 64 },
        expected: { N, M: 1000, H: 8 },
        features: { matrixUnits: [WIDE], workgroupBytes: 32768 },
      }).value!.notes.planned!.stages.map((s) => `${s.plan!.arrangement} ${s.plan!.blockM}`);
    expect(few(2)).not.toContain(expect.stringContaining('subgroup-matrix'));
    expect(few(16)).toContain('subgroup-matrix 16');
    expect(few(1000)).toContain('subgroup-matrix 32');
  });
  it('has plans of its own in a file', () => {
    const limits = wgslLimits({ matrixUnits: [WIDE, HALF] });
    const key = scheduleKey('dense', 'wgsl', {}, limits);
    expect(key).toMatchObject({ matrices: 'f16-f32:16x16x16,f32-f32:8x8x8' });
    const file = { format: 1, plans: [{ ...key, launches: [] }] } as const;
    expect(scheduleIn(file, key)).toBeDefined();
    expect(scheduleIn(file, scheduleKey('dense', 'wgsl', {}, wgslLimits()))).toBeUndefined();
  });
  it('refuses a plan by a unit that is not there', () => {
    const [stage] = compiled('f32', [WIDE]).notes.planned!.stages;
    expect(misfitOf(stage!, stage!.plan!, wgslLimits({ matrixUnits: [WIDE] }))).toBeUndefined();
    expect(misfitOf(stage!, stage!.plan!, wgslLimits())).toMatchObject({ field: 'products' });
  });
});

describe('patches of matrices', () => {
  it.each([
    [4, 4, { rows: 2, cols: 2 }],
    [8, 4, { rows: 4, cols: 2 }],
    [1, 1, { rows: 1, cols: 1 }],
    [2, 5, { rows: 2, cols: 1 }],
  ])('of %i x %i', (rows, cols, patch) => {
    expect(patchOf(rows, cols)).toEqual(patch);
  });
});

describe('devices', () => {
  const config = (componentType: string) => ({ componentType, resultComponentType: 'f32', M: 8, N: 8, K: 8 });
  const adapter = (features: readonly string[], configs?: readonly object[], subgroupMaxSize = 32) =>
    ({
      features: new Set(['subgroups', ...features]),
      limits: {
        maxComputeWorkgroupStorageSize: 16384,
        maxComputeInvocationsPerWorkgroup: 256,
        maxComputeWorkgroupSizeX: 256,
        maxStorageBuffersPerShaderStage: 8,
      },
      info: { subgroupMaxSize, ...(configs ? { subgroupMatrixConfigs: configs } : {}) },
      requestDevice: (d: GPUDeviceDescriptor) => Promise.resolve(d),
    }) as unknown as GPUAdapter;
  const files = compiled('f32', [WIDE]).files;
  const module = { source: files[0]!.text, manifest: manifestOf(files) };
  const asked = async (a: GPUAdapter) =>
    ((await requestDevice(a, [module])) as unknown as GPUDeviceDescriptor).requiredFeatures;

  it('list units of floats', () => {
    const some = adapter([MATRIX_FEATURE], [config('f32'), config('i8')]);
    expect(unitsOfAdapter(some)).toEqual([WIDE]);
    expect(unitsOfAdapter(adapter([], [config('f32')]))).toEqual([]);
  });
  it('are asked for the feature', async () => {
    expect(await asked(adapter([MATRIX_FEATURE], [config('f32')]))).toContain(MATRIX_FEATURE);
    expect(await asked(adapter([MATRIX_FEATURE]))).toContain(MATRIX_FEATURE);
  });
  it.each([
    ['without the feature', adapter([]), 'it needs the feature chromium-experimental-subgroup-matrix'],
    ['with other units', adapter([MATRIX_FEATURE], [config('f16')]), 'it needs matrices f32-f32:8x8x8'],
    ['with larger subgroups', adapter([MATRIX_FEATURE], undefined, 256), 'no whole subgroups of 256'],
  ])('%s are refused', async (_, a, message) => {
    await expect(asked(a)).rejects.toThrow(message);
    await expect(asked(a)).rejects.toMatchObject({ code: 'E0762' });
  });
});
