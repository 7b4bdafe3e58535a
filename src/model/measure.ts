/** Size and depth of expressions that share parts; expansion is refused before either gets out of hand. */
import { children, type Expr } from '../expr/expr.ts';

export const MAX_NODES = 20_000;
export const MAX_DEPTH = 1_000;

interface Measure {
  readonly nodes: number;
  readonly depth: number;
}
const known = new WeakMap<Expr, Measure>();

function measure(e: Expr): Measure {
  const ready = known.get(e);
  if (ready) return ready;
  let nodes = 1;
  let depth = 0;
  for (const c of children(e)) {
    const m = measure(c);
    nodes += m.nodes;
    depth = Math.max(depth, m.depth);
  }
  const result = { nodes, depth: depth + 1 };
  known.set(e, result);
  return result;
}

/** True when the expression, written out in full, is too large to work with. */
export function isTooLarge(e: Expr): boolean {
  const { nodes, depth } = measure(e);
  return nodes > MAX_NODES || depth > MAX_DEPTH;
}
