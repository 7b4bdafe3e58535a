/** Kernels on matrices of subgroups of 4 lanes, each matrix written as arrays of lanes, on SwiftShader. */
import { afterAll, describe, expect, it } from 'vitest';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { agreesOn, titled } from './subgroup-matrix.ts';
import { useDriver } from './wgsl.ts';

const driver = useDriver('SwiftShader');
const gpu = driver ? await openWebgpu({ workgroupBytes: 32768 }).catch(() => undefined) : undefined;
afterAll(() => gpu?.close());

describe.skipIf(!gpu)('with matrices as arrays on SwiftShader', () => {
  const rows = titled.filter(([, m]) => m.row.storage === 'f32' && (m.row.bytes ?? 0) < 32768);
  it.each(rows)('run: %s', { timeout: 120_000 }, async (_, m) => {
    expect(gpu!.subgroup).toBe(4);
    await agreesOn(gpu!, m);
  });
});
