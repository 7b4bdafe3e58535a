/** Every example through nvcc for both architectures, at usual sizes: no errors, no warnings, next to no spilled registers. */
import { describe, expect, it } from 'vitest';
import { compileVariant } from '../../src/cli/pipeline.ts';
import { ARCHITECTURES, compileWithNvcc, findNvcc } from '../../src/runtime/nvcc.ts';
import { declaredKernel, examples } from './examples.ts';

/**
 * Bytes per thread: ptxas moves a few registers that only the prologue and the end of a kernel use, and some of the 128
 * numbers that a lane may carry through steps (`REGISTERS` of steps-plan), where the rest stays in registers.
 */
const MOST_SPILLED = 192;

const nvcc = findNvcc();

describe.skipIf(nvcc === undefined)('CUDA under nvcc (needs nvcc)', () => {
  it.concurrent.each(examples())('$title', { timeout: 300_000 }, async (example) => {
    const { ir, set } = declaredKernel(example);
    const { files, program } = await compileVariant(ir, set, 'cuda', {});
    const report = await compileWithNvcc(files);
    expect([...report.errors, ...report.warnings]).toEqual([]);
    expect(report.kernels.length).toBe(Object.keys(ARCHITECTURES).length * program.kernels.length);
    expect(report.kernels.filter((k) => Math.max(k.spillLoads, k.spillStores) > MOST_SPILLED)).toEqual([]);
  });
});
