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

/** Examples that spill more, to be mended: bytes per thread that they may not exceed, and what a lane holds too much of. */
const SPILLS: Readonly<Record<string, readonly [most: number, why: string]>> = {
  'consistent.attn: consistent': [256, 'two streams of keys with their accumulators'],
  'lasp2.attn: lasp2_bwd': [32_768, 'the sum of states is a matrix, which each row adds up for itself'],
  'nystrom.attn: nystrom': [2_048, 'five small matrices of a round'],
};

const nvcc = findNvcc();

describe.skipIf(nvcc === undefined)('CUDA under nvcc (needs nvcc)', () => {
  it.concurrent.each(examples())('$title', { timeout: 300_000 }, async (example) => {
    const { ir, set } = declaredKernel(example);
    const { files, program } = await compileVariant(ir, set, 'cuda', {});
    const report = await compileWithNvcc(files);
    expect([...report.errors, ...report.warnings]).toEqual([]);
    expect(report.kernels.length).toBe(Object.keys(ARCHITECTURES).length * program.kernels.length);
    const [most] = SPILLS[example.title] ?? [MOST_SPILLED];
    expect(report.kernels.filter((k) => Math.max(k.spillLoads, k.spillStores) > most)).toEqual([]);
  });
});
