/** Matrices are loaded from shared memory without two rows in one bank, whatever the length of the rows. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText } from '../../src/compile.ts';
import { emulateCuda } from '../../src/runtime/cuda-emulator.ts';
import { tensorFrom } from '../../src/runtime/tensor.ts';
import type { MatrixFeed, StagePlan } from '../../src/tile/plan.ts';

const compiler = spawnSync('g++', ['--version']).status === 0;
const text = readFileSync(join(import.meta.dirname, '../../examples/causal.attn'), 'utf8');

function conflicts(D: number, feed: Partial<MatrixFeed>) {
  const plan: StagePlan = {
    arrangement: 'warp-matrix',
    blockM: 32,
    blockN: 32,
    lanes: (32 * 32) / (feed.rowsPerWarp ?? 16),
    operands: 'workgroup',
    fullTiles: 'apart',
    feed: { depth: 2, layout: 'swizzled', rows: 'workgroup', rowsPerWarp: 16, ...feed },
  };
  const { value } = compileText(text, { target: 'cuda', set: { D, E: D }, plans: [plan] });
  const N = 40;
  const bytes = tensorFrom(
    'f16',
    [N * D],
    Float64Array.from({ length: N * D }, (_, n) => (n % 7) / 4 - 1),
  ).bytes;
  return emulateCuda(value!.program, { q: bytes, k: bytes, v: bytes }, { B: 1, H: 1, N, M: N, D, E: D });
}

describe.skipIf(!compiler)('banks of shared memory (needs g++)', { timeout: 120_000 }, () => {
  it.each([
    [16, {}],
    [32, {}],
    [48, {}],
    [64, {}],
    [128, { rowsPerWarp: 32 }],
    [64, { layout: 'padded' }],
  ] as const)('serve rows of %d elements at once: %o', async (D, feed) => {
    const { report } = await conflicts(D, feed as Partial<MatrixFeed>);
    expect(report.errors).toEqual([]);
    expect(report.ldmatrixConflicts).toBe(0);
  });
});
