/** Leaves out what no output needs, so that an artefact asks for no tensor, size or parameter in vain. */
import { freeVars, readNames, visit, type Expr } from '../../expr/expr.ts';
import type { IrKernel, IrState } from '../ir.ts';

class Needs {
  readonly names = new Set<string>();
  private readonly values = new Map<string, readonly Expr[]>();
  private readonly states = new Map<string, IrState>();

  constructor(k: IrKernel, roots: readonly string[]) {
    for (const d of k.defs) this.values.set(d.name, [d.value]);
    for (const s of k.states) {
      this.values.set(s.name, [s.init]);
      this.values.set(s.final, [s.init]);
      this.states.set(s.name, s).set(s.final, s);
    }
    for (const name of roots) this.add(name);
  }

  private add(name: string): void {
    if (this.names.has(name)) return;
    this.names.add(name);
    const s = this.states.get(name);
    for (const other of s ? [s.name, s.final, s.next] : []) this.add(other);
    for (const e of this.values.get(name) ?? []) for (const r of readNames(e)) this.add(r);
  }
}

/** Variables and bound axes of everything that is evaluated for an element. */
export function mentioned(k: IrKernel): Set<string> {
  const out = new Set<string>();
  for (const e of [...k.defs.map((d) => d.value), ...k.states.map((s) => s.init)]) {
    freeVars(e, out);
    visit(e, (x) => {
      if (x.kind === 'reduce') for (const a of x.axes) out.add(a);
    });
  }
  for (const d of [...k.defs, ...k.states]) for (const a of d.indices) out.add(a);
  return out;
}

/** @param states states that stay although nobody reads them */
export function prune(k: IrKernel, states: readonly IrState[] = []): IrKernel {
  const roots = [...k.outputs.map((o) => o.def), ...states.map((s) => s.name)];
  const { names } = new Needs(k, roots);
  const kept = k.states.filter((s) => names.has(s.name));
  const defs = k.defs.filter((d) => names.has(d.name));
  const tensors = k.tensors.filter((t) => names.has(t.name));
  const used = mentioned({ ...k, states: kept, defs });
  for (const t of tensors) for (const d of t.dims) if (d.axis !== undefined) used.add(d.axis);
  const axes = k.axes.filter((a) => used.has(a.name));
  for (const a of axes) freeVars(a.extent, used);
  for (const t of tensors) for (const d of t.dims) freeVars(d.extent, used);
  // A later parameter's default may read an earlier one.
  const params = [...k.params].reverse().filter((p) => {
    if (used.has(p.name) && p.default) freeVars(p.default, used);
    return used.has(p.name);
  });
  const sizes = k.sizes.filter((s) => used.has(s));
  const scalars = new Set([...sizes, ...params.map((p) => p.name)]);
  return {
    ...k,
    sizes,
    axes,
    params: params.reverse(),
    requires: k.requires.filter((r) => [...freeVars(r.condition)].every((v) => scalars.has(v))),
    tensors,
    // Kept for people: a line that mentions what is gone would say nothing.
    masks: k.masks.filter((m) => [...freeVars(m)].every((v) => used.has(v))),
    states: kept,
    defs,
  };
}
