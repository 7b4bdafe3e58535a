/** Passes of the semantic IR: the definition of a kernel means the same before and after. */
import { children, mapChildren, type Expr } from '../../src/expr/expr.ts';
import { IR_PASSES } from '../../src/pipeline.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import type { SpecCase } from '../support/spec-arbitrary.ts';
import { interpreted, type Prepared } from './case.ts';
import { demand } from './law.ts';
import { disagreement } from './rounding.ts';
import { GPU } from './lowering.ts';

export type Edit = (k: IrKernel) => IrKernel;

/** The kernel after the named passes; all sizes that compiling needs are fixed, or `fixed`. */
export function through(
  names: readonly string[],
  p: Prepared,
  fixed: Readonly<Record<string, number>> = p.required,
): IrKernel {
  const passes = IR_PASSES.filter((x) => names.includes(x.name));
  if (passes.length !== names.length) throw new Error(`no such passes: ${names.join(', ')}`);
  return passes.reduce((k, x) => {
    const after = x.run(k, { fixed, limits: GPU }, { forms: [] });
    verifyIr(after, x.name);
    return after;
  }, p.ir);
}

/**
 * The interpreter gives the same in float64, up to 10⁻⁹ of each value: reordered arithmetic leaves 10⁻¹³ or so, and the
 * specs do not cancel more than that away. `allowed` replaces the bound where a pass rounds to f32 on purpose.
 */
export function meansTheSame(
  p: Prepared,
  before: IrKernel,
  after: IrKernel,
  c: SpecCase,
  allowed?: (exact: Readonly<Record<string, Float64Array>>) => Readonly<Record<string, Float64Array>>,
): void {
  const exact = interpreted(before, p);
  const found = interpreted(after, p);
  const small = (): Readonly<Record<string, Float64Array>> =>
    Object.fromEntries(
      Object.entries(exact).map(([name, x]) => [name, x.map((v) => 1e-9 * (1 + Math.abs(v)))]),
    );
  const wrong = disagreement(exact, found, (allowed ?? small)(exact));
  demand(wrong === undefined, () => `${JSON.stringify(wrong)}\n${c.text}${JSON.stringify(p.sizes)}`);
}

/** Changes the first expression of the definitions for which `f` gives another one. */
export function editFirst(f: (e: Expr) => Expr | undefined): Edit {
  return (k) => {
    let done = false;
    const go = (e: Expr): Expr => {
      if (done) return e;
      const changed = f(e);
      if (changed) {
        done = true;
        return changed;
      }
      return children(e).length > 0 ? mapChildren(e, go) : e;
    };
    return { ...k, defs: k.defs.map((d) => ({ ...d, value: go(d.value) })) };
  };
}
