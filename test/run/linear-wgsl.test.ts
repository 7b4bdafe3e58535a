/** Mechanisms against references of their own, as printed WGSL on a WebGPU device. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { expectReference, linearCases } from './linear.ts';

const missing = await missingFor('wgsl');
const cases = await linearCases();

describe.skipIf(missing !== undefined)(`WGSL against references (${missing ?? 'a device is here'})`, () => {
  it.each(cases)('$title', { timeout: 120_000 }, (c) =>
    // Short chunks: drivers that compile for a CPU take their time over what a lane does without loops.
    expectReference('wgsl', c, { features: { form: { chunk: 8 } } }),
  );
});
