/** Maxima, minima and `any` up to the row: running values, with the value of nothing where nothing is kept. */
import { all, conjuncts } from '../../expr/compare.ts';
import { emptyValue } from '../../expr/empty.ts';
import { bool, f32, op, type Expr, type ReduceExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { modeOf, type Builder } from './build.ts';
import { SENTINEL, type Carries } from './carry.ts';
import type { Draft } from './draft.ts';
import { isRefusal, tied, type Refusal } from './refusal.ts';
import type { Scope, Separation } from './separate.ts';
import { conditionsOf } from './sides.ts';
import { exponentialSteps, stepsTo, type Steps } from './steps.ts';
import type { Part } from './terms.ts';

const added = (parts: readonly Expr[]): Expr | undefined => {
  const [first, ...rest] = parts;
  return first && rest.reduce((a, b) => op('add', a, b), first);
};
const signed = (p: Part): Expr => (p.negative ? op('neg', p.expr) : p.expr);

export interface Tools {
  readonly draft: Draft;
  readonly carries: Carries;
  readonly scope: Scope;
  readonly separation: Separation;
  readonly builder: Builder;
  readonly owner: string;
}

/** Whether some element exists up to the row. */
export function runningAny(e: ReduceExpr, { scope, draft, builder }: Tools): Expr | Refusal {
  if (e.body.kind !== 'const' || e.body.value === 0) return tied(e.body);
  const conditions = conditionsOf(e.where ? conjuncts(e.where) : [], scope, draft);
  if (conditions === 'never') return bool(false);
  if (isRefusal(conditions)) return conditions;
  const mode = modeOf(conditions.distance);
  if (isRefusal(mode)) return mode;
  return simplify(all([...conditions.rows, builder.some(conditions, [], mode)]));
}

export function runningExtreme(e: ReduceExpr, tools: Tools): Expr | Refusal {
  const { scope, draft, builder, carries, separation, owner } = tools;
  if (e.type !== 'f32' || (e.op !== 'max' && e.op !== 'min')) return tied(e);
  const nothing = f32(emptyValue(e.op, e.type));
  const parts = separation.parts(e.body);
  if (isRefusal(parts)) return parts;
  const conditions = conditionsOf(e.where ? conjuncts(e.where) : [], scope, draft);
  if (conditions === 'never') return nothing;
  if (isRefusal(conditions)) return conditions;
  const mode = modeOf(conditions.distance);
  if (isRefusal(mode)) return mode;
  const steps = parts.filter((p) => separation.isStep(p.expr)).map((p) => stepsOf(p, scope));
  const rows = parts
    .filter((p) => !separation.sees(p.expr, 'over'))
    .filter((p) => separation.sees(p.expr, 'rows'));
  const leaf = parts.filter((p) => !separation.isStep(p.expr) && !rows.includes(p)).map(signed);
  const guard = simplify(all([...conditions.rows, builder.some(conditions, [], mode)]));
  const kept = (value: Expr): Expr => simplify(op('select', guard, value, nothing));
  const plus = (units: (s: Steps) => number): readonly Expr[] =>
    steps.flatMap((s) => stepsTo(s, units(s)) ?? []);
  const total = (): Expr => {
    const where =
      conditions.over.length > 0 ? { where: conditions.over.reduce((a, b) => op('and', a, b)) } : {};
    const { where: _, ...bare } = e;
    const value: ReduceExpr = { ...bare, body: added(leaf) ?? f32(0), ...where };
    return draft.define(`${owner}.M`, value, { stored: true });
  };
  if (mode.kind === 'same')
    return kept(added([...leaf.map((x) => builder.atRow(x)), ...plus((s) => s.plus), ...rows.map(signed)])!);
  if (mode.kind === 'all')
    return steps.length > 0 ? tied(e.body) : kept(added([total(), ...rows.map(signed)])!);
  const unit = (s: Steps): number => (mode.reverse ? -s.by : s.by);
  const early = mode.inclusive ? plus((s) => s.plus) : [];
  const late = mode.inclusive ? [] : plus((s) => unit(s) + s.plus);
  const value = added([...leaf.map((x) => builder.atRow(x)), ...early]) ?? f32(0);
  const where = conditions.over.reduce((a, b) => op('and', a, b), bool(true) as Expr);
  const start = f32(e.op === 'max' ? SENTINEL : -SENTINEL);
  const one = simplify(op('select', builder.atRow(where), value, start));
  const { state, next } = carries.extreme(owner, e.op, builder.course(mode), added(plus(unit)), one);
  return kept(added([draft.readOf(mode.inclusive ? next : state), ...late, ...rows.map(signed)])!);
}

function stepsOf(p: Part, { pair, distance }: Scope): Steps {
  const found = exponentialSteps(p.expr, pair!, distance)!;
  return p.negative ? { ...found, base: simplify(op('neg', found.base)) } : found;
}
