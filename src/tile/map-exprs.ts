/** Changes of all that a stage evaluates, wherever it stands. */
import { rewrite, type Expr } from '../expr/expr.ts';
import type { Stage } from './tile.ts';

const KINDS: ReadonlySet<unknown> = new Set<Expr['kind']>(['const', 'var', 'op', 'read', 'reduce']);
const isExpr = (x: object): x is Expr => 'kind' in x && KINDS.has(x.kind);

/** @param change of a node whose parts were changed before */
export function mapExprs(s: Stage, change: (node: Expr) => Expr): Stage {
  const walk = (x: unknown): unknown => {
    if (Array.isArray(x)) return x.map(walk);
    if (typeof x !== 'object' || x === null) return x;
    if (isExpr(x)) return rewrite(x, change);
    return Object.fromEntries(Object.entries(x).map(([field, value]) => [field, walk(value)]));
  };
  return walk(s) as Stage;
}
