/** Runs launches on a target and holds the results against the float64 interpreter. */
import { expect } from 'vitest';
import type { OutputAgreement } from '../../src/cli/agreement.ts';
import { compare } from '../../src/cli/compare.ts';
import type { Features } from '../../src/cli/pipeline.ts';
import { execute, interpret, type Launch, type Target } from '../../src/cli/targets.ts';
import { explainedByRounding } from '../../src/cli/verify/conditioning.ts';
import { STORAGE } from '../../src/expr/types.ts';
import {
  ALL_SETS,
  hashOf,
  launchOf,
  type Example,
  type ExampleLaunch,
  type FloatStorage,
  type SetName,
} from './examples.ts';

/**
 * Largest error of an element, relative to itself or, if that is larger, to the root mean square of its output.
 *
 * f32: one rounding is u = 6e-8. A score of 16 to 64 products errs by a few u of the sum of their sizes, which exp turns
 * into as much relative error of a weight; a row adds up to some hundred weights and products more. About 300 u stay below
 * 2e-5, and a wrong term, a lost rescaling or a shifted bound is far above it.
 *
 * f16, bf16: the interpreter reads the same rounded inputs, so what remains is one rounding of the result (5e-4, 4e-3) and,
 * where tensor cores take them, of weights whose errors partly cancel in a sum. Ten and five such roundings are allowed.
 */
export const LIMITS: Readonly<Record<FloatStorage, number>> = { f32: 2e-5, f16: 5e-3, bf16: 2e-2 };

/** Compares one launch with the interpreter, output by output. Integers and booleans must be equal. */
export async function compareLaunch(
  target: Target,
  launch: Launch & Partial<ExampleLaunch>,
  storage: FloatStorage,
): Promise<readonly OutputAgreement[]> {
  const expected = launch.exact?.() ?? interpret(launch).outputs;
  const { outputs } = await execute(target, launch);
  return launch.kernel.outputs.map(({ name, storage: own }) => {
    const tolerance = STORAGE[own].value === 'f32' ? LIMITS[storage] : 0;
    const difference = compare(outputs.get(name)!.values, expected.get(name)!.values, tolerance);
    return { output: name, ...difference, tolerance, agrees: difference.worst <= tolerance };
  });
}

const told = (o: OutputAgreement): string =>
  `${o.output}[${o.at}] is ${o.actual} where ${o.expected} is right: error ${o.worst.toExponential(2)}`;

/** The largest part of an output that may miss its limit in a set that still counts as held. */
const FEW = 0.02;

/**
 * Runs sets of one example on one target. A set may miss its limit where the definition itself moves as much when its
 * inputs or its operations move by one rounding, as the spread of nearly equal scores does; but in most of the sets all elements hold it, or
 * all but a few of hundreds, where roundings happen to add up.
 */
export async function expectAgreement(
  target: Target,
  example: Example,
  storage: FloatStorage,
  features: Features = {},
  sets: readonly SetName[] = ALL_SETS,
): Promise<void> {
  const wrong: string[] = [];
  let held = 0;
  // A driver takes long to compile: one schedule, made for one of the sets, runs them all. The kernel interpreter tries others.
  const drawn = sets.map((set) => launchOf(example, storage, set, features));
  const planned = target === 'wgsl' ? { expected: drawn[hashOf(example.title) % sets.length]!.sizes } : {};
  for (const [n, set] of sets.entries()) {
    const launch = { ...drawn[n]!, ...planned };
    const all = await compareLaunch(target, launch, storage);
    const missed = all.filter((o) => !o.agrees);
    if (missed.every((o) => o.missed <= FEW * o.compared)) held++;
    if (missed.length > 0 && !explainedByRounding(launch, 1, all)) {
      const numbers = JSON.stringify({ ...launch.sizes, ...launch.params });
      wrong.push(`${set} ${numbers}: ${missed.map(told).join('; ')}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(held, 'sets that hold their limit').toBeGreaterThan(sets.length / 2);
}
