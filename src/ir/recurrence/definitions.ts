/** Questions about definitions while a step is taken apart: what a read stands for, and which variables values move with. */
import { freeVars, mapChildren, readNames, type Expr, type ReadExpr } from '../../expr/expr.ts';
import type { IrDef, IrKernel } from '../ir.ts';

/** Replaces free variables; undefined where a replacement would be caught by an axis that a reduction inside binds. */
export function substituted(e: Expr, map: ReadonlyMap<string, Expr>): Expr | undefined {
  let caught = false;
  const go = (x: Expr, m: ReadonlyMap<string, Expr>): Expr => {
    if (m.size === 0) return x;
    if (x.kind === 'var') return m.get(x.name) ?? x;
    if (x.kind !== 'reduce') return mapChildren(x, (c) => go(c, m));
    const used = freeVars(x);
    const inner = new Map([...m].filter(([name]) => used.has(name)));
    for (const to of inner.values()) if (x.axes.some((a) => freeVars(to).has(a))) caught = true;
    return mapChildren(x, (c) => go(c, inner));
  };
  const out = go(e, map);
  return caught ? undefined : out;
}

/** What the indices of a definition are replaced by in a read; empty when it is read at its own indices. */
export function replacements(indices: readonly string[], read: ReadExpr): Map<string, Expr> {
  return new Map(
    indices.flatMap((a, n) => {
      const x = read.index[n]!;
      return x.kind === 'var' && x.name === a ? [] : [[a, x] as const];
    }),
  );
}

export class Definitions {
  private readonly byName: ReadonlyMap<string, IrDef>;
  private readonly moved = new Map<string, ReadonlySet<string>>();

  constructor(readonly kernel: IrKernel) {
    this.byName = new Map(kernel.defs.map((d) => [d.name, d]));
  }

  get(name: string): IrDef | undefined {
    return this.byName.get(name);
  }

  /** The value that a read of a definition stands for, at the read's indices; undefined for other reads. */
  inlined(e: ReadExpr): Expr | undefined {
    const d = this.byName.get(e.name);
    return d && substituted(d.value, replacements(d.indices, e));
  }

  /** The expression that a name stands for, through definitions that only give another name to it. */
  resolved(e: Expr): Expr {
    if (e.kind !== 'read') return e;
    const value = this.inlined(e);
    return value?.kind === 'read' ? this.resolved(value) : e;
  }

  /** The expression with the reductions put back that have definitions of their own only because of their place. */
  spelt(e: Expr): Expr {
    const value = e.kind === 'read' && e.name.includes('.') ? this.inlined(e) : undefined;
    return mapChildren(value?.kind === 'reduce' ? value : e, (c) => this.spelt(c));
  }

  /** Free variables that a value really moves with: an index that its definition does not use is none of them. */
  moves(e: Expr): ReadonlySet<string> {
    if (e.kind === 'var') return new Set([e.name]);
    const out = new Set<string>();
    const add = (x: Expr): void => void this.moves(x).forEach((v) => out.add(v));
    if (e.kind === 'op') e.args.forEach(add);
    else if (e.kind === 'read') {
      const used = this.usedIndices(e.name);
      e.index.forEach((x, n) => {
        if (!used || used[n]) add(x);
      });
    } else if (e.kind === 'reduce') {
      if (e.where) add(e.where);
      add(e.body);
      for (const a of e.axes) out.delete(a);
    }
    return out;
  }

  private usedIndices(name: string): readonly boolean[] | undefined {
    const d = this.byName.get(name);
    if (!d) return undefined;
    const moved = this.moved.get(name) ?? this.moves(d.value);
    this.moved.set(name, moved);
    return d.indices.map((a) => moved.has(a));
  }

  /** Names of the definitions whose values depend on one of these names in the same step, in dependence order. */
  dependents(names: ReadonlySet<string>): Set<string> {
    const out = new Set<string>();
    for (const d of this.kernel.defs)
      for (const r of readNames(d.value)) if (names.has(r) || out.has(r)) out.add(d.name);
    return out;
  }

  /** The definitions that an expression is made of in the same step, itself not counted. */
  cone(e: Expr, out = new Set<string>()): Set<string> {
    for (const r of readNames(e)) {
      const d = this.byName.get(r);
      if (!d || out.has(r)) continue;
      out.add(r);
      this.cone(d.value, out);
    }
    return out;
  }
}
