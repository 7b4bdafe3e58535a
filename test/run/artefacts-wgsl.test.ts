/** A sequence decoded and a sequence shared by ranks, as printed WGSL on a WebGPU device. */
import { describe, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { ARTEFACT_EXAMPLES, expectParts, expectSteps, whereItFits } from './artefacts.ts';

const missing = await missingFor('wgsl');

describe.skipIf(missing !== undefined)(`artefacts as WGSL (${missing ?? 'a device is here'})`, () => {
  for (const x of ARTEFACT_EXAMPLES) {
    it(`${x.name}: steps`, { timeout: 120_000 }, ({ skip }) =>
      whereItFits(skip, () => expectSteps('wgsl', x)),
    );
    it(`${x.name}: parts`, { timeout: 120_000 }, ({ skip }) =>
      whereItFits(skip, () => expectParts('wgsl', x)),
    );
  }
});
