import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import type { Manifest } from '../../backends/backend.ts';
import { i32, op, variable as v } from '../../src/expr/expr.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { runOnGpu } from '../../src/runtime/cuda-gpu.ts';
import { findNvcc } from '../../src/runtime/nvcc.ts';
import { copiedRows } from './cuda-copies.ts';
import { mmaTile, rowSums } from './cuda-programs.ts';

const nvcc = findNvcc();
const gpu = spawnSync('nvidia-smi', ['-L']).status === 0;

const filesOf = (p: Program) => cudaBackend.emit(cudaBackend.legalize(p, {}), {});
const textOf = (p: Program, ending: string): string => filesOf(p).find((f) => f.path.endsWith(ending))!.text;

describe('the manifest', () => {
  it('tells how to launch', () => {
    const manifest = JSON.parse(textOf(rowSums(), '.cuda.json')) as Manifest;
    expect(manifest.source).toBe('row_sums.cu');
    expect(manifest.launches.map((l) => [l.name, l.grid, l.lanes, l.sharedBytes])).toEqual([
      ['row_sums_parts_kernel', 'R * ceil_div(N, 256)', 128, 512],
      ['row_sums_total_kernel', 'R', 32, 0],
    ]);
    expect(manifest.launches[0]!.bindings.map((b) => [b.name, b.role, b.binding])).toEqual([
      ['x', 'in', 0],
      ['sums.part', 'workspace', 1],
    ]);
    expect(manifest.launches[0]!.uniforms).toEqual([
      { name: 'R', type: 'i32', offset: 0 },
      { name: 'N', type: 'i32', offset: 4 },
    ]);
  });
});

describe('the launcher', () => {
  it('asks for more shared memory only past 48 KiB', () => {
    const p = mmaTile('f16', false);
    expect(textOf(p, '.cu')).not.toContain('cudaFuncSetAttribute');
    const large = { ...p.kernels[0]!, shared: p.kernels[0]!.shared.map((s) => ({ ...s, length: 20000 })) };
    expect(textOf({ ...p, kernels: [large] }, '.cu')).toContain(
      'cudaFuncSetAttribute(mma_tile_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, mma_tile_kernel_shared_bytes)',
    );
  });

  // A C program, so that the header is seen by a C compiler; every case ends before a kernel is launched.
  it('refuses bad arguments with a code for each', { timeout: 180_000 }, (context) => {
    context.skip(nvcc === undefined, 'no nvcc on this machine');
    const p = rowSums();
    const odd: Program = { ...p, outputs: [{ ...p.outputs[0]!, shape: [op('sub', v('R'), i32(3))] }] };
    expect(
      hostAnswers(odd, 'row_sums', [
        'row_sums_launch(0, 0)',
        'launch(tensor, tensor, -1, 5, 0, 0)',
        'launch(tensor, tensor, 4, 3000000000LL, 0, 0)',
        'launch(tensor, tensor, 2, 5, 0, 0)',
        'launch(tensor, tensor, 100000, 100000, 0, 0)',
        'launch(0, tensor, 4, 5, 0, 0)',
        'launch(tensor, 0, 4, 5, 0, 0)',
        'launch(tensor, tensor, 4, 5, 0, 0)',
        'launch(tensor, tensor, 4, 5, tensor, 255)',
        'launch(tensor, tensor, 4, 5, 0, 256)',
        'workspace(4, 5)',
        'workspace(100, 257)',
        'workspace(4, 0)',
        'workspace(-4, 5)',
        'workspace(100000, 100000)',
      ]),
    ).toEqual([-1, -2, -2, -2, -3, -1, -1, -4, -4, -1, 256, 1024, 0, 0, 0]);
  });

  it(
    'refuses tensors that begin where 16 bytes cannot be copied at once',
    { timeout: 180_000 },
    (context) => {
      context.skip(nvcc === undefined, 'no nvcc on this machine');
      expect(
        hostAnswers(copiedRows('f16'), 'copied_rows', [
          'launch(tensor + 8, tensor, 4, 2, 0, 0)',
          'launch(tensor, tensor + 2, 4, 2, 0, 0)',
          'launch(0, tensor + 2, 4, 2, 0, 0)',
        ]),
      ).toEqual([-5, -5, -1]);
    },
  );
});

function hostAnswers(program: Program, name: string, calls: readonly string[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'attnc-host-'));
  try {
    for (const f of filesOf(program)) writeFileSync(join(folder, f.path), f.text);
    writeFileSync(
      join(folder, 'main.c'),
      `#include "${name}.h"
#include <stdio.h>
static char tensor[256] __attribute__((aligned(256)));
static long launch(void* x, void* y, int64_t R, int64_t N, void* workspace, size_t bytes) {
  ${name}_args a = {x, y, R, N, workspace, bytes};
  return ${name}_launch(&a, 0);
}
static long workspace(int64_t R, int64_t N) {
  ${name}_args a = {0, 0, R, N, 0, 0};
  return (long)${name}_workspace_bytes(&a);
}
int main(void) {
${calls.map((c) => `  printf("%ld\\n", (long)${c});`).join('\n')}
  return 0;
}
`,
    );
    const built = spawnSync(nvcc!, ['-arch=sm_80', `${name}.cu`, 'main.c', '-o', 'main'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(built.stderr).toBe('');
    const ran = spawnSync(join(folder, 'main'), { encoding: 'utf8' });
    return ran.stdout.trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(nvcc === undefined)('the GPU runner (needs nvcc)', { timeout: 120_000 }, () => {
  const x = Float32Array.from({ length: 2 * 700 }, (_, n) => (n % 17) / 4);
  const inputs = { x: new Uint8Array(x.buffer) };
  const run = () => runOnGpu(cudaBackend.legalize(rowSums(), {}), inputs, { R: 2, N: 700 }, { repeats: 3 });
  it('says that there is no GPU', async (context) => {
    context.skip(gpu, 'there is an NVIDIA GPU');
    await expect(run()).rejects.toThrow(/the GPU cannot be used/);
  });
  it('gives outputs and a time', async (context) => {
    context.skip(!gpu, 'no NVIDIA GPU on this machine');
    const { outputs, ms } = await run();
    const sum = (from: number): number => x.slice(from, from + 700).reduce((a, b) => a + b, 0);
    expect([...new Float32Array(outputs['y']!.buffer as ArrayBuffer)]).toEqual([sum(0), sum(700)]);
    expect(ms).toBeGreaterThan(0);
  });
});
