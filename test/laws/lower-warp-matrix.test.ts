/**
 * Law: kernels whose contractions run on matrix units with 16-bit operands compute what the definitions say. Tensors are
 * of the operands' format, so that reading them is exact; what rounds to 16 bits is transformed operands and the weights
 * of aggregates, whose error rounding.ts measures with the unit of that format on every product inside a sum.
 */
import { describe, it } from 'vitest';
import { defaultPlan, type PlanLimits } from '../../src/tile/plan.ts';
import { attentionSpecs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare, type Prepared } from './case.ts';
import { catches, holds } from './law.ts';
import {
  GPU,
  lowersRightly,
  tiled,
  withEarlyWaits,
  withoutBarriers,
  withoutCommits,
  withoutMasks,
  withoutRescaling,
  withoutWaits,
  withShortLoops,
  type Damage,
  type Target,
} from './lowering.ts';

const MATRIX: PlanLimits = { ...GPU, workgroupBytes: 49152, mma: true };

/**
 * Cases for which the compiler itself chooses matrix units in some stage. Sums of (score − lse) · value are left out: they
 * become a difference of two sums, whose cancellation magnifies what 16 bits lose of the scores.
 */
const cases = attentionSpecs({ storages: ['f16', 'bf16'], work: 12_000 }).filter((c) => {
  if (c.text.includes('log_softmax')) return false;
  const p = prepare(c);
  const stages = tiled(p, p.required, MATRIX).stages;
  return stages.some((s) => defaultPlan(s, MATRIX).arrangement === 'warp-matrix');
});

const law =
  (damage?: Damage) =>
  (c: SpecCase): void => {
    const operands = c.text.includes('bf16[') ? 'bf16' : 'f16';
    // Known sizes are few rows here, for which warps own 16 rows; else they own 32 where registers allow.
    const fixed = (p: Prepared): Target['fixed'] => (c.seed % 3 === 0 ? p.required : p.sizes);
    lowersRightly(c, (p) => ({ limits: MATRIX, fixed: fixed(p) }), damage, { operands });
  };

describe('lowering to matrix units', () => {
  it('keeps the meaning', { timeout: 120_000 }, () => holds(cases, law(), 70));

  it.each([
    ['a running sum that is not rescaled', withoutRescaling],
    ['a mask that is dropped', withoutMasks],
    ['missing barriers', withoutBarriers],
    ['loops that end early', withShortLoops],
    ['copies that nobody waits for', withoutWaits],
    ['waits that leave a copy in flight', withEarlyWaits],
    ['copies that are never a group', withoutCommits],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 60));
});
