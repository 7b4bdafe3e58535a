/** Printed CUDA C++ under the CPU emulator, which checks races, bounds, divergence and reads of what nobody wrote. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectAgreement } from './agrees.ts';
import { examples } from './examples.ts';

const missing = await missingFor('cuda-emu');

describe.skipIf(missing !== undefined)(`CUDA under the emulator (${missing ?? 'g++ is here'})`, () => {
  // Half of the examples show each of the 16-bit storages: compiling for the CPU is what takes the time.
  const turns = { f32: [0, 1], f16: [0], bf16: [1] } as const;
  for (const [storage, own] of Object.entries(turns) as [keyof typeof turns, readonly number[]][]) {
    const shown = examples().filter((_, n) => own.includes(n % 2));
    if (shown.length > 0)
      describe(`in ${storage}`, () => {
        it.each(shown)('$title', { timeout: 180_000 }, (example) =>
          expectAgreement('cuda-emu', example, storage),
        );
      });
  }
});
