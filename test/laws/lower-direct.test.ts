/**
 * Law: kernels in which each lane owns whole rows and reads column operands where they lie, as software devices want,
 * compute what the definitions say, whether each lane reads all of an operand or lanes exchange what they read. Compared within the
 * rounding that rounding.ts measures.
 */
import { describe, it } from 'vitest';
import type { PlanLimits } from '../../src/tile/plan.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import type { Prepared } from './case.ts';
import { catches, holds } from './law.ts';
import {
  GPU,
  lowersRightly,
  withOneLender,
  withoutMasks,
  withoutRescaling,
  withShortLoops,
  type Damage,
  type Target,
} from './lowering.ts';

const cases = specs({ work: 16_000 });
/** Vectors of the cases have 1 to 8 elements: two lanes share whole ones, and some with an element left over. */
const SOFTWARE: PlanLimits = { ...GPU, subgroup: 2, software: true };

/** The compiler's own plan, or one row and few columns, by the seed of the case. */
function target(c: SpecCase): (p: Prepared) => Target {
  const exchanges = c.seed % 5 < 3;
  const limits = { ...SOFTWARE, exchanges };
  const own = { limits };
  const small = {
    limits,
    plan: () => ({
      arrangement: 'lane-rows' as const,
      blockM: exchanges ? 2 : 8,
      blockN: 1 + (c.seed % 3),
      lanes: exchanges ? 2 : 8,
      operands: exchanges ? ('exchanged' as const) : ('direct' as const),
      fullTiles: c.seed % 7 < 4 ? ('apart' as const) : ('together' as const),
    }),
  };
  return (p) => ({ ...(c.seed % 3 === 0 ? own : small), fixed: c.seed % 2 === 0 ? p.required : p.sizes });
}

const law =
  (damage?: Damage) =>
  (c: SpecCase): void =>
    lowersRightly(c, target(c), damage);

describe('lowering to rows per lane with operands read in place', () => {
  it('keeps the meaning', () => holds(cases, law(), 140));

  it.each([
    ['a running sum that is not rescaled', withoutRescaling],
    ['a mask that is dropped', withoutMasks],
    ['loops that end early', withShortLoops],
    ['elements of another lane', withOneLender],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 70));
});
