/** An expression as a linear function of one state: what multiplies it where it stands, and what reads it back in sums. */
import { constant, key, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { axisOf, type IrKernel, type IrState } from '../ir.ts';
import { Definitions } from './definitions.ts';
import { plus, product } from './factors.ts';
import { LinearForms, type NotLinear, type Term } from './terms.ts';

/** factor · sum[axes](row · S[index]): a sum over some axes of the state. */
export interface Feedback {
  /** Free of the axes of the sum; it may move with the state's own axes of the same names. */
  readonly factor: Expr;
  /** Bound by the sum. An axis stands for the state's axis at its place in `index`. */
  readonly axes: readonly string[];
  readonly row: Expr;
  /** The state's own axes, those of the sum in their places. */
  readonly index: readonly Expr[];
  /** The state's axes that the sum is over, in the order of `axes`. */
  readonly over: readonly string[];
}
/** factor · sum[axes](row · S[index]) at other indices than the state's own; where it is 0 the index may not exist. */
export type Shifted = Omit<Feedback, 'over'>;

/** Σ rest + direct · S + Σ feedback + Σ shifted; everything in it is free of the state. */
export interface Linear {
  readonly kind: 'linear';
  /** Summands free of the state; none means 0. */
  readonly rest: readonly Expr[];
  /** Coefficient of the state at its own indices; absent means 0. */
  readonly direct: Expr | undefined;
  readonly feedback: readonly Feedback[];
  readonly shifted: readonly Shifted[];
}

/** The state's axes that a sum is over, if it reads the state plainly apart from them. */
function axesOver(k: IrKernel, s: IrState, t: Term): readonly string[] | undefined {
  const over: (string | undefined)[] = t.axes.map(() => undefined);
  for (const [n, x] of t.index.entries()) {
    if (x.kind !== 'var') return undefined;
    const own = s.indices[n]!;
    const at = t.axes.indexOf(x.name);
    if (at < 0 && x.name === own) continue;
    if (at < 0 || over[at] !== undefined) return undefined;
    // A sum over part of the axis is none over the axis.
    if (key(axisOf(k, own)!.extent) !== key(axisOf(k, x.name)!.extent)) return undefined;
    over[at] = own;
  }
  return over.every((a) => a !== undefined) ? over : undefined;
}

/** Sorts the terms of one state. */
export function sorted(k: IrKernel, s: IrState, rest: readonly Expr[], terms: readonly Term[]): Linear {
  let direct: Expr | undefined;
  const feedback: Feedback[] = [];
  const shifted: Shifted[] = [];
  for (const { state: _, ...t } of terms) {
    const over = axesOver(k, s, { state: s.name, ...t });
    if (!over) shifted.push(t);
    else if (over.length > 0) feedback.push({ ...t, over });
    else direct = plus(direct ?? constant(s.type, 0), simplify(product([t.factor, t.row], s.type)));
  }
  const nothing = direct?.kind === 'const' && direct.value === 0;
  return {
    kind: 'linear',
    rest,
    direct: nothing ? undefined : direct && simplify(direct),
    feedback,
    shifted,
  };
}

/**
 * Takes an expression over a state's indices apart. Definitions that depend on the state in the same step are read
 * through; the state's last value is none of its values before the step.
 * @returns the linear function, or which expression is not linear and why
 */
export function linearIn(k: IrKernel, e: Expr, state: IrState): Linear | NotLinear {
  const found = new LinearForms(new Definitions(k), new Set([state.name])).of(e);
  return found.kind === 'terms' ? sorted(k, state, found.rest, found.terms) : found;
}

export type { NotLinear } from './terms.ts';
