/** A reduced value as a sum of terms, each a product of factors that see only one side. */
import { variable, type Expr } from '../../expr/expr.ts';
import { free, type Draft } from './draft.ts';
import type { Steps } from './steps.ts';

export interface Factor {
  readonly expr: Expr;
  readonly inverse: boolean;
}
/** ± an expression that sees only one side. */
export interface Part {
  readonly expr: Expr;
  readonly negative: boolean;
}
export interface Term {
  readonly negative: boolean;
  /** All of them hold where the term exists; elsewhere it is 0. */
  readonly conditions: readonly Expr[];
  readonly factors: readonly Factor[];
  readonly steps: readonly Steps[];
  /** The factor exp(Σ parts), which sees both sides. */
  readonly exponent: readonly Part[];
  /** The term is summed over these as well. */
  readonly axes: readonly string[];
}

export const ONE: Term = {
  negative: false,
  conditions: [],
  factors: [],
  steps: [],
  exponent: [],
  axes: [],
};

export const factor = (expr: Expr, inverse = false): Term =>
  expr.kind === 'const' && expr.value === 1 ? ONE : { ...ONE, factors: [{ expr, inverse }] };

export const under = (t: Term, conditions: readonly Expr[]): Term => ({
  ...t,
  conditions: [...conditions, ...t.conditions],
});

export const opposite = (t: Term): Term => ({ ...t, negative: !t.negative });

function freeIn(t: Term): ReadonlySet<string> {
  const found = new Set<string>(t.axes);
  const all = [
    ...t.conditions,
    ...t.factors.map((f) => f.expr),
    ...t.steps.map((s) => s.base),
    ...t.exponent.map((p) => p.expr),
  ];
  for (const e of all) for (const v of free(e)) found.add(v);
  return found;
}

/** The term with its own summed axes renamed where they are among the names. */
function apart(draft: Draft, t: Term, names: ReadonlySet<string>): Term {
  const clash = t.axes.filter((a) => names.has(a));
  if (clash.length === 0) return t;
  const renamed = new Map(clash.map((a) => [a, draft.copyAxis(a)]));
  const map = new Map([...renamed].map(([a, b]) => [a, variable(b)]));
  const go = (e: Expr): Expr => draft.replace(e, map);
  return {
    negative: t.negative,
    conditions: t.conditions.map(go),
    factors: t.factors.map((f) => ({ ...f, expr: go(f.expr) })),
    steps: t.steps.map((s) => ({ ...s, base: go(s.base) })),
    exponent: t.exponent.map((p) => ({ ...p, expr: go(p.expr) })),
    axes: t.axes.map((a) => renamed.get(a) ?? a),
  };
}

export function product(draft: Draft, x: Term, second: Term): Term {
  const y = apart(draft, second, freeIn(x));
  return {
    negative: x.negative !== y.negative,
    conditions: [...x.conditions, ...y.conditions],
    factors: [...x.factors, ...y.factors],
    steps: [...x.steps, ...y.steps],
    exponent: [...x.exponent, ...y.exponent],
    axes: [...x.axes, ...y.axes],
  };
}
