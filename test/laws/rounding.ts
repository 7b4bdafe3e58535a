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
import { children, f32, mapChildren, op, variable, freeVars, type Expr } from '../../src/expr/expr.ts';
import type { StorageType } from '../../src/expr/types.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { interpreted, type Prepared } from './case.ts';

/** Half the distance of neighbours near 1. */
const UNIT: Readonly<Partial<Record<StorageType, number>>> = { f32: 2 ** -24, f16: 2 ** -11, bf16: 2 ** -8 };
const F32_UNIT = 2 ** -24;
const UNITS_OF_NOISE = 256;

export interface NoiseOptions {
  /** Format of the operands of contractions. */
  readonly operands?: 'f16' | 'bf16' | undefined;
  /** Size of the noise in units of f32, instead of many. */
  readonly units?: number;
}

/**
 * Adding and taking away 2⁻⁸ in float64 leaves multiples of 2⁻⁶⁰: less becomes zero. The product of two such numbers is
 * what f32 cannot hold, and factors are multiplied in another order than the definition's.
 */
const COARSE = 2 ** -8;

const PRECISE = new Set(['neg', 'abs', 'select', 'min', 'max', 'floor', 'ceil', 'round', 'bits_to_f32']);

/** The kernel with `change` applied to the results of operations and the terms of sums, with its unit for each. */
function changed(k: IrKernel, options: NoiseOptions, change: (e: Expr, unit: number) => Expr): IrKernel {
  const own = (options.units ?? UNITS_OF_NOISE) * F32_UNIT;
  const go = (e: Expr): Expr => {
    const inner = mapChildren(e, go);
    if (inner.type !== 'f32') return inner;
    if (inner.kind === 'op') return PRECISE.has(inner.op) ? inner : change(inner, own);
    if (inner.kind !== 'reduce') return inner;
    if (inner.op === 'logsumexp') return change(inner, own);
    if (inner.op !== 'sum' && inner.op !== 'mean') return inner;
    const unit = options.operands ? 4 * UNIT[options.operands]! : own;
    return { ...inner, body: change(inner.body, unit) };
  };
  return { ...k, defs: k.defs.map((d) => ({ ...d, value: go(d.value) })) };
}

/** The kernel in which tiny results are zero, as where f32 underflows. */
function withUnderflow(k: IrKernel): IrKernel {
  return changed(k, {}, (e) => op('sub', op('add', e, f32(COARSE)), f32(COARSE)));
}

/** The kernel with every rounding made large; `seed` chooses signs. */
export function withNoise(k: IrKernel, seed: number, options: NoiseOptions): IrKernel {
  let count = seed * 1000;
  const axes = new Map(k.axes.map((a, n) => [a.name, n]));
  const noise = (e: Expr, size: number): Expr => {
    const id = count++;
    const phase = [...freeVars(e)]
      .filter((v) => axes.has(v))
      .map((v): Expr => {
        const at: Expr = { kind: 'op', type: 'f32', op: 'cast', args: [variable(v)] };
        return op('mul', at, f32(1 + 0.7 * axes.get(v)! + 0.37 * (id % 17)));
      })
      .reduce<Expr>((a, b) => op('add', a, b), f32(1 + 2.1 * id));
    return op('mul', e, op('add', f32(1), op('mul', f32(size), op('sin', phase))));
  };
  return changed(k, options, noise);
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
