/** Mechanisms against references of their own, lane by lane: the plan of a GPU, at lengths that this slow executor affords. */
import { describe, it } from 'vitest';
import { expectReference, referenceCases } from './references.ts';

const cases = await referenceCases();

describe('the kernel interpreter against references', () => {
  it.each(cases)('$title', { timeout: 120_000 }, (c) =>
    expectReference('kernel-interp', c, {
      features: { device: 'gpu' },
      takes: (length, hazard) => length <= 5 || (length === 65 && hazard === c.hazards.at(-1)),
    }),
  );
});
