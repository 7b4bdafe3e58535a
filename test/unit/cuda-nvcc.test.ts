import { describe, expect, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { compileWithNvcc, findNvcc, parseNvcc } from '../../src/runtime/nvcc.ts';
import { axpy, mmaTile, rowSums, tiledMatmul } from './cuda-programs.ts';
import { OPERATION_CASES, operationProgram } from './cuda-operations.ts';

const nvcc = findNvcc();

const compile = (p: Program) => compileWithNvcc(cudaBackend.emit(cudaBackend.legalize(p, {}), {}));

describe('what nvcc prints', () => {
  it('is read', () => {
    const text = [
      "ptxas info    : Compiling entry function 'a_kernel' for 'sm_80'",
      'ptxas info    : Function properties for a_kernel',
      '    16 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads',
      'ptxas info    : Used 40 registers, used 1 barriers, 376 bytes cmem[0]',
      'a.cu(3): warning #177-D: variable "x" was declared but never referenced',
      'Remark: The warnings can be suppressed with "-diag-suppress <warning-number>"',
      'a.cu(9): error: identifier "y" is undefined',
    ].join('\n');
    expect(parseNvcc('sm_80', { ok: false, text })).toEqual({
      ok: false,
      errors: ['a.cu(9): error: identifier "y" is undefined'],
      warnings: ['a.cu(3): warning #177-D: variable "x" was declared but never referenced'],
      kernels: [
        {
          kernel: 'a_kernel',
          architecture: 'sm_80',
          registers: 40,
          stackBytes: 16,
          spillStores: 4,
          spillLoads: 8,
        },
      ],
    });
  });
  it('counts as an error even where nothing is recognised', () => {
    expect(parseNvcc('sm_80', { ok: false, text: 'Segmentation violation' }).errors).toEqual([
      'Segmentation violation',
    ]);
  });
});

describe.skipIf(nvcc === undefined)('printed CUDA under nvcc (needs nvcc)', { timeout: 120_000 }, () => {
  it.each([
    ['an element per lane in bf16', axpy('bf16')],
    ['two launches', rowSums()],
    ['shared arrays in f16', tiledMatmul(40, 'f16')],
    ['tensor cores in f16', mmaTile('f16', true)],
    ['tensor cores in bf16', mmaTile('bf16', false)],
    ['every operation', operationProgram(OPERATION_CASES)],
  ])('compiles without warnings for every architecture: %s', async (_, program) => {
    const report = await compile(program);
    expect([...report.errors, ...report.warnings]).toEqual([]);
    expect(report.kernels.length).toBe(2 * program.kernels.length);
    expect(report.kernels.filter((k) => k.spillLoads + k.spillStores > 0)).toEqual([]);
  });
  it('reports errors of a broken file', async () => {
    const files = cudaBackend.emit(cudaBackend.legalize(axpy('f32'), {}), {});
    const broken = files.map((f) => ({ ...f, text: f.text.replace('fmaf(a,', 'fmaf(missing,') }));
    const report = await compileWithNvcc(broken, ['sm_80']);
    expect(report.ok).toBe(false);
    expect(report.errors.join()).toContain('"missing" is undefined');
  });
});
