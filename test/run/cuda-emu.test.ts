/** Printed CUDA C++ under the CPU emulator, which checks races, bounds, divergence and reads of what nobody wrote. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectAgreement } from './agrees.ts';
import { everyNth, examples } from './examples.ts';

const missing = await missingFor('cuda-emu');

describe.skipIf(missing !== undefined)(`CUDA under the emulator (${missing ?? 'g++ is here'})`, () => {
  // An eighth of the examples shows each of the 16-bit storages: compiling for the CPU is what takes the time.
  const all = examples();
  const turns = { f32: all, f16: everyNth(all, 8), bf16: everyNth(all, 8, 1) };
  for (const [storage, shown] of Object.entries(turns) as [keyof typeof turns, typeof all][]) {
    if (shown.length > 0)
      describe(`in ${storage}`, () => {
        it.each(shown)('$title', { timeout: 180_000 }, (example) =>
          expectAgreement('cuda-emu', example, storage),
        );
      });
  }
});
