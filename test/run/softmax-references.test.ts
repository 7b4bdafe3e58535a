/**
 * Softmax-like mechanisms against references of their own, on the interpreter: both are float64, so that only the order
 * of sums differs. Other executors are held against the interpreter on all examples.
 */
import { describe, it } from 'vitest';
import { expectReference, referenceCases } from './references.ts';

const cases = await referenceCases('softmax');

describe('the interpreter against references', () => {
  it.each(cases)('$title', (c) => expectReference('interp', c, { tolerance: 1e-9 }));
});
