/**
 * Law: kernels in which each lane owns whole rows and column operands lie in workgroup memory compute what the
 * definitions say, for any sizes of blocks. Compared within the rounding that rounding.ts measures.
 */
import { describe, it } from 'vitest';
import type { StagePlan } from '../../src/tile/plan.ts';
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

const LANES = [4, 8, 32, 64] as const;
const ROWS = [1, 1, 2] as const;
const COLUMNS = [1, 4, 5, 8, 32] as const;
const cases = specs({ work: 16_000 });

/** Blocks that the compiler might choose and others, by the seed of the case. */
function target(c: SpecCase): (p: Prepared) => Target {
  const lanes = LANES[c.seed % LANES.length]!;
  const rows = ROWS[(c.seed >> 3) % ROWS.length]!;
  const blockN = COLUMNS[(c.seed >> 5) % COLUMNS.length]!;
  return (p) => ({
    limits: GPU,
    fixed: c.seed % 2 === 0 ? p.required : p.sizes,
    plan: (s): StagePlan => ({
      arrangement: 'lane-rows',
      blockM: lanes * rows,
      blockN: s.stream.length === 0 ? 1 : blockN,
      lanes,
      operands: s.stream.length === 0 ? 'direct' : 'workgroup',
      fullTiles: c.seed % 7 < 4 ? 'apart' : 'together',
      ...boxes(s, lanes * rows, s.stream.length === 0 ? 1 : blockN, c.seed),
    }),
  });
}

/** In two cases of three, sides of several axes are cut into boxes. */
function boxes(s: Stage, blockM: number, blockN: number, seed: number): Partial<StagePlan> {
  const shape = (axes: number, block: number): number[] => {
    const out = Array.from({ length: axes }, () => 1);
    let left = block;
    for (let n = seed; left > 1; n++) {
      const factor = [2, 3, 5, left].find((f) => left % f === 0)!;
      out[n % axes]! *= factor;
      left /= factor;
    }
    return out;
  };
  if (seed % 3 === 0) return {};
  return {
    ...(s.row.length > 1 ? { rowShape: shape(s.row.length, blockM) } : {}),
    ...(s.stream.length > 1 ? { streamShape: shape(s.stream.length, blockN) } : {}),
  };
}

const law =
  (damage?: Damage) =>
  (c: SpecCase): void =>
    lowersRightly(c, target(c), damage);

describe('lowering to rows per lane with operands in workgroup memory', () => {
  it('keeps the meaning', () => holds(cases, law(), 240));

  it.each([
    ['a running sum that is not rescaled', withoutRescaling],
    ['a mask that is dropped', withoutMasks],
    ['a row without elements that keeps its carrier', withoutEmptyRows],
    ['missing barriers', withoutBarriers],
    ['loops that end early', withShortLoops],
    ['a choice that goes the other way', withSwappedChoice],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 120));
});
