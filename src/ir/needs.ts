/** What expressions need of a kernel: a kernel of their own can be made from it. */
import { readNames, visit, type Expr } from '../expr/expr.ts';
import { stateOf, type IrDef, type IrKernel, type IrState, type IrTensor } from './ir.ts';

export interface Needs {
  readonly tensors: readonly IrTensor[];
  readonly states: readonly IrState[];
  /** In dependence order. */
  readonly defs: readonly IrDef[];
}

/** Everything that expressions read, directly or through definitions and the steps of states. */
export function needsOf(k: IrKernel, roots: readonly Expr[]): Needs {
  const defs = new Map(k.defs.map((d) => [d.name, d]));
  const names = new Set<string>();
  const pending = [...roots];
  const need = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    const def = defs.get(name);
    if (def) pending.push(def.value);
    const state = stateOf(k, name);
    if (!state) return;
    pending.push(state.init);
    need(state.name);
    need(state.next);
  };
  for (let e = pending.pop(); e; e = pending.pop())
    visit(e, (x) => {
      if (x.kind === 'read') need(x.name);
    });
  return {
    tensors: k.tensors.filter((t) => names.has(t.name)),
    states: k.states.filter((s) => names.has(s.name)),
    defs: k.defs.filter((d) => names.has(d.name)),
  };
}

/**
 * Names that read one of these, directly or through definitions, and these themselves.
 * @param through definitions that are looked through; others count as not reading
 */
export function readersOf(
  k: IrKernel,
  roots: Iterable<string>,
  through: (d: IrDef) => boolean = () => true,
): ReadonlySet<string> {
  const out = new Set(roots);
  for (const d of k.defs) if (through(d) && [...readNames(d.value)].some((n) => out.has(n))) out.add(d.name);
  return out;
}
