/**
 * Law: whichever plan of its space a stage is run by, kernels compute what the definitions say, within the rounding that
 * rounding.ts measures. Plans of matrix units have their law in lower-warp-matrix.test.ts, where rounding is another.
 */
import { describe, expect, it } from 'vitest';
import { defaultPlan, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import { misfitOf } from '../../src/tile/plan-fits.ts';
import { planKey, planSpace } from '../../src/tile/space.ts';
import type { Stage } from '../../src/tile/tile.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { specs, type SpecCase } from '../support/spec-arbitrary.ts';
import { stepsCases, type StepsCase } from '../support/steps-arbitrary.ts';
import { prepare } from './case.ts';
import { catches, demand, holds } from './law.ts';
import {
  GPU,
  lowersRightly,
  tiled,
  withoutMasks,
  withoutRescaling,
  withShortLoops,
  type Damage,
} from './lowering.ts';
import { demandDefinition, irOf, loweredSteps, type Damage as StepsDamage } from './steps-case.ts';

/** Plans have up to 256 lanes, which the interpreter runs one by one. */
const cases = specs({ work: 6_000 });
const DEVICES: readonly PlanLimits[] = [GPU, { ...GPU, subgroup: 4, software: true }];

/** A plan of the space, by the seed of a case and the place of the stage. */
function chosen(
  s: Stage,
  limits: PlanLimits,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): StagePlan {
  const space = planSpace(s, limits, defaultPlan(s, limits, sizes), sizes);
  return space[(seed + s.name.length * 7) % space.length]!;
}

const law =
  (damage: Damage = {}) =>
  (c: SpecCase): void => {
    const limits = DEVICES[c.seed % DEVICES.length]!;
    lowersRightly(
      c,
      (p) => ({
        limits,
        fixed: c.seed % 4 < 2 ? p.required : p.sizes,
        plan: (s) => chosen(s, limits, p.sizes, c.seed >> 2),
      }),
      damage,
    );
  };

const stepsLaw =
  (damage: StepsDamage = {}) =>
  (c: StepsCase): void => {
    const ir = irOf(c.text);
    const limits = DEVICES[c.seed % DEVICES.length]!;
    const program = loweredSteps(c, ir, damage, limits, (s) => chosen(s, limits, c.sizes, c.seed >> 1));
    const values = Object.fromEntries(
      ir.tensors.map((t) => [t.name, Float64Array.from(c.inputs[t.name]!.data)]),
    );
    const { outputs, errors } = interpretProgram(program, values, c.sizes);
    demand(errors.length === 0, () => `${errors[0]!.kind}: ${errors[0]!.message}\n${c.text}`);
    demandDefinition(c, ir, outputs);
  };

describe('every plan of a stage', () => {
  it('keeps the meaning', { timeout: 240_000 }, () => holds(cases, law(), 40));

  it.each([
    ['a running sum that is not rescaled', withoutRescaling],
    ['a mask that is dropped', withoutMasks],
    ['loops that end early', withShortLoops],
  ])('notices %s', (_, damage) => catches(cases, law(damage), 60));

  it('keeps the meaning of steps', () => holds(stepsCases, stepsLaw(), 40));

  it('of steps notices steps in the other order', () =>
    catches(stepsCases, stepsLaw({ steps: (r) => ({ ...r, reverse: !r.reverse }) }), 40));

  it('is valid, another one than all others, and the first is the own one', () =>
    holds(
      cases,
      (c) => {
        const p = prepare(c);
        for (const limits of [...DEVICES, { ...GPU, workgroupBytes: 99 * 1024, mma: true }])
          for (const s of tiled(p, p.required, limits).stages) {
            const own = defaultPlan(s, limits, p.sizes);
            const space = planSpace(s, limits, own, p.sizes);
            demand(space[0] === own, () => `the first of ${s.name} is another`);
            demand(
              space.every((x) => misfitOf(s, x, limits) === undefined),
              () => `${s.name} has plans that it cannot take`,
            );
            demand(new Set(space.map(planKey)).size === space.length, () => `${s.name} has a plan twice`);
          }
      },
      20,
    ));

  it('is one of several', () => {
    const c = prepare({ text: ONE, sizes: { N: 5, M: 7, D: 4 }, params: {}, seed: 1, scale: 1 });
    for (const limits of DEVICES) {
      const [stage] = tiled(c, c.required, limits).stages as [Stage];
      expect(planSpace(stage, limits, defaultPlan(stage, limits), c.sizes).length).toBeGreaterThan(10);
    }
  });
});

const ONE = `kernel one {
  axes i: N, j: M, d: D
  in q: f32[i, d]
  in k: f32[j, d]
  score s = sum[d](q * k)
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * k)
  out y: f32[i, d]
}`;
