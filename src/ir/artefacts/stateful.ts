/** Which names stand for values that depend on a state. */
import { readNames } from '../../expr/expr.ts';
import type { IrKernel } from '../ir.ts';

/** States, their last values and every definition that reads one of them, through others too. */
export function stateful(k: IrKernel): ReadonlySet<string> {
  const found = new Set(k.states.flatMap((s) => [s.name, s.final]));
  // Definitions are in dependence order.
  for (const d of k.defs) if ([...readNames(d.value)].some((n) => found.has(n))) found.add(d.name);
  return found;
}
