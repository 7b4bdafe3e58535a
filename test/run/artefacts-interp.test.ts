/** A sequence decoded and a sequence shared by ranks, by the interpreter and by the kernels' own. */
import { describe, it } from 'vitest';
import { ARTEFACT_EXAMPLES, expectParts, expectSteps } from './artefacts.ts';

describe.each(['interp', 'kernel-interp'] as const)('artefacts on %s', (target) => {
  it.each(ARTEFACT_EXAMPLES)('$name: steps', { timeout: 120_000 }, (x) => expectSteps(target, x));
  it.each(ARTEFACT_EXAMPLES)('$name: parts', { timeout: 120_000 }, (x) => expectParts(target, x));
});
