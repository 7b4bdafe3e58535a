/** Copies ahead of use: what they compute, and that a missing wait or barrier is noticed, lane by lane and as CUDA C++. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { emulateCuda } from '../../src/runtime/cuda-emulator.ts';
import { tensorFrom, tensorOf, tensorValues } from '../../src/runtime/tensor.ts';
import { copiedRows, rowsOfQuarters, type CopyFlaw } from './cuda-copies.ts';

const TILES = 5;
const sizes = { R: 2 * TILES, N: TILES };
const { x, y } = rowsOfQuarters(TILES);
const compiler = spawnSync('g++', ['--version']).status === 0;

function emulated(storage: 'f16' | 'bf16', flaw?: CopyFlaw) {
  const program = cudaBackend.legalize(copiedRows(storage, flaw), {});
  return emulateCuda(program, { x: tensorFrom(storage, [x.length], x).bytes }, sizes);
}

describe('copies that run ahead', () => {
  it.each(['f16', 'bf16'] as const)('give the rows in %s, lane by lane', (storage) => {
    const program = copiedRows(storage);
    verifyProgram(program);
    const { outputs, errors } = interpretProgram(program, { x }, sizes);
    expect(errors).toEqual([]);
    expect([...outputs['y']!]).toEqual([...y]);
  });

  it.each([
    ['no wait', 'race', /before a copy to it has landed/],
    ['early wait', 'race', /before a copy to it has landed/],
    ['no barrier', 'race', /with no barrier between/],
    ['filled early', 'race', /with no barrier between|has landed/],
    ['misaligned', 'alignment', /8 elements of x/],
    ['left in flight', 'race', /ends before its copies have landed/],
  ] as const)('are noticed to be wrong, lane by lane: %s', (flaw, kind, message) => {
    const wide =
      flaw === 'left in flight' ? { x: Float64Array.from({ length: x.length + 512 }, () => 1) } : { x };
    const more = flaw === 'left in flight' ? { ...sizes, R: sizes.R + 2 } : sizes;
    const { errors } = interpretProgram(copiedRows('f16', flaw), wide, more);
    expect(
      errors
        .filter((e) => e.kind === kind)
        .map((e) => e.message)
        .join('\n'),
    ).toMatch(message);
  });

  it.skipIf(!compiler).each(['f16', 'bf16'] as const)(
    'give the rows in %s on the emulator',
    async (storage) => {
      const { outputs, report } = await emulated(storage);
      expect(report.errors).toEqual([]);
      expect([...tensorValues(tensorOf(storage, [256], outputs['y']!))]).toEqual([...y]);
    },
  );

  it.skipIf(!compiler).each([
    ['no wait', 'race'],
    ['early wait', 'race'],
    ['no barrier', 'race'],
    ['filled early', 'race'],
    ['misaligned', 'misaligned'],
  ] as const)('are noticed to be wrong on the emulator: %s', async (flaw, kind) => {
    const { report } = await emulated('bf16', flaw);
    expect(report.errors.map((e) => e.kind)).toContain(kind);
  });
});
