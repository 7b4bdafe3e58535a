/**
 * How far rounding may move a result, measured rather than guessed.
 *
 * A machine returns, for each f32 operation, the exact result times (1 + δ) with |δ| ≤ u = 2⁻²⁴; a sum of n terms in any
 * order has an error of at most n·u·Σ|terms|, and a cancellation or an exponential then magnifies what came before. So
 * we interpret, in float64, the kernel with every f32 operation, input and sum multiplied by (1 + δ·sin(…)), where δ is
 * many units and the sine differs from element to element, and see how far each output moves: that is the condition of
 * the result times δ, terms of sums (hence Σ|terms|) included. With δ = 256 u this covers sums of up to about 256 terms
 * and the error of elementary functions. A comparison that rounding could turn (equal maxima, a guard at its threshold)
 * shows as a large move, and asks nothing.
 *
 * Where operands of contractions are rounded to 16 bits, products inside sums have four units of that format instead.
 * The terms of a short sum may happen to move against each other, so that one unit of the largest result is free.
 */
import { UNIT } from '../../src/cli/compare.ts';
import { changedOperations, withNoise, type NoiseOptions } from '../../src/cli/verify/noise.ts';
import { children, f32, op, type Expr } from '../../src/expr/expr.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { interpreted, type Prepared } from './case.ts';

export type { NoiseOptions };

/**
 * Adding and taking away 2⁻⁸ in float64 leaves multiples of 2⁻⁶⁰: less becomes zero. The product of two such numbers is
 * what f32 cannot hold, and factors are multiplied in another order than the definition's.
 */
const COARSE = 2 ** -8;

/** The kernel in which tiny results are zero, as where f32 underflows. */
function withUnderflow(k: IrKernel): IrKernel {
  return changedOperations(k, {}, (e) => op('sub', op('add', e, f32(COARSE)), f32(COARSE)));
}

/** An index is chosen by comparing values. */
const picks = (e: Expr): boolean =>
  (e.kind === 'reduce' && (e.op === 'argmax' || e.op === 'argmin')) || children(e).some(picks);

/** Per output and element, how far from `exact` a faithful machine may end up. Infinity where rounding decides. */
export function allowance(
  p: Prepared,
  exact: Readonly<Record<string, Float64Array>>,
  options: NoiseOptions = {},
): Record<string, Float64Array> {
  // Near equals are told apart by the sign of a difference, which half of the runs leave as it is.
  const chooses = p.ir.defs.some((d) => picks(d.value));
  const decides = chooses || p.ir.outputs.some((o) => UNIT[o.storage] === undefined);
  const seeds = Array.from({ length: decides ? 8 : 2 }, (_, n) => n + 1);
  const runs = seeds.map((seed) => interpreted(withNoise(p.ir, seed, options), p));
  const flushed = interpreted(withUnderflow(p.ir), p);
  return Object.fromEntries(
    p.ir.outputs.map((o) => {
      const values = exact[o.name]!;
      const largest = values.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 0);
      const unit = UNIT[o.storage] ?? 0;
      const whole = UNIT[o.storage] === undefined;
      const limit = values.map((x, n) => {
        const moved = Math.max(
          ...runs.map((r) => (Object.is(r[o.name]![n]!, x) ? 0 : Math.abs(r[o.name]![n]! - x))),
        );
        const flat = flushed[o.name]![n]!;
        // What f32 cannot hold decides: a sum of weights below its range, say.
        if (!Object.is(flat, x) && !(Math.abs(flat - x) <= 0.01 * Math.abs(x) + 1e-17)) return Infinity;
        if (o.storage === 'f16' && Math.abs(x) > 65_000) return Infinity;
        if (whole) return moved > 0 ? Infinity : 0;
        if (chooses && moved > 0.01 * largest) return Infinity;
        if (!Number.isFinite(x)) return Number.isNaN(moved) ? 0 : moved;
        // Tiny numbers vanish on machines: f32 below 10⁻³⁸, steps of f16 are 2⁻²⁴, 16-bit weights far below the largest.
        const least = o.storage === 'f16' ? 2 ** -24 : 1e-30;
        const floor = (options.operands ? UNIT[options.operands]! : 2 ** -22) * largest + least;
        return 2 * moved + 2 * unit * Math.abs(x) + floor;
      });
      return [o.name, limit];
    }),
  );
}

export interface Disagreement {
  readonly output: string;
  readonly at: number;
  readonly expected: number;
  readonly actual: number;
  readonly allowed: number;
}

/** The first element outside of its allowance. */
export function disagreement(
  expected: Readonly<Record<string, Float64Array>>,
  actual: Readonly<Record<string, ArrayLike<number>>>,
  allowed: Readonly<Record<string, Float64Array>>,
): Disagreement | undefined {
  for (const [output, values] of Object.entries(expected))
    for (const [at, x] of values.entries()) {
      const y = actual[output]![at]!;
      const limit = allowed[output]![at]!;
      if (Object.is(x, y) || x === y || limit === Infinity || (Number.isNaN(x) && limit !== 0)) continue;
      if (!(Math.abs(x - y) <= limit)) return { output, at, expected: x, actual: y, allowed: limit };
    }
  return undefined;
}
