/** A sequence decoded and a sequence shared by ranks, as printed WGSL on a WebGPU device. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { ARTEFACT_EXAMPLES, expectParts, expectSteps } from './artefacts.ts';

const missing = await missingFor('wgsl');

describe.skipIf(missing !== undefined)(`artefacts as WGSL (${missing ?? 'a device is here'})`, () => {
  it.each(ARTEFACT_EXAMPLES)('$name: steps', { timeout: 120_000 }, (x) => expectSteps('wgsl', x));
  it.each(ARTEFACT_EXAMPLES)('$name: parts', { timeout: 120_000 }, (x) => expectParts('wgsl', x));
});
