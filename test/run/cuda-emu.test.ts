/** Printed CUDA C++ under the CPU emulator, which checks races, bounds, divergence and reads of what nobody wrote. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectAgreement } from './agrees.ts';
import { examples } from './examples.ts';

const missing = await missingFor('cuda-emu');

describe.skipIf(missing !== undefined)(`CUDA under the emulator (${missing ?? 'g++ is here'})`, () => {
  describe.each(['f32', 'f16', 'bf16'] as const)('in %s', (storage) => {
    it.each(examples())('$title', { timeout: 180_000 }, (example) =>
      expectAgreement('cuda-emu', example, storage),
    );
  });
});
