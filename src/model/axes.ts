/** Index sets: free axes, derived axes, and substitution that captures nothing. */
import { freeVars, mapChildren, substitute, variable, type Expr } from '../expr/expr.ts';
import type { ModelAxis } from './model.ts';

/** The axes of one kernel. `fresh` makes a copy of an axis under a new name. */
export interface AxisTable {
  readonly all: () => readonly ModelAxis[];
  readonly get: (name: string) => ModelAxis | undefined;
  readonly fresh: (name: string) => string;
}

/** Free axes of an expression, in declaration order. */
export function freeAxes(e: Expr, axes: AxisTable): string[] {
  const free = freeVars(e);
  return axes
    .all()
    .map((a) => a.name)
    .filter((a) => free.has(a));
}

/** Renames bound axes that `used` contains, so that expressions mentioning `used` can be put in. */
function avoidCapture(e: Expr, used: ReadonlySet<string>, axes: AxisTable): Expr {
  const x = mapChildren(e, (c) => avoidCapture(c, used, axes));
  if (x.kind !== 'reduce' || !x.axes.some((a) => used.has(a))) return x;
  const renames = new Map<string, Expr>();
  const bound = x.axes.map((a) => {
    if (!used.has(a)) return a;
    const name = axes.fresh(a);
    renames.set(a, variable(name));
    return name;
  });
  return {
    ...x,
    axes: bound,
    body: substitute(x.body, renames),
    ...(x.where ? { where: substitute(x.where, renames) } : {}),
  };
}

/** Replaces free axes, renaming bound ones that the replacements mention. */
export function replaceAxes(e: Expr, map: ReadonlyMap<string, Expr>, axes: AxisTable): Expr {
  const free = freeVars(e);
  const live = new Map([...map].filter(([name]) => free.has(name)));
  if (live.size === 0) return e;
  const used = new Set<string>();
  for (const x of live.values()) freeVars(x, used);
  return substitute(avoidCapture(e, used, axes), live);
}

/** The axes that a derivation mentions. */
export function derivationAxes(axis: ModelAxis, axes: AxisTable): string[] {
  return axis.derived ? freeAxes(axis.derived, axes) : [];
}

/** True when `name` is in scope, or derived from axes that are. */
export function isDerivable(name: string, scope: ReadonlySet<string>, axes: AxisTable): boolean {
  if (scope.has(name)) return true;
  const axis = axes.get(name);
  return axis?.derived !== undefined && derivationAxes(axis, axes).every((a) => isDerivable(a, scope, axes));
}

/**
 * Puts the derivation in the place of each free derived axis whose mentioned axes are all in scope.
 * @param scope axes in scope
 * @param keep axes that stay themselves: declared indices and bound axes
 * @param only when given, derivations that mention none of these are left for an outer place
 */
export function resolveDerived(
  e: Expr,
  scope: ReadonlySet<string>,
  keep: ReadonlySet<string>,
  axes: AxisTable,
  only?: ReadonlySet<string>,
): Expr {
  let result = e;
  // A derivation mentions earlier axes only, so that one walk from the last to the first meets what it brings in.
  for (const axis of [...axes.all()].reverse()) {
    if (!axis.derived || keep.has(axis.name) || !freeVars(result).has(axis.name)) continue;
    const mentioned = derivationAxes(axis, axes);
    const others = new Set(scope);
    others.delete(axis.name);
    if (!mentioned.every((a) => isDerivable(a, others, axes))) continue;
    if (only && !mentioned.some((a) => only.has(a))) continue;
    result = replaceAxes(result, new Map([[axis.name, axis.derived]]), axes);
  }
  return result;
}
