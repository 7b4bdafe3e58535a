/** Which states belong together: each one's step depends on the others', so that none can be carried without them. */
import { readNames, type Expr } from '../../expr/expr.ts';
import type { IrKernel, IrState } from '../ir.ts';
import { Definitions } from './definitions.ts';

/** States of which each one's step depends on the others; most have one. */
export interface Component {
  readonly states: readonly IrState[];
  readonly axis: string;
  readonly reverse: boolean;
}

/** The states that a state's step or initial value reads, be it their values at a step or their last ones. */
function dependences(definitions: Definitions, s: IrState): Set<IrState> {
  const { states } = definitions.kernel;
  const next = definitions.get(s.next)!.value;
  const parts: Expr[] = [s.init, next];
  for (const e of [s.init, next])
    for (const name of definitions.cone(e)) parts.push(definitions.get(name)!.value);
  const names = new Set(parts.flatMap((e) => [...readNames(e)]));
  return new Set(states.filter((x) => names.has(x.name) || names.has(x.final)));
}

/**
 * The strongly connected components of a kernel's states, in dependence order: what a component reads of other states
 * comes from components before it. A component whose states run along different axes has the first one's.
 */
export function components(k: IrKernel): readonly Component[] {
  const definitions = new Definitions(k);
  const found: Component[] = [];
  const order = new Map<IrState, number>();
  const low = new Map<IrState, number>();
  const open: IrState[] = [];
  // Tarjan's algorithm: components are complete in dependence order.
  const visit = (s: IrState): number => {
    const own = order.size;
    order.set(s, own);
    low.set(s, own);
    open.push(s);
    for (const to of dependences(definitions, s)) {
      if (!order.has(to)) low.set(s, Math.min(low.get(s)!, visit(to)));
      else if (open.includes(to)) low.set(s, Math.min(low.get(s)!, order.get(to)!));
    }
    if (low.get(s) === own) {
      const states = open.splice(open.indexOf(s));
      const ordered = k.states.filter((x) => states.includes(x));
      found.push({ states: ordered, axis: ordered[0]!.axis, reverse: ordered[0]!.reverse });
    }
    return low.get(s)!;
  };
  for (const s of k.states) if (!order.has(s)) visit(s);
  return found;
}
