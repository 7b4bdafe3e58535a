/** A sequence decoded and a sequence shared by ranks, by the interpreter and by the kernels' own. */
import { describe, it } from 'vitest';
import { ARTEFACT_EXAMPLES, expectParts, expectSteps, whereItFits } from './artefacts.ts';

describe.each(['interp', 'kernel-interp'] as const)('artefacts on %s', (target) => {
  for (const x of ARTEFACT_EXAMPLES) {
    it(`${x.name}: steps`, { timeout: 120_000 }, ({ skip }) =>
      whereItFits(skip, () => expectSteps(target, x)),
    );
    it(`${x.name}: parts`, { timeout: 120_000 }, ({ skip }) =>
      whereItFits(skip, () => expectParts(target, x)),
    );
  }
});
