/** Mechanisms against references of their own, as printed WGSL on a WebGPU device. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectReference, hasStates, referenceCases } from './references.ts';
import { everyNth } from './examples.ts';

const missing = await missingFor('wgsl');
const cases = await referenceCases();

describe.skipIf(missing !== undefined)(`WGSL against references (${missing ?? 'a device is here'})`, () => {
  // Every example is held to the interpreter on the device (wgsl-f32.test.ts), and the interpreter to all cases.
  it.each(everyNth(cases, 2))('$title', { timeout: 120_000 }, (c) =>
    // Short chunks: drivers that compile for a CPU take their time over what a lane does without loops.
    expectReference('wgsl', c, { features: { form: { chunk: 8 } } }),
  );
  // Scans are many launches, and each of them is compiled; in float64 all of them are tested.
  describe.each([
    ['sequential', 4],
    ['scan', 8],
  ] as const)('as %s', (form, nth) => {
    it.each(everyNth(cases.filter(hasStates), nth))('$title', { timeout: 120_000 }, (c) =>
      expectReference('wgsl', c, {
        features: { form: { form, chunk: 8 } },
        takes: (length) => length === 5 || length === 65,
      }),
    );
  });
});
