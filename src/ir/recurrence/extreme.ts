/**
 * An expression as `max(m + shift, value)` of a state m: linear where max adds and + multiplies. Minima are the mirror image.
 */
import { constant, op, readNames, type Expr, type ReadExpr } from '../../expr/expr.ts';
import type { IrState } from '../ir.ts';
import { replacements, type Definitions } from './definitions.ts';
import { negated, plus } from './factors.ts';

export interface Extreme {
  readonly op: 'max' | 'min';
  /** Absent where the state is not among the candidates. */
  readonly shift: Expr | undefined;
  /** Absent where nothing else is a candidate. */
  readonly value: Expr | undefined;
}

/** @returns undefined when `e` is no maximum (or minimum) of the state, shifted, and of things that are free of it */
export function extremeOf(
  definitions: Definitions,
  state: IrState,
  which: 'max' | 'min',
  e: Expr,
): Extreme | undefined {
  const dependents = definitions.dependents(new Set([state.name]));
  const depends = (x: Expr): boolean =>
    [...readNames(x)].some((name) => name === state.name || dependents.has(name));
  const both = (x: Expr | undefined, y: Expr | undefined): Expr | undefined =>
    x && y ? op(which, x, y) : (x ?? y);
  const moved = (x: Extreme | undefined, by: (e: Expr) => Expr): Extreme | undefined =>
    x && { op: which, shift: x.shift && by(x.shift), value: x.value && by(x.value) };
  const ofRead = (x: ReadExpr): Extreme | undefined => {
    if (x.name === state.name)
      return replacements(state.indices, x).size > 0
        ? undefined
        : { op: which, shift: constant(x.type, 0), value: undefined };
    const value = definitions.inlined(x);
    return value && go(value);
  };
  const go = (x: Expr): Extreme | undefined => {
    if (!depends(x)) return { op: which, shift: undefined, value: x };
    if (x.kind === 'read') return ofRead(x);
    if (x.kind !== 'op') return undefined;
    const [a, b, c] = x.args as [Expr, Expr, Expr];
    if (x.op === which) {
      const [l, r] = [go(a), go(b)];
      return l && r && { op: which, shift: both(l.shift, r.shift), value: both(l.value, r.value) };
    }
    if (x.op === 'add' && !depends(b)) return moved(go(a), (y) => plus(y, b));
    if (x.op === 'add' && !depends(a)) return moved(go(b), (y) => plus(a, y));
    if (x.op === 'sub' && !depends(b)) return moved(go(a), (y) => plus(y, negated(b)));
    if (x.op !== 'select' || depends(a)) return undefined;
    const [yes, no] = [go(b), go(c)];
    const choose = (y: Expr | undefined, z: Expr | undefined): Expr | undefined =>
      y && z && op('select', a, y, z);
    if (!yes || !no || !yes.shift !== !no.shift || !yes.value !== !no.value) return undefined;
    return { op: which, shift: choose(yes.shift, no.shift), value: choose(yes.value, no.value) };
  };
  return go(e);
}
