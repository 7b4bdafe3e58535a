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
