/** Mechanisms against references of their own, as printed CUDA C++ under the emulator, which is slow at long sequences. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { everyNth } from './examples.ts';
import { expectReference, referenceCases } from './references.ts';

const missing = await missingFor('cuda-emu');
const cases = await referenceCases();

describe.skipIf(missing !== undefined)(`CUDA against references (${missing ?? 'g++ is here'})`, () => {
  // Every example is held to the interpreter here (cuda-emu.test.ts), and the interpreter to all cases.
  it.each(everyNth(cases, 3))('$title', { timeout: 180_000 }, (c) =>
    expectReference('cuda-emu', c, { takes: (length, hazard) => hazard === 'normal' || length === 65 }),
  );
});
