/** Which names a surface tree mentions. */
import type { FnDecl, SurfaceExpr } from '../syntax/ast.ts';
import { fnExprs, walkExpr } from '../syntax/walk.ts';

/** How often a function mentions a name as a value. */
export function countUses(fn: FnDecl, name: string): number {
  let count = 0;
  for (const e of fnExprs(fn))
    walkExpr(e, (x) => {
      if (x.kind === 'name' && x.name.text === name) count++;
    });
  return count;
}

/** Names that an expression mentions as values. */
export function namesIn(e: SurfaceExpr): Set<string> {
  const names = new Set<string>();
  walkExpr(e, (x) => {
    if (x.kind === 'name') names.add(x.name.text);
  });
  return names;
}
