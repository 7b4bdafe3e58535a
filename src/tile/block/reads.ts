/** How an expression reads a value. */
import { visit, type Expr } from '../../expr/expr.ts';

/** Every read of the value is at its own indices. */
export function readsOwn(e: Expr, name: string, indices: readonly string[]): boolean {
  let own = true;
  visit(e, (x) => {
    if (x.kind !== 'read' || x.name !== name) return;
    if (x.index.some((i, n) => !(i.kind === 'var' && i.name === indices[n]))) own = false;
  });
  return own;
}

/** The axis whose position a state waits for: at that step it becomes something else than what the step makes of it. */
export function beginsAt(next: Expr, axis: string): string | undefined {
  const cond = next.kind === 'op' && next.op === 'select' ? next.args[0]! : undefined;
  if (cond?.kind !== 'op' || cond.op !== 'eq') return undefined;
  const names = cond.args.map((a) => (a.kind === 'var' ? a.name : undefined));
  return names.includes(axis) ? names.find((n) => n !== undefined && n !== axis) : undefined;
}
