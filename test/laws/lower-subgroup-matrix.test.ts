/**
 * Law: kernels whose contractions are products of matrices that subgroups hold compute what the definitions say, for units of
 * several shapes and for every number of subgroups in a workgroup. Units of f16 are for tensors of f16; what rounds then is transformed
 * operands and weights, whose error rounding.ts measures. f32 units multiply what is stored, exactly as lanes do.
 */
import { describe, it } from 'vitest';
import { parseUnit } from '../../src/expr/matrix-unit.ts';
import { defaultPlan, type PlanLimits } from '../../src/tile/plan.ts';
import { attentionSpecs, specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { prepare, type Prepared } from './case.ts';
import { catches, holds } from './law.ts';
import {
  GPU,
  lowersRightly,
  tiled,
  withoutBarriers,
  withoutEmptyRows,
  withoutMasks,
  withoutRescaling,
  withShortLoops,
  withShortProducts,
  type Damage,
  type Target,
} from './lowering.ts';

const SUBGROUPS = [4, 8, 16, 32, 64, 128] as const;
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

const limitsOf = (c: SpecCase, units: readonly string[]): PlanLimits => ({
  ...GPU,
  vectors: true,
  nativeF16: true,
  exchanges: c.seed % 3 === 0,
  // Little memory makes small tiles, and sums that are saved in several parts.
  workgroupBytes: pick([16384, 32768, 10240], c.seed >> 2),
  matrixUnits: [parseUnit(pick(units, c.seed >> 4))!],
});

/** Some stage of the case is for the unit. */
const multiplies = (c: SpecCase, units: readonly string[]): boolean => {
  const p = prepare(c);
  const limits = limitsOf(c, units);
  return tiled(p, p.required, limits).stages.some(
    (s) => defaultPlan(s, limits).arrangement === 'subgroup-matrix',
  );
};

const law =
  (units: readonly string[], operands?: 'f16') =>
  (damage?: Damage) =>
  (c: SpecCase): void => {
    const target = (p: Prepared): Target => ({
      limits: limitsOf(c, units),
      fixed: c.seed % 2 === 0 ? p.required : p.sizes,
      subgroup: pick(SUBGROUPS, c.seed >> 3),
    });
    lowersRightly(c, target, damage, operands ? { operands } : {});
  };

const WIDE = ['f32-f32:8x8x8', 'f32-f32:16x16x16', 'f32-f32:16x16x8', 'f32-f32:8x8x4'];
const HALF = ['f16-f32:16x16x16', 'f16-f32:8x8x8', 'f16-f32:8x16x16'];

describe('lowering to f32 matrices of subgroups', () => {
  const cases = specs({ work: 12_000 }).filter((c) => multiplies(c, WIDE));
  const wide = law(WIDE);
  it('keeps the meaning', () => holds(cases, wide(), 36));

  it.each([
    ['a running sum that is not rescaled', withoutRescaling],
    ['a mask that is dropped', withoutMasks],
    ['a row without elements that keeps its carrier', withoutEmptyRows],
    ['missing barriers', withoutBarriers],
    ['loops that end early', withShortLoops],
    ['products that end early', withShortProducts],
  ])('notices %s', (_, damage) => catches(cases, wide(damage), 60));
});

describe('lowering to f16 matrices of subgroups', () => {
  // Sums of (score - lse) · value become a difference of two sums, whose cancellation magnifies what 16 bits lose.
  const cases = attentionSpecs({ storages: ['f16'], work: 12_000 }).filter(
    (c) => !c.text.includes('log_softmax') && multiplies(c, HALF),
  );
  it('keeps the meaning', () => holds(cases, law(HALF, 'f16')(), 24));
  it('notices products that end early', () => catches(cases, law(HALF, 'f16')(withShortProducts), 40));
});
