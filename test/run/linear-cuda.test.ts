/** Mechanisms against references of their own, as printed CUDA C++ under the emulator, which is slow at long sequences. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectReference, referenceCases } from './references.ts';

const missing = await missingFor('cuda-emu');
const cases = await referenceCases();

describe.skipIf(missing !== undefined)(`CUDA against references (${missing ?? 'g++ is here'})`, () => {
  it.each(cases)('$title', { timeout: 180_000 }, (c) =>
    expectReference('cuda-emu', c, { takes: (length, hazard) => hazard === 'normal' || length === 65 }),
  );
});
