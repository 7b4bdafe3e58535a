/**
 * A kernel in which every f32 operation errs: its result times (1 + δ·sin(…)), where the sine differs from element to element.
 * Interpreting it in float64 tells how far rounding moves each output.
 */
import { f32, freeVars, mapChildren, op, variable, type Expr } from '../../expr/expr.ts';
import type { IrKernel } from '../../ir/ir.ts';
import { UNIT } from '../compare.ts';

const F32_UNIT = 2 ** -24;
const UNITS_OF_NOISE = 256;

export interface NoiseOptions {
  /** Format of the operands of contractions. */
  readonly operands?: 'f16' | 'bf16' | undefined;
  /** Size of the noise in units of f32, instead of many. */
  readonly units?: number;
}

const PRECISE = new Set(['neg', 'abs', 'select', 'min', 'max', 'floor', 'ceil', 'round', 'bits_to_f32']);

/** The kernel with `change` applied to the results of operations and the terms of sums, with its unit for each. */
export function changedOperations(
  k: IrKernel,
  options: NoiseOptions,
  change: (e: Expr, unit: number) => Expr,
): IrKernel {
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
  return changedOperations(k, options, noise);
}
