/** Conditions as and/or trees of inequalities, and whether one follows from others. */
import { constant, key, mapChildren, op, type Expr, type OpExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Algebra } from './algebra.ts';
import { contradict, type Inequality } from './inequalities.ts';
import * as poly from './polynomial.ts';

export type Formula =
  | { readonly kind: 'and' | 'or'; readonly args: readonly Formula[] }
  | { readonly kind: 'inequality'; readonly inequality: Inequality }
  /** A truth value that arithmetic does not look into. */
  | { readonly kind: 'fact'; readonly name: string; readonly isTrue: boolean };

const all = (...args: Formula[]): Formula => ({ kind: 'and', args });
const some = (...args: Formula[]): Formula => ({ kind: 'or', args });
const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

/** A part of a comparison that is one thing or another: `min`, `max`, `abs`, `if`, a truth value as a number. */
function choiceIn(e: Expr): OpExpr | undefined {
  if (e.kind !== 'op') return undefined;
  for (const a of e.args) {
    const inner = a.type === 'bool' ? undefined : choiceIn(a);
    if (inner) return inner;
  }
  const isChoice =
    ['min', 'max', 'abs', 'select'].includes(e.op) || (e.op === 'cast' && e.args[0]!.type === 'bool');
  return isChoice && e.type !== 'bool' ? e : undefined;
}

/** The condition under which the first alternative is taken, and both alternatives. */
function alternatives(e: OpExpr): readonly [Expr, Expr, Expr] {
  const [a, b] = [e.args[0]!, e.args[1]!];
  switch (e.op) {
    case 'min':
      return [op('le', a, b), a, b];
    case 'max':
      return [op('ge', a, b), a, b];
    case 'abs':
      return [op('ge', a, constant(a.type, 0)), a, op('neg', a)];
    case 'cast':
      return [a, constant(e.type, 1), constant(e.type, 0)];
    default:
      return [a, b, e.args[2]!];
  }
}

function replaced(e: Expr, part: string, by: Expr): Expr {
  return key(e) === part ? by : mapChildren(e, (c) => replaced(c, part, by));
}

/** The formula of a condition, or of its opposite. */
export function formulaOf(e: Expr, isTrue: boolean, algebra: Algebra): Formula {
  const at = (x: Expr, truth = isTrue): Formula => formulaOf(x, truth, algebra);
  if (e.kind === 'const') return (e.value !== 0) === isTrue ? all() : some();
  if (e.kind === 'op') {
    const [a, b] = [e.args[0]!, e.args[1]!];
    if (e.op === 'not') return at(a, !isTrue);
    if (e.op === 'and' || e.op === 'or') return ((e.op === 'and') === isTrue ? all : some)(at(a), at(b));
    if (e.op === 'select') return some(all(at(a, true), at(b)), all(at(a, false), at(e.args[2]!)));
    if ((e.op === 'eq' || e.op === 'ne') && a.type === 'bool') {
      if (algebra.canon(a) === algebra.canon(b)) return (e.op === 'eq') === isTrue ? all() : some();
      const equal = (e.op === 'eq') === isTrue;
      return some(all(at(a, true), at(b, equal)), all(at(a, false), at(b, !equal)));
    }
    if (COMPARISONS.has(e.op)) {
      const choice = choiceIn(e);
      if (!choice) return comparison(e, isTrue, algebra);
      const [condition, x, y] = alternatives(choice);
      const with_ = (by: Expr): Expr => simplify(replaced(e, key(choice), by));
      return some(all(at(condition, true), at(with_(x))), all(at(condition, false), at(with_(y))));
    }
  }
  return { kind: 'fact', name: algebra.canon(e), isTrue };
}

const OPPOSITE: Readonly<Record<string, string>> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'ge',
  ge: 'lt',
  le: 'gt',
  gt: 'le',
};

function comparison(e: OpExpr, isTrue: boolean, algebra: Algebra): Formula {
  const [a, b] = [algebra.poly(e.args[0]!), algebra.poly(e.args[1]!)];
  const less = (x: poly.Poly, y: poly.Poly, strict: boolean): Formula => ({
    kind: 'inequality',
    inequality: { form: poly.subtract(y, x), strict },
  });
  switch (isTrue ? e.op : OPPOSITE[e.op]) {
    case 'lt':
      return less(a, b, true);
    case 'le':
      return less(a, b, false);
    case 'gt':
      return less(b, a, true);
    case 'ge':
      return less(b, a, false);
    case 'eq':
      return all(less(a, b, false), less(b, a, false));
    default:
      return some(less(a, b, true), less(b, a, true));
  }
}

/** Combinations of alternatives that one question may cost. */
const MOST_CASES = 300;

/** True when the formulas cannot hold together. False when they can, or when that was not found out. */
export function neverTogether(formulas: readonly Formula[], algebra: Algebra): boolean {
  let cases = 0;
  const search = (
    pending: readonly Formula[],
    inequalities: readonly Inequality[],
    facts: ReadonlyMap<string, boolean>,
  ): boolean => {
    const rest = [...pending];
    const choices: (Formula & { kind: 'or' })[] = [];
    const found = [...inequalities];
    const known = new Map(facts);
    for (let f = rest.pop(); f; f = rest.pop()) {
      if (f.kind === 'inequality') found.push(f.inequality);
      else if (f.kind === 'fact') {
        if ((known.get(f.name) ?? f.isTrue) !== f.isTrue) return true;
        known.set(f.name, f.isTrue);
      } else if (f.kind === 'and' || f.args.length === 1) rest.push(...f.args);
      else choices.push(f as Formula & { kind: 'or' });
    }
    if (cases++ >= MOST_CASES || algebra.effort.left < 0) return false;
    if (contradict([...found, ...algebra.laws(found)], algebra.isInteger, algebra.effort)) return true;
    const [first, ...others] = choices.sort((x, y) => x.args.length - y.args.length);
    return first !== undefined && first.args.every((c) => search([...others, c], found, known));
  };
  return search(formulas, [], new Map());
}
