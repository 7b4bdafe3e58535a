/** One reduction: what ties it to its rows, and what it becomes. */
import { conjuncts } from '../../expr/compare.ts';
import { bool, f32, key, op, visit, type Expr, type ReduceExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { Builder, domain, type Built } from './build.ts';
import type { Carries } from './carry.ts';
import { isElement, type Saving } from './cost.ts';
import { free as freeOf, type Draft } from './draft.ts';
import { runningAny, runningExtreme, type Tools } from './extremes.ts';
import { isRefusal, nearly, tied, type Refusal } from './refusal.ts';
import { ANYWHERE, narrowed, sameExtent, tiedAxis, type Distance, type Pair } from './relation.ts';
import { Separation, type Scope } from './separate.ts';
import { sidesOf, type Sides } from './sides.ts';
import { under, type Term } from './terms.ts';

export interface Replaced {
  readonly value: Expr;
  readonly saving: Saving;
}

/** Terms under one guard are added under it. */
function together(built: readonly Built[]): Expr {
  const groups = new Map<string, { readonly guard: Expr; readonly value: Expr }>();
  for (const { guard, value } of built) {
    const before = groups.get(key(guard));
    groups.set(key(guard), { guard, value: before ? op('add', before.value, value) : value });
  }
  const values = [...groups.values()].map(({ guard, value }) => op('select', guard, value, f32(0)));
  return values.length === 0 ? f32(0) : values.reduce((x, y) => op('add', x, y));
}

type Sum = { readonly value: Expr; readonly terms: Saving['terms'] };

export class Reductions {
  private readonly sums = new Map<string, string>();

  constructor(
    private readonly draft: Draft,
    private readonly carries: Carries,
  ) {}

  /** A definition is this reduction, whatever it became. */
  is(name: string, e: ReduceExpr): void {
    if (e.op === 'sum') this.sums.set(name, domain(e.axes, e.where ?? bool(true)));
  }

  /** What the reduction becomes; undefined where there is nothing to gain, whatever it says. */
  replaced(e: ReduceExpr, owner: string): Replaced | Refusal | undefined {
    if (!['sum', 'max', 'min', 'any'].includes(e.op) || this.readsStatesOver(e)) return tied(e);
    const [over, ...more] = e.axes;
    const conditions = this.conditions(e);
    const rows = new Set(conditions.flatMap((c) => this.tied(c, over!) ?? []));
    const [row] = rows;
    if (row !== undefined) {
      if (rows.size > 1 || more.length > 0) return tied(e, 'orders several axes');
      return this.running(e, { row, over: over! }, conditions, owner);
    }
    if (e.axes.some((a) => isElement(this.draft.kernel, a))) return undefined;
    return this.overAll(e, conditions, owner);
  }

  /** Conditions of the elements, named ones read through. */
  private conditions(e: ReduceExpr): readonly Expr[] {
    const open = (c: Expr): readonly Expr[] => {
      const value = c.kind === 'read' ? this.draft.inlined(c) : undefined;
      return value ? conjuncts(value).flatMap(open) : [c];
    };
    return e.where ? conjuncts(e.where).flatMap(open) : [];
  }

  private tied(c: Expr, over: string): string | undefined {
    return tiedAxis(c, over, (name) => this.draft.isAxis(name));
  }

  private readsStatesOver(e: ReduceExpr): boolean {
    let found = false;
    visit(e, (x) => {
      if (x.kind === 'read' && this.draft.states.some((s) => s.name === x.name && e.axes.includes(s.axis)))
        found = true;
    });
    return found;
  }

  private running(e: ReduceExpr, pair: Pair, conditions: readonly Expr[], owner: string): Replaced | Refusal {
    const { draft } = this;
    let distance: Distance = ANYWHERE;
    for (const c of conditions) distance = narrowed(distance, c, pair) ?? distance;
    const scope = this.scope(e, new Set([pair.row]), distance, pair);
    const saving = { def: owner, over: e.axes, rows: [pair.row], running: true };
    const found = this.carried(e, conditions, this.tools(e, scope, owner));
    if (isRefusal(found)) return found;
    // Asked last: only where all else would do is this worth telling.
    return sameExtent(draft.kernel, draft.extent(pair.row), draft.extent(pair.over))
      ? { value: found.value, saving: { ...saving, terms: found.terms } }
      : nearly(`\`${pair.row}\` and \`${pair.over}\` may have different extents`);
  }

  private carried(e: ReduceExpr, conditions: readonly Expr[], tools: Tools): Sum | Refusal {
    if (e.op === 'sum') return this.sum(e, conditions, tools);
    const value = e.op === 'any' ? runningAny(e, tools) : runningExtreme(e, tools);
    return isRefusal(value) ? value : { value, terms: [] };
  }

  /** Over all positions, for rows along some axis that the reduced side does not see. */
  private overAll(e: ReduceExpr, conditions: readonly Expr[], owner: string): Replaced | Refusal {
    const { draft } = this;
    const [over, ...more] = e.axes;
    const free = draft.ordered(freeOf(e));
    const elements = free.filter((a) => isElement(draft.kernel, a));
    let best: Replaced | Refusal = tied(e.body);
    for (const row of [...free.filter((a) => !elements.includes(a)), ...elements]) {
      const scope = this.scope(e, new Set([row]), ANYWHERE);
      const found = this.carried(e, conditions, this.tools(e, scope, owner));
      if (isRefusal(found)) {
        // A condition inside the value may order positions as a mask does.
        const other = found.at && more.length === 0 ? this.tied(found.at, over!) : undefined;
        if (other !== undefined) return this.running(e, { row: other, over: over! }, conditions, owner);
        if (isRefusal(best) && !best.close) best = found;
        continue;
      }
      const { terms } = found;
      const rows = terms.length > 0 ? free.filter((a) => !terms.some((t) => t.kept.includes(a))) : [row];
      const saving = { def: owner, over: e.axes, rows, running: false, terms };
      best = { value: found.value, saving };
      if (terms.some((t) => t.contracted.length > 0)) break;
    }
    return best;
  }

  private tools(e: ReduceExpr, scope: Scope, owner: string): Tools {
    const { draft, carries } = this;
    const separation = new Separation(draft, scope);
    const builder = new Builder(draft, carries, scope, owner, e.where ?? bool(true), this.sums);
    return { draft, carries, scope, separation, builder, owner };
  }

  private scope(e: ReduceExpr, rows: ReadonlySet<string>, distance: Distance, pair?: Pair): Scope {
    const taken = new Set([...freeOf(e), ...e.axes]);
    return { over: new Set(e.axes), rows, distance, taken, ...(pair ? { pair } : {}) };
  }

  private sum(
    e: ReduceExpr,
    conditions: readonly Expr[],
    { scope, builder, separation }: Tools,
  ): Sum | Refusal {
    if (e.type !== 'f32') return tied(e);
    const terms = separation.terms(e.body);
    if (isRefusal(terms)) return terms;
    const built: { readonly made: Built; readonly sides: Sides }[] = [];
    for (const t of terms.map((x): Term => under(x, conditions))) {
      const sides = sidesOf(t, scope, this.draft);
      if (isRefusal(sides)) return sides;
      if (sides === 'never') continue;
      const made = builder.sum(sides);
      if (isRefusal(made)) return made;
      built.push({ made, sides });
    }
    const value = together(built.map((b) => b.made));
    const costs = built.map(({ made, sides }) => {
      const own = new Set(sides.features.flatMap((f) => [...freeOf(f.expr)]));
      const { contracted, kept } = made;
      return { contracted, kept, values: kept.filter((a) => !own.has(a)) };
    });
    return { value: simplify(value), terms: costs };
  }
}
