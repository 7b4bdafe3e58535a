/** When a factor can differ from zero, as a condition on what it is made of: cheaper than the factor, and seen through. */
import { bool, constant, isFalse, isTrue, mapChildren, op, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import type { Stage, TileDef } from './tile.ts';

export const both = (a: Expr, b: Expr): Expr =>
  isFalse(a) || isFalse(b) ? bool(false) : simplify(op('and', a, b));
export const either = (a: Expr, b: Expr): Expr =>
  isTrue(a) || isTrue(b) ? bool(true) : simplify(op('or', a, b));
/** Of what is no number, `!=` holds and `==` does not. */
export const not = (a: Expr): Expr =>
  a.kind === 'op' && (a.op === 'ne' || a.op === 'eq')
    ? op(a.op === 'ne' ? 'eq' : 'ne', ...a.args)
    : simplify(op('not', a));
/** `if c then a else b`, of conditions. */
export const chosen = (c: Expr, a: Expr, b: Expr): Expr =>
  isTrue(a) ? either(c, b) : isTrue(b) ? either(not(c), a) : either(both(c, a), both(not(c), b));
/** No operation makes a zero of another number here, nor another number of a zero. */
const KEEPS_ZERO: ReadonlySet<string> = new Set(['neg', 'abs', 'sqrt', 'round_f16', 'round_bf16']);

/** Pointwise values of a stage by name: what a condition may be seen through. */
export type Named = ReadonlyMap<string, TileDef>;

export const prologueOf = (s: Stage): Map<string, TileDef> => new Map(s.prologue.map((d) => [d.name, d]));

/**
 * A condition that holds wherever the number is not zero, and wherever it is none. Products and quotients of numbers that
 * are not zero may still round to zero: then it holds although the number is zero.
 */
export function nonzero(e: Expr, named: Named): Expr {
  if (e.type === 'bool') return e;
  switch (e.kind) {
    case 'const':
      return bool(e.value !== 0);
    case 'read': {
      const value = pointwise(e, named);
      return value ? nonzero(value, named) : differs(e);
    }
    case 'op':
      return ofOperation(e, named);
    default:
      return differs(e);
  }
}

function ofOperation(e: Expr & { kind: 'op' }, named: Named): Expr {
  const [a, b, c] = [e.args[0]!, e.args[1]!, e.args[2]!];
  if (KEEPS_ZERO.has(e.op)) return nonzero(a, named);
  switch (e.op) {
    case 'mul':
      return both(nonzero(a, named), nonzero(b, named));
    case 'div':
      // Zero divided by zero is no number.
      return either(nonzero(a, named), isPositive(b, named) ? bool(false) : not(nonzero(b, named)));
    case 'select':
      return chosen(a, nonzero(b, named), nonzero(c, named));
    case 'cast':
      return a.type === 'f32' && e.type !== 'f32' ? differs(e) : nonzero(a, named);
    case 'exp':
    case 'exp2':
      return bool(true);
    case 'max':
      // Not `a > 0`: that does not hold where a is no number.
      return b.kind === 'const' && b.value === 0 ? not(op('le', a, b)) : positiveOr(e, named);
    default:
      return positiveOr(e, named);
  }
}

const positiveOr = (e: Expr, named: Named): Expr => (isPositive(e, named) ? bool(true) : differs(e));
const differs = (e: Expr): Expr => op('ne', e, constant(e.type, 0));

/** Above zero whatever its parts are, if they are finite. */
function isPositive(e: Expr, named: Named): boolean {
  if (e.kind === 'const') return e.value > 0;
  if (e.kind === 'read') {
    const value = pointwise(e, named);
    return value !== undefined && isPositive(value, named);
  }
  if (e.kind !== 'op') return false;
  const [a, b] = e.args as [Expr, Expr];
  switch (e.op) {
    case 'exp':
    case 'exp2':
      return true;
    case 'max':
      return isPositive(a, named) || isPositive(b, named);
    case 'add':
    case 'mul':
    case 'div':
    case 'min':
      return isPositive(a, named) && isPositive(b, named);
    default:
      return false;
  }
}

function pointwise(e: Expr & { kind: 'read' }, named: Named): Expr | undefined {
  const def = e.index.length === 0 ? named.get(e.name) : undefined;
  return def && def.value.kind !== 'reduce' && def.vectors.length === 0 ? def.value : undefined;
}

/** The condition with named values of a stage put where they are read, as far as they are pointwise. */
export function seenThrough(e: Expr, named: Named): Expr {
  const value = e.kind === 'read' ? pointwise(e, named) : undefined;
  if (value) return seenThrough(value, named);
  const x = mapChildren(e, (c) => seenThrough(c, named));
  return x.kind === 'op' && x.op === 'select' && x.type === 'bool'
    ? chosen(x.args[0]!, x.args[1]!, x.args[2]!)
    : x;
}
