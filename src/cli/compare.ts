/** How far a result is from the interpreter's. */
import type { StorageType } from '../expr/types.ts';

export interface Difference {
  /** Worst error of an element, relative to its own size or to the root mean square of the output if that is larger. */
  readonly worst: number;
  /** Flat index of that element, and both values there. */
  readonly at: number;
  readonly expected: number;
  readonly actual: number;
  /** Elements that were compared: those where the interpreter has a value. */
  readonly compared: number;
  /** Elements whose error is above the limit. */
  readonly missed: number;
}

/** Half the distance between neighbouring values near 1. */
export const UNIT: Readonly<Partial<Record<StorageType, number>>> = {
  f32: 2 ** -24,
  f16: 2 ** -11,
  bf16: 2 ** -8,
  e4m3: 2 ** -4,
  e5m2: 2 ** -3,
};

/** Devices may flush values this small to zero. */
const NEGLIGIBLE = 1e-30;

/** Of the finite elements; scaled by the largest so that squares cannot overflow. */
function rootMeanSquare(values: ArrayLike<number>): number {
  const finite = Array.prototype.filter.call(values, Number.isFinite) as number[];
  const peak = finite.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (peak === 0) return 0;
  return peak * Math.sqrt(finite.reduce((sum, x) => sum + (x / peak) ** 2, 0) / finite.length);
}

/**
 * Compares elementwise. Equal infinities agree; a NaN of the interpreter means that the spec has no value there.
 * @param expected float64, not rounded to the output's storage
 * @param limit of an element's error, for the count of those that miss it
 */
export function compare(actual: ArrayLike<number>, expected: ArrayLike<number>, limit = 0): Difference {
  if (actual.length !== expected.length)
    return {
      worst: Infinity,
      at: 0,
      expected: expected.length,
      actual: actual.length,
      compared: 0,
      missed: expected.length,
    };
  const scale = Math.max(rootMeanSquare(expected), NEGLIGIBLE);
  let worst = 0;
  let at = 0;
  let compared = 0;
  let missed = 0;
  for (let n = 0; n < expected.length; n++) {
    const want = expected[n]!;
    if (Number.isNaN(want)) continue;
    compared++;
    const error = elementError(actual[n]!, want, scale);
    if (error > limit) missed++;
    if (error > worst) {
      worst = error;
      at = n;
    }
  }
  return { worst, at, expected: expected[at] ?? NaN, actual: actual[at] ?? NaN, compared, missed };
}

function elementError(actual: number, want: number, scale: number): number {
  if (actual === want) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(want)) return Infinity;
  return Math.abs(actual - want) / Math.max(Math.abs(want), scale);
}

/**
 * Largest error that rounding explains. f32 arithmetic throughout gives a few hundred units of f32. 16-bit operands are
 * exact, but weights that a matrix unit multiplies are rounded to their format: an element then moves by a unit of the sum
 * of its terms' sizes, which cancellation between values makes up to about four times the size of the outputs, and by a
 * unit more when it is stored. Integers and booleans must be equal.
 */
export function tolerance(output: StorageType, inputs: readonly StorageType[]): number {
  const own = UNIT[output];
  if (own === undefined) return 0;
  const coarsest = Math.max(own, ...inputs.map((storage) => UNIT[storage] ?? 0));
  return Math.max(5 * coarsest, 1024 * 2 ** -24);
}
