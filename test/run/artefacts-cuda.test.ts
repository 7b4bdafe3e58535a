/** A sequence decoded and a sequence shared by ranks, as printed CUDA C++ under the emulator. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { ARTEFACT_EXAMPLES, expectParts, expectSteps } from './artefacts.ts';

const missing = await missingFor('cuda-emu');

describe.skipIf(missing !== undefined)(`artefacts as CUDA (${missing ?? 'g++ is here'})`, () => {
  it.each(ARTEFACT_EXAMPLES)('$name: steps', { timeout: 240_000 }, (x) => expectSteps('cuda-emu', x));
  it.each(ARTEFACT_EXAMPLES)('$name: parts', { timeout: 240_000 }, (x) => expectParts('cuda-emu', x));
});
