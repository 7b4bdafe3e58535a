/** Printed CUDA C++ under the CPU emulator, which checks races, bounds, divergence and reads of what nobody wrote. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectAgreement } from './agrees.ts';
import { examples } from './examples.ts';

const missing = await missingFor('cuda-emu');

describe.skipIf(missing !== undefined)(`CUDA under the emulator (${missing ?? 'g++ is here'})`, () => {
  // Half of the examples show each of the 16-bit storages: compiling for the CPU is what takes the time.
  describe.each([
    ['f32', [0, 1]],
    ['f16', [0]],
    ['bf16', [1]],
  ] as const)('in %s', (storage, turns) => {
    const own = examples().filter((_, n) => (turns as readonly number[]).includes(n % 2));
    it.each(own)('$title', { timeout: 180_000 }, (example) => expectAgreement('cuda-emu', example, storage));
  });
});
