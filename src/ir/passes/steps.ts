/** Which definitions are values of a step of states, and which of them a step needs to be taken. */
import { visit, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../ir.ts';

type Read = Expr & { kind: 'read' };

export class Steps {
  private readonly memo = new Map<string, ReadonlySet<IrState>>();

  /** @param defOf definitions by name, those included that are made on the way */
  constructor(
    private readonly kernel: IrKernel,
    private readonly defOf: (name: string) => IrDef | undefined,
  ) {}

  /** States whose value at the definition's own step decides the definition; not through what is stored. */
  statesOf(name: string): ReadonlySet<IrState> {
    const known = this.memo.get(name);
    if (known) return known;
    const def = this.defOf(name);
    const out = new Set<IrState>();
    this.memo.set(name, out);
    if (!def) return out;
    visit(def.value, (x) => {
      if (x.kind !== 'read') return;
      const state = this.kernel.states.find((s) => s.name === x.name);
      if (state && def.indices.includes(state.axis)) out.add(state);
      for (const s of this.defOf(x.name)?.stored ? [] : this.statesOf(x.name))
        if (def.indices.includes(s.axis) && !this.moves(x, s.axis)) out.add(s);
    });
    return out;
  }

  /** The read is not at the position that `axis` stands for. */
  private moves(e: Read, axis: string): boolean {
    const x = e.index[this.defOf(e.name)!.indices.indexOf(axis)];
    return !(x?.kind === 'var' && x.name === axis);
  }

  /** The value read is one of another step than that which the reader is at. */
  isAtOtherStep(e: Read): boolean {
    return [...this.statesOf(e.name)].some((s) => this.moves(e, s.axis));
  }

  /** A value of a step that takes no more memory over all steps than some tensor does. */
  isSmall(name: string): boolean {
    const def = this.defOf(name);
    if (!def || this.statesOf(name).size === 0) return false;
    const { tensors, outputs } = this.kernel;
    const shapes = [...tensors.map((t) => t.dims.map((d) => d.axis)), ...outputs.map((o) => o.indices)];
    return shapes.some((axes) => def.indices.every((a) => axes.includes(a)));
  }

  /** The reader is needed for the next step of states that the definition depends on in this one. */
  within(name: string, reader: string): boolean {
    for (const s of this.statesOf(name))
      for (const t of this.kernel.states)
        if (this.stepCone(t).has(reader) && this.reaches(t, s) && this.reaches(s, t)) return true;
    return false;
  }

  /** Axes along which a step of the state reduces or reads elsewhere: all along them is carried together. */
  takenTogether(s: IrState): ReadonlySet<string> {
    const out = new Set<string>([s.axis]);
    for (const t of this.kernel.states) {
      if (!this.reaches(t, s) || !this.reaches(s, t)) continue;
      for (const name of this.stepCone(t))
        visit(this.defOf(name)!.value, (x) => {
          if (x.kind === 'reduce') for (const a of x.axes) out.add(a);
          if (x.kind !== 'read') return;
          const indices =
            this.kernel.states.find((r) => r.name === x.name)?.indices ?? this.defOf(x.name)?.indices;
          const carried = this.kernel.states.some((r) => r.name === x.name) || this.statesOf(x.name).size > 0;
          if (!carried || !indices) return;
          for (const [n, a] of indices.entries()) {
            const at = x.index[n]!;
            if (!(at.kind === 'var' && at.name === a)) out.add(a);
          }
        });
    }
    return out;
  }

  private reaches(from: IrState, to: IrState): boolean {
    const seen = new Set<IrState>([from]);
    for (const s of seen) {
      if (s === to) return true;
      for (const x of this.statesOf(s.next)) seen.add(x);
    }
    return false;
  }

  private readonly cones = new Map<IrState, ReadonlySet<string>>();
  /** Definitions that the next value of a state is made of. */
  private stepCone(s: IrState): ReadonlySet<string> {
    const known = this.cones.get(s);
    if (known) return known;
    const out = new Set<string>([s.next]);
    for (const name of out)
      visit(this.defOf(name)?.value ?? { kind: 'const', type: 'i32', value: 0 }, (x) => {
        if (x.kind === 'read' && this.defOf(x.name) && !this.defOf(x.name)!.stored) out.add(x.name);
      });
    this.cones.set(s, out);
    return out;
  }
}
