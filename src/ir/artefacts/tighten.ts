/** Drops indices with which copies of states and definitions do not move: a decay per head is one number per head. */
import { mapChildren, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../ir.ts';
import { Definitions } from '../recurrence/definitions.ts';

class Moves {
  /** By name, the axes among its indices with which the value moves. */
  private readonly needed = new Map<string, Set<string>>();
  private readonly indices = new Map<string, readonly string[]>();
  private readonly known: Definitions;

  constructor(
    k: IrKernel,
    private readonly states: readonly IrState[],
    private readonly defs: readonly IrDef[],
  ) {
    this.known = new Definitions(k);
    for (const s of states) {
      this.needed.set(s.name, new Set(this.of(s.init)).add(s.axis));
      this.indices.set(s.name, s.indices).set(
        s.final,
        s.indices.filter((a) => a !== s.axis),
      );
      this.needed.set(s.final, this.needed.get(s.name)!);
    }
    for (const d of defs) this.indices.set(d.name, d.indices);
    while (this.grow());
  }

  private grow(): boolean {
    let grown = false;
    for (const d of this.defs) {
      const own = this.of(d.value);
      // A step is over the axes of its state, and the other way round.
      for (const s of this.states.filter((x) => x.next === d.name)) {
        const state = this.needed.get(s.name)!;
        const before = state.size;
        for (const a of own) state.add(a);
        for (const a of state) own.add(a);
        grown ||= state.size > before;
      }
      this.needed.set(d.name, own);
    }
    return grown;
  }

  private of(e: Expr): Set<string> {
    if (e.kind === 'var') return new Set([e.name]);
    const out = new Set<string>();
    const add = (x: Expr): void => void this.of(x).forEach((v) => out.add(v));
    if (e.kind === 'op') e.args.forEach(add);
    else if (e.kind === 'read') {
      const needed = this.needed.get(e.name);
      const own = this.indices.get(e.name);
      if (needed && own) e.index.forEach((x, n) => needed.has(own[n]!) && add(x));
      else this.known.moves(e).forEach((v) => out.add(v));
    } else if (e.kind === 'reduce') {
      if (e.where) add(e.where);
      add(e.body);
      for (const a of e.axes) out.delete(a);
    }
    return out;
  }

  keeps(name: string, axis: string): boolean {
    return this.needed.get(name)!.has(axis);
  }

  rewrite(e: Expr): Expr {
    const inner = mapChildren(e, (c) => this.rewrite(c));
    const own = inner.kind === 'read' ? this.indices.get(inner.name) : undefined;
    if (inner.kind !== 'read' || !own) return inner;
    return { ...inner, index: inner.index.filter((_, n) => this.keeps(inner.name, own[n]!)) };
  }
}

/** The same states and definitions over the axes that matter. A step keeps the axes of its state. */
export function tighten(
  k: IrKernel,
  states: readonly IrState[],
  defs: readonly IrDef[],
): { readonly states: readonly IrState[]; readonly defs: readonly IrDef[] } {
  const moves = new Moves(k, states, defs);
  const kept = (name: string, indices: readonly string[]): string[] =>
    indices.filter((a) => moves.keeps(name, a));
  return {
    states: states.map((s) => ({ ...s, indices: kept(s.name, s.indices), init: moves.rewrite(s.init) })),
    defs: defs.map((d) => ({ ...d, indices: kept(d.name, d.indices), value: moves.rewrite(d.value) })),
  };
}
