/** What nvcc makes of dense kernels on matrix units: read from its report and from the machine code. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText } from '../../src/compile.ts';
import type { StorageType } from '../../src/expr/types.ts';
import { sharedBytes } from '../../backends/cuda/shared-layout.ts';
import { ARCHITECTURES, findNvcc, parseNvcc } from '../../src/runtime/nvcc.ts';
import { instructions, workgroupsAtOnce } from '../support/sass.ts';

const nvcc = findNvcc();
const root = join(import.meta.dirname, '../..');

/** @param storage of queries, keys, values and the output, where it is not that of the spec */
function built(example: string, storage: StorageType | undefined, size: number) {
  const text = readFileSync(join(root, 'examples', `${example}.attn`), 'utf8');
  const all = storage ? Object.fromEntries(['q', 'k', 'v', 'y'].map((name) => [name, storage])) : {};
  const { value } = compileText(text, { target: 'cuda', set: { D: size, E: size }, storage: all });
  const kernel = value!.program.kernels.at(-1)!;
  const folder = mkdtempSync(join(tmpdir(), 'attnc-sass-'));
  try {
    for (const f of value!.files) writeFileSync(join(folder, f.path), f.text);
    const cubin = join(folder, 'k.cubin');
    const args = [...ARCHITECTURES['sm_90a']!, '-O3', '-Xptxas', '-v', '-cubin', '-o', cubin];
    const run = spawnSync(nvcc!, [...args, join(folder, `${example}.cu`)], { encoding: 'utf8' });
    const [use] = parseNvcc('sm_90a', { ok: run.status === 0, text: run.stdout + run.stderr }).kernels;
    const [census] = [...instructions(readFileSync(cubin)).values()];
    return { kernel, use: use!, census: census! };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(nvcc === undefined)('machine code (needs nvcc)', { timeout: 120_000 }, () => {
  it.each([
    ['causal', 'bf16', 128],
    ['causal', 'f16', 64],
    ['sdpa', 'bf16', 64],
    ['sdpa', 'f16', 128],
  ] as const)('of %s in %s with vectors of %d', (example, storage, size) => {
    const { kernel, use, census } = built(example, storage, size);
    expect([use.spillLoads, use.spillStores, census['LDL.32'], census['STL.32']]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ]);
    // A tile is at least 16 positions: its scores and its sums take two products for each 16 elements of a vector.
    expect(census['HMMA']).toBeGreaterThanOrEqual((4 * size) / 16);
    expect(census['LDSM']).toBeGreaterThan(0);
    // Tiles are copied by 16 bytes and rows come by words: nothing is read or written element by element.
    expect(census['LDGSTS.128']).toBeGreaterThan(0);
    expect([census['LDG.16'], census['STG.16']]).toEqual([undefined, undefined]);
    const groups = workgroupsAtOnce(use.registers, kernel.lanes, sharedBytes(kernel, 0));
    expect((groups * kernel.lanes) / 32).toBeGreaterThanOrEqual(8);
  });

  it('of sage_int8, whose scores are products of bytes', () => {
    const { use, census } = built('sage_int8', undefined, 128);
    expect([use.spillLoads, use.spillStores]).toEqual([0, 0]);
    // A product of bytes takes 32 elements of a vector, one of 16-bit values 16.
    expect(census['IMMA']).toBeGreaterThanOrEqual((2 * 128) / 32);
    expect(census['HMMA']).toBeGreaterThanOrEqual((2 * 128) / 16);
    expect(census['LDGSTS.128']).toBeGreaterThan(0);
  });

  it('of gla in bf16, whose workgroups go through chunks', () => {
    const { kernel, use } = built('gla', 'bf16', 64);
    expect([use.kernel, use.spillLoads, use.spillStores]).toEqual([`${kernel.name}_kernel`, 0, 0]);
    expect(workgroupsAtOnce(use.registers, kernel.lanes, sharedBytes(kernel, 0))).toBe(3);
  });
});
