/** Operands that lie in a tensor as they are, so that several of their elements can be taken at once. */
import type { Expr } from '../../expr/expr.ts';
import type { StorageType } from '../../expr/types.ts';
import type { Operand } from '../../tile/tile.ts';
import type { Scope } from './scope.ts';

/**
 * Length of an operand's rows if they lie in a tensor of that storage as they are, one element after another, and every
 * row begins where rows of this length can begin.
 */
export function plainRows(scope: Scope, o: Operand, storage: StorageType): number | undefined {
  const e = o.value;
  if (e.kind !== 'read' || e.index.length === 0) return undefined;
  const t = scope.tensor(e.name);
  const last = e.index.at(-1)!;
  const extent = scope.vectorExtent(o.vector);
  const innermost = t?.shape.at(-1);
  const whole = innermost?.kind === 'const' && innermost.value === extent;
  const own = last.kind === 'var' && last.name === o.vector && t?.axes.at(-1) === o.vector;
  const inOrder = e.index.slice(0, -1).every((x) => !mentions(x, o.vector));
  return t && whole && own && inOrder && t.storage === storage && !t.within ? extent : undefined;
}

const mentions = (e: Expr, name: string): boolean =>
  (e.kind === 'var' && e.name === name) ||
  (e.kind === 'op' && e.args.some((x) => mentions(x, name))) ||
  (e.kind === 'read' && e.index.some((x) => mentions(x, name)));
