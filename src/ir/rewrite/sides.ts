/** A term by sides: what the rows say, what the reduced positions say, what is summed between them. */
import { conjuncts } from '../../expr/compare.ts';
import { isFalse, isTrue, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { mentions, type Draft } from './draft.ts';
import { isRefusal, nearly, type Refusal } from './refusal.ts';
import { narrowed, type Distance } from './relation.ts';
import { unmixed, type Scope } from './separate.ts';
import type { Factor, Term } from './terms.ts';

export interface Conditions {
  /** Of the rows, and of nothing. */
  readonly rows: readonly Expr[];
  /** Of the reduced positions. */
  readonly over: readonly Expr[];
  readonly distance: Distance;
}

/** Sorts conditions by what they see. */
export function conditionsOf(
  all: readonly Expr[],
  scope: Scope,
  draft: Draft,
): Conditions | Refusal | 'never' {
  const rows: Expr[] = [];
  const over: Expr[] = [];
  let { distance } = scope;
  const pending = [...all];
  for (let first = pending.shift(); first; first = pending.shift()) {
    const c = unmixed(first, scope, draft);
    if (isTrue(c)) continue;
    if (isFalse(c)) return 'never';
    if (!mentions(c, scope.over)) rows.push(c);
    else if (!mentions(c, scope.rows)) over.push(c);
    else {
      const value = c.kind === 'read' ? draft.inlined(c) : undefined;
      if (value) {
        pending.unshift(...conjuncts(value));
        continue;
      }
      const next = scope.pair && narrowed(distance, c, scope.pair);
      if (!next) return nearly('ties the two positions in another way than by order', c);
      distance = next;
      if (distance.least > distance.greatest) return 'never';
    }
  }
  return { rows, over, distance };
}

/** A term whose factors are sorted. */
export interface Sides {
  readonly term: Term;
  readonly conditions: Conditions;
  /** Factors of the rows that no summed axis moves, outermost. */
  readonly outer: readonly Factor[];
  /** Factors of the rows that are summed with what is carried. */
  readonly features: readonly Factor[];
  readonly inner: readonly Factor[];
  /** Conditions of the rows on summed axes. */
  readonly featureWhere: readonly Expr[];
  readonly rowWhere: readonly Expr[];
  /** Summed axes that only the reduced side sees, that both or only rows see, and that nothing sees. */
  readonly innerAxes: readonly string[];
  readonly sharedAxes: readonly string[];
  readonly idleAxes: readonly string[];
}

export function sidesOf(term: Term, scope: Scope, draft: Draft): Sides | Refusal | 'never' {
  const conditions = conditionsOf(term.conditions, scope, draft);
  if (conditions === 'never' || isRefusal(conditions)) return conditions;
  const summed = new Set(term.axes);
  const own = (e: Expr): boolean => mentions(e, scope.over);
  const inner = term.factors.filter((f) => own(f.expr));
  const rest = term.factors.filter((f) => !own(f.expr));
  const features = rest.filter((f) => mentions(f.expr, summed));
  const outer = rest.filter((f) => !mentions(f.expr, summed));
  const exponentOver = term.exponent.filter((p) => own(p.expr)).map((p) => p.expr);
  const exponentRows = term.exponent.filter((p) => !own(p.expr)).map((p) => p.expr);
  if (exponentRows.some((e) => mentions(e, summed)))
    return nearly('adds what the rows say of a summed axis to an exponent', exponentRows[0]);
  const featureWhere = conditions.rows.filter((c) => mentions(c, summed));
  const rowWhere = conditions.rows.filter((c) => !mentions(c, summed));
  const seen = (es: readonly Expr[], axis: string): boolean => es.some((e) => mentions(e, new Set([axis])));
  const bases = term.steps.map((s) => s.base);
  const overSees = (a: string): boolean =>
    seen([...inner.map((f) => f.expr), ...exponentOver, ...conditions.over], a);
  const rowSees = (a: string): boolean =>
    seen([...features.map((f) => f.expr), ...featureWhere, ...bases], a);
  return {
    term,
    conditions,
    outer,
    features,
    inner,
    featureWhere,
    rowWhere,
    innerAxes: term.axes.filter((a) => overSees(a) && !rowSees(a)),
    sharedAxes: term.axes.filter((a) => rowSees(a)),
    idleAxes: term.axes.filter((a) => !overSees(a) && !rowSees(a)),
  };
}

/** The factors' product, over the inverse ones. */
export function multiplied(first: Expr | undefined, factors: readonly Factor[]): Expr | undefined {
  let value = first;
  const one: Expr = { kind: 'const', type: 'f32', value: 1 };
  for (const f of factors)
    if (f.inverse) value = op('div', value ?? one, f.expr);
    else value = value ? op('mul', value, f.expr) : f.expr;
  return value && simplify(value);
}
