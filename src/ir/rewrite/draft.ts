/** A kernel while it is rewritten: definitions so far, new states, names and axes that nothing else has. */
import {
  freeVars,
  mapChildren,
  read,
  substitute,
  variable,
  visit,
  type Expr,
  type ReadExpr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { FreshNames } from '../passes/names.ts';
import type { IrAxis, IrDef, IrKernel, IrState } from '../ir.ts';

const known = new WeakMap<Expr, ReadonlySet<string>>();

/** Free variables, kept by node: the same expressions are asked about again and again. */
export function free(e: Expr): ReadonlySet<string> {
  const before = known.get(e);
  if (before) return before;
  const found = freeVars(e);
  known.set(e, found);
  return found;
}

export const mentions = (e: Expr, names: ReadonlySet<string>): boolean => {
  for (const v of free(e)) if (names.has(v)) return true;
  return false;
};

export class Draft {
  readonly states: IrState[];
  readonly defs: IrDef[] = [];
  private readonly axes: IrAxis[];
  private readonly byName = new Map<string, IrDef>();
  private readonly names: FreshNames;

  constructor(readonly kernel: IrKernel) {
    this.states = [...kernel.states];
    this.axes = [...kernel.axes];
    this.names = new FreshNames([
      ...kernel.sizes,
      ...[kernel.axes, kernel.params, kernel.tensors, kernel.defs].flatMap((xs) => xs.map((x) => x.name)),
      ...kernel.states.flatMap((s) => [s.name, s.final]),
    ]);
  }

  finish(): IrKernel {
    return { ...this.kernel, axes: this.axes, states: this.states, defs: this.defs };
  }

  fresh(base: string): string {
    return this.names.fresh(base);
  }

  extent(axis: string): Expr {
    return this.axes.find((a) => a.name === axis)!.extent;
  }

  isAxis(name: string): boolean {
    return this.axes.some((a) => a.name === name);
  }

  /** Another axis of the same extent, beside the first. */
  copyAxis(axis: string): string {
    const at = this.axes.findIndex((a) => a.name === axis);
    const name = this.names.fresh(axis);
    this.axes.splice(at + 1, 0, { ...this.axes[at]!, name });
    return name;
  }

  /** The axes among some names, in the order of their declaration. */
  ordered(names: Iterable<string>): readonly string[] {
    const wanted = new Set(names);
    return this.axes.map((a) => a.name).filter((a) => wanted.has(a));
  }

  def(name: string): IrDef | undefined {
    return this.byName.get(name);
  }

  add(def: IrDef): void {
    this.defs.push(def);
    this.byName.set(def.name, def);
  }

  /** A definition over the free axes of its value, and a read of it at them. */
  define(base: string, value: Expr, more: Pick<IrDef, 'stored'> = {}): Expr {
    const indices = this.ordered(free(value));
    const def: IrDef = { name: this.fresh(base), role: 'let', indices, type: value.type, value, ...more };
    this.add(def);
    return this.readOf(def);
  }

  readOf(what: Pick<IrDef, 'name' | 'indices' | 'type'>): Expr {
    return read(
      what.name,
      what.indices.map((a) => variable(a)),
      what.type,
    );
  }

  /** By node: each axis that a reduction may be tied to asks for all that it reads. */
  private readonly opened = new WeakMap<ReadExpr, Expr>();

  /** What a definition is where it is read; undefined for inputs, states and what has to be read from memory. */
  inlined(e: ReadExpr): Expr | undefined {
    const def = this.byName.get(e.name);
    if (!def || def.stored) return undefined;
    const before = this.opened.get(e);
    if (before) return before;
    const map = new Map(def.indices.map((a, n) => [a, e.index[n]!]));
    if (this.readsStatesElsewhere(def.value, map)) return undefined;
    const value = this.replace(def.value, map);
    this.opened.set(e, value);
    return value;
  }

  /** A state can be read at its own position only. */
  private readsStatesElsewhere(value: Expr, map: ReadonlyMap<string, Expr>): boolean {
    let found = false;
    visit(value, (x) => {
      const state = x.kind === 'read' ? this.states.find((s) => s.name === x.name) : undefined;
      const at = state && map.get(state.axis);
      if (state && at && !(at.kind === 'var' && at.name === state.axis)) found = true;
    });
    return found;
  }

  /** Replaces free variables; axes bound on the way are renamed where a replacement mentions them. */
  replace(e: Expr, map: ReadonlyMap<string, Expr>): Expr {
    const go = (x: Expr): Expr => {
      const y = mapChildren(x, go);
      if (y.kind !== 'reduce') return y;
      const used = new Set<string>();
      for (const v of free(y)) freeVars(map.get(v) ?? variable(v), used);
      const clash = y.axes.filter((a) => used.has(a));
      if (clash.length === 0) return y;
      const renamed = new Map(clash.map((a) => [a, this.copyAxis(a)]));
      const inner = new Map([...renamed].map(([a, b]) => [a, variable(b)]));
      const axes = y.axes.map((a) => renamed.get(a) ?? a);
      const where = y.where && substitute(y.where, inner);
      return { ...y, axes, body: substitute(y.body, inner), ...(where ? { where } : {}) };
    };
    const trivial = [...map].every(([a, x]) => x.kind === 'var' && x.name === a);
    return trivial ? e : simplify(substitute(go(e), map));
  }
}
