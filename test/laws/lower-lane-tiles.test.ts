/**
 * Law: kernels in which neighbouring lanes share rows compute what the definitions say, for any sizes of tiles, at every size
 * of subgroups. Compared within the rounding that rounding.ts measures.
 */
import { describe, it } from 'vitest';
import { laneTilesPlan, laneTilesBytes, takesTiles } from '../../src/tile/lane-tiles-plan.ts';
import { defaultPlan, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import type { Stage } from '../../src/tile/tile.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import type { Prepared } from './case.ts';
import { catches, holds } from './law.ts';
import {
  GPU,
  lowersRightly,
  withoutBarriers,
  withoutEmptyRows,
  withoutMasks,
  withoutRescaling,
  withShortLoops,
  withSwappedChoice,
  type Damage,
  type Target,
} from './lowering.ts';

const SUBGROUPS = [1, 4, 8, 16, 32, 64, 128] as const;
const cases = specs({ work: 16_000 });
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** Tiles that the compiler might choose and others, by the seed of the case. */
function target(c: SpecCase): (p: Prepared) => Target {
  const limits: PlanLimits = { ...GPU, vectors: true, exchanges: c.seed % 3 !== 0 };
  const rowLanes = pick([2, 4, 8, 16], c.seed >> 2);
  const lanes = pick([16, 32, 64], c.seed >> 4);
  const rows = pick([1, 2, 4], c.seed >> 6);
  const own = laneTilesPlan(limits, lanes, rowLanes, rows);
  return (p) => ({
    limits,
    fixed: c.seed % 2 === 0 ? p.required : p.sizes,
    subgroup: pick(SUBGROUPS, c.seed >> 3),
    plan: (s: Stage): StagePlan => {
      const blockN = own.blockN * pick([1, 1, 2], c.seed >> 5);
      const plan: StagePlan = {
        ...own,
        blockN,
        fullTiles: c.seed % 7 < 4 ? 'apart' : 'together',
        references: c.seed % 5 < 3 ? 'exact' : 'lagging',
      };
      return takesTiles(s) && laneTilesBytes(s, plan) <= limits.workgroupBytes
        ? plan
        : defaultPlan(s, limits);
    },
  });
}

const law =
  (damage?: Damage) =>
  (c: SpecCase): void =>
    lowersRightly(c, target(c), damage);

describe('lowering to tiles of lanes that share rows', () => {
  it('keeps the meaning', () => holds(cases, law(), 200));

  it.each([
    ['a running sum that is not rescaled', withoutRescaling],
    ['a mask that is dropped', withoutMasks],
    ['a row without elements that keeps its carrier', withoutEmptyRows],
    ['missing barriers', withoutBarriers],
    ['loops that end early', withShortLoops],
    ['a choice that goes the other way', withSwappedChoice],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 120));
});
