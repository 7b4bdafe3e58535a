/**
 * How a law is tried: on seeded random cases, and once more with a planted fault that it must notice.
 *
 * Two translations have their laws beside their other tests: simplification in test/unit/expr-evaluate.test.ts, printing
 * and formatting of source in test/unit/syntax-generated.test.ts.
 *
 * ATTNC_LAW_SEED tries other cases than the usual ones, ATTNC_LAW_RUNS multiplies their number, ATTNC_LAW_SHRINK=1 makes
 * a failing case small, which takes minutes.
 */
import fc from 'fast-check';
import { expect } from 'vitest';

const SEED = Number(process.env.ATTNC_LAW_SEED ?? 20_240_917);
const RUNS = Number(process.env.ATTNC_LAW_RUNS ?? 1);
const SHRINK = process.env.ATTNC_LAW_SHRINK === '1';

/** A law throws where it does not hold. */
export type Law<T> = (value: T) => void | Promise<void>;

/** Fails with the seed and the case when the law does not hold for some value. */
export async function holds<T>(arbitrary: fc.Arbitrary<T>, law: Law<T>, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => {
    await law(value);
  });
  await fc.assert(property, { seed: SEED, numRuns: numRuns * RUNS, endOnFailure: !SHRINK });
}

/** Fails when a law with a fault planted in what it looks at is still believed after `numRuns` cases. */
export async function catches<T>(arbitrary: fc.Arbitrary<T>, faulty: Law<T>, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(arbitrary, async (value) => {
    await faulty(value);
  });
  const result = await fc.check(property, { seed: SEED, numRuns, endOnFailure: true });
  expect(result.failed, `no case of ${numRuns} showed the planted fault`).toBe(true);
  // Only what the law itself says counts: a crash would be noticed without it.
  expect(result.errorInstance).toBeInstanceOf(LawBroken);
}

/** The law does not hold: what was seen. */
export class LawBroken extends Error {}

export function demand(condition: boolean, message: () => string): void {
  if (!condition) throw new LawBroken(message());
}
