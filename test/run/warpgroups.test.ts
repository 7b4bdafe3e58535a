/**
 * Kernels for compute capability 9.0 under the emulator, which lets copies and products finish as late or as early as they may,
 * and through nvcc. Results are those of the interpreter; faults planted in the text are noticed.
 */
import { describe, expect, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { emulateCuda } from '../../src/runtime/cuda-emulator.ts';
import { compileWithNvcc, findNvcc } from '../../src/runtime/nvcc.ts';
import { compareLaunch } from './agrees.ts';
import { CASES, compiledFor, launchOf, usesWarpgroups } from './warpgroups.ts';

/** Bytes per thread. */
const MOST_SPILLED = 32;

const missing = await missingFor('cuda-emu');

describe.skipIf(missing !== undefined)(`warpgroups under the emulator (${missing ?? 'g++ is here'})`, () => {
  it.each(CASES)('$title', { timeout: 300_000 }, async (c) => {
    const launch = launchOf(c);
    expect(usesWarpgroups(await compiledFor(launch.kernel, c.sizes['D']!, c.sizes['E']!))).toBe(true);
    const found = await compareLaunch('cuda-emu', launch, c.storage);
    expect(found.filter((o) => !o.agrees)).toEqual([]);
  });

  /** Lines of the printed text, before and after. */
  const faults: readonly (readonly [title: string, from: RegExp, to: string])[] = [
    ['a tile that is not awaited', /attn::mbarrier_wait\(&barriers\[2 \* \(1 \+ \w+\)\], \w+\);/, ''],
    [
      'a place that is filled too early',
      /attn::mbarrier_wait\(&barriers\[2 \* \(3 \+ \w+\)\], 1 - \w+\);/,
      '',
    ],
    ['a wait for the wrong phase', /(mbarrier_wait\(&barriers\[2 \* \(3 \+ \w+\)\]), 1 - /, '$1, '],
    ['fewer bytes than come', /(mbarrier_expect\(&barriers\[2 \* \(5 \+ \w+\)\]), \d+/, '$1, 128'],
    ['scores that are read at once', /attn::wgmma_wait_1\(\);/, ''],
    [
      'a descriptor of another place',
      /swizzled_matrix\(&k_tiles\[(\w+)/,
      'swizzled_matrix(&k_tiles[(1 - $1)',
    ],
    ['one warp that speaks for all', /if \(lane % 32 == 0\)/, 'if (lane % 128 == 0)'],
  ];
  it.each(faults)('notice %s', { timeout: 300_000 }, async (_, from, to) => {
    const c = CASES.find((x) => x.title === 'causal')!;
    const { kernel, inputs, sizes } = launchOf(c);
    const { program } = await compiledFor(kernel, sizes['D']!, sizes['E']!);
    const bytes = Object.fromEntries([...inputs].map(([name, t]) => [name, t.bytes]));
    const edit = (text: string): string => {
      expect(text).toMatch(from);
      return text.replace(from, to);
    };
    const { report } = await emulateCuda(program, bytes, sizes, { edit });
    expect(report.errors.length).toBeGreaterThan(0);
  });
});

describe('warpgroups', () => {
  it('are asked for', async () => {
    const { kernel } = launchOf(CASES[0]!);
    const { compileVariant } = await import('../../src/cli/pipeline.ts');
    expect(usesWarpgroups(await compileVariant(kernel, { D: 64, E: 64 }, 'cuda', {}))).toBe(false);
  });
  it('need strides of 16 bytes', async () => {
    const { kernel } = launchOf(CASES[0]!);
    expect(usesWarpgroups(await compiledFor(kernel, 12, 12))).toBe(false);
  });
});

describe.skipIf(findNvcc() === undefined)('warpgroups under nvcc (needs nvcc)', () => {
  const wide = CASES.filter((c) => ['full', 'causal', 'shared keys', 'window'].includes(c.title));
  it.each(wide)('$title keeps everything in registers', { timeout: 180_000 }, async (c) => {
    const { kernel } = launchOf(c);
    for (const D of [64, 128]) {
      const { files } = await compiledFor(kernel, D, D);
      const { errors, warnings, kernels } = await compileWithNvcc(files, ['sm_90a']);
      expect([...errors, ...warnings]).toEqual([]);
      // ptxas moves a few registers that only the prologue and the end of a kernel use; arrays would be far more.
      expect(
        kernels.filter((k) => Math.max(k.stackBytes, k.spillStores, k.spillLoads) > MOST_SPILLED),
      ).toEqual([]);
      expect(kernels.length).toBe(1);
    }
  });
});
