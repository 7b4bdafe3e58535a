/**
 * Pass `guard-rows`: what an output needs only where a condition on its rows holds is reduced only there. A mask over rows,
 * as of queries past the end of a padded sequence, is a choice at the output; in the reductions it becomes bounds of loops.
 *
 *   out[i] = if C[i] then y[i] else 0,  y[i] = sum[j](s[i, j])   →   y[i] = sum[j where C[i]](s[i, j])
 *
 * A definition is guarded when every way from an output to it leads through the choice, at the same rows all the way.
 */
import {
  children,
  freeVars,
  hasReduction,
  key,
  mapChildren,
  op,
  readNames,
  type Expr,
  type ReadExpr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import type { IrDef, IrKernel } from '../ir.ts';

export function guardRows(k: IrKernel): IrKernel {
  const conditions = new Map<string, Expr>();
  for (const d of k.defs) {
    const c = choiceOf(d.value);
    // What is made of sums is no matter of bounds, and may need the sums that it would restrict.
    const given = c && [...readNames(c)].every((name) => k.tensors.some((t) => t.name === name));
    if (given && rowsOf(k, c).size > 0) conditions.set(key(c), c);
  }
  let made = k;
  for (const c of conditions.values()) made = new Guard(made, c).run();
  return made;
}

/** The condition of a choice between a value and a constant. */
function choiceOf(e: Expr): Expr | undefined {
  if (e.kind !== 'op' || e.op !== 'select' || e.args[2]!.kind !== 'const') return undefined;
  return e.args[0];
}

/** Axes that the condition differs along. */
function rowsOf(k: IrKernel, c: Expr): ReadonlySet<string> {
  const free = freeVars(c);
  return new Set(k.axes.map((a) => a.name).filter((a) => free.has(a)));
}

class Guard {
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly rows: ReadonlySet<string>;
  private readonly id: string;
  private readonly guarded = new Set<string>();
  private readonly open = new Set<string>();

  constructor(
    private readonly kernel: IrKernel,
    private readonly condition: Expr,
  ) {
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.rows = rowsOf(kernel, condition);
    this.id = key(condition);
  }

  run(): IrKernel {
    const { kernel } = this;
    for (const o of kernel.outputs) this.reach(o.def, false);
    // What states are made of is needed at every step.
    for (const s of kernel.states) {
      this.reach(s.next, false);
      this.walk(s.init, false);
    }
    const chosen = [...this.guarded].filter((name) => !this.open.has(name));
    const inside = this.insideOf(chosen);
    const outer = chosen.filter((name) => !inside.has(name) && hasReduction(this.defs.get(name)!.value));
    if (outer.length === 0) return kernel;
    const defs = kernel.defs.map((d) =>
      outer.includes(d.name) ? { ...d, value: this.restrict(d.value) } : d,
    );
    return { ...kernel, defs };
  }

  private reach(name: string, guarded: boolean): void {
    const def = this.defs.get(name);
    const seen = guarded ? this.guarded : this.open;
    if (!def || seen.has(name)) return;
    seen.add(name);
    this.walk(def.value, guarded && !def.stored);
  }

  private walk(e: Expr, guarded: boolean): void {
    const choice = choiceOf(e);
    if (choice && key(choice) === this.id) {
      this.walk(choice, false);
      return this.walk((e as Expr & { kind: 'op' }).args[1]!, true);
    }
    if (e.kind === 'reduce' && e.axes.some((a) => this.rows.has(a))) {
      for (const c of children(e)) this.walk(c, false);
      return;
    }
    if (e.kind === 'read') this.reach(e.name, guarded && this.isAtOwnRows(e));
    for (const c of children(e)) this.walk(c, guarded);
  }

  private isAtOwnRows(e: ReadExpr): boolean {
    const def = this.defs.get(e.name);
    return [...this.rows].every((a) => {
      const at = def ? e.index[def.indices.indexOf(a)] : undefined;
      return at?.kind === 'var' && at.name === a;
    });
  }

  /** What is computed for each element of a reduction, and is left out with the element. */
  private insideOf(names: readonly string[]): ReadonlySet<string> {
    const inside = new Set<string>();
    const note = (e: Expr, axes: readonly string[]): void => {
      if (e.kind === 'reduce') {
        for (const c of children(e)) note(c, [...axes, ...e.axes]);
        return;
      }
      const def = e.kind === 'read' ? this.defs.get(e.name) : undefined;
      if (e.kind === 'read' && def) {
        const along = def.indices.filter((_, n) => axes.some((a) => freeVars(e.index[n]!).has(a)));
        if (along.length > 0 && !inside.has(def.name)) {
          inside.add(def.name);
          note(def.value, along);
        }
      }
      for (const c of children(e)) note(c, axes);
    };
    for (const name of names) note(this.defs.get(name)!.value, []);
    return inside;
  }

  /** Reductions at the value's own rows, except those that are made for each element of another one. */
  private restrict(e: Expr, around: readonly string[] = []): Expr {
    if (e.kind !== 'reduce') return mapChildren(e, (c) => this.restrict(c, around));
    if (e.axes.some((a) => this.rows.has(a))) return e;
    const inner = mapChildren(e, (c) => this.restrict(c, [...around, ...e.axes])) as ReduceExpr;
    if (around.some((a) => freeVars(e).has(a))) return inner;
    return { ...inner, where: inner.where ? op('and', this.condition, inner.where) : this.condition };
  }
}
