/** Brackets: `x[e1, …]` by position over the declared dimensions, `x[axis = e]` by name over anything. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { freeVars, variable, type Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import type { IndexArg, Name, SurfaceExpr } from '../syntax/ast.ts';
import { derivationAxes, freeAxes, replaceAxes, resolveDerived } from './axes.ts';
import { axesNamed, report, type Context, type Indexed } from './context.ts';
import { notAnAxis, severalAxes } from './rules/calls.ts';
import {
  axisTwice,
  mixedIndices,
  needsIndex,
  noSuchAxis,
  positionalOnExpression,
  tooManyIndices,
} from './rules/indices.ts';
import { indexNotInteger } from './rules/types.ts';
import { cast, value, type Value } from './typing.ts';

type IndexExpr = Extract<SurfaceExpr, { kind: 'index' }>;

const dimNames = (x: Indexed): string[] => x.dims.map((d) => d.axis ?? printExpr(d.extent));

const shown = (x: Indexed): string => x.shown ?? x.name;

/** A read of a whole tensor or definition; `given` are the indices of its last dimensions, the others are its own axes. */
export function readOf(x: Indexed, given: readonly Expr[], span: Span, c: Context): Value | undefined {
  const own = x.dims.length - given.length;
  const index: Expr[] = [];
  for (const [n, dim] of x.dims.entries()) {
    if (n >= own) index.push(given[n - own]!);
    else if (dim.axis !== undefined) index.push(variable(dim.axis));
    else return report(c, needsIndex(shown(x), printExpr(dim.extent), n, span));
  }
  if (x.along) index.splice(x.along.at, 0, variable(x.along.axis));
  return value({ kind: 'read', type: x.type, name: x.name, index, span });
}

/** One index as an i32 expression. */
function indexValue(e: SurfaceExpr, c: Context): Expr | undefined {
  const v = c.elaborate(e, c);
  if (!v) return undefined;
  if (v.expr.type === 'f32') return report(c, indexNotInteger('f32', e.span));
  return cast(v, 'i32');
}

function unwrap(e: SurfaceExpr): SurfaceExpr {
  return e.kind === 'paren' ? unwrap(e.inner) : e;
}

/** What the target names, when it is the name of something with dimensions. */
function indexedTarget(e: SurfaceExpr, c: Context): Indexed | undefined | 'broken' {
  if (e.kind !== 'name') return undefined;
  const b = c.env.lookup(e.name);
  if (b?.kind === 'indexed') return b.indexed;
  if (b?.kind === 'broken') return 'broken';
  return b?.kind === 'lazy' ? b.lazy.indexed() : undefined;
}

export function elaborateIndex(e: IndexExpr, c: Context): Value | undefined {
  const named = e.args.filter((a) => a.axis);
  if (named.length > 0 && named.length < e.args.length) return report(c, mixedIndices(e.span));
  const target = unwrap(e.target);
  const indexed = indexedTarget(target, c);
  if (indexed === 'broken') return undefined;
  if (named.length > 0) return byName(e, target, indexed, c);
  const given = e.args.map((a) => indexValue(a.value, c));
  if (!indexed) {
    const v = c.elaborate(target, c);
    return v && report(c, positionalOnExpression(e.span));
  }
  if (given.length > indexed.dims.length)
    return report(c, tooManyIndices(shown(indexed), given.length, dimNames(indexed), e.span));
  return given.every((x) => x !== undefined) ? readOf(indexed, given, e.span, c) : undefined;
}

function byName(
  e: IndexExpr,
  target: SurfaceExpr,
  indexed: Indexed | undefined,
  c: Context,
): Value | undefined {
  const map = replacements(e.args, c);
  // A dimension without an axis cannot be named, so that such a tensor reports what it misses.
  const v = indexed ? readOf(indexed, [], e.span, c) : c.elaborate(target, c);
  if (!map || !v) return undefined;
  const scope = new Set([...c.indices, ...c.bound, ...freeAxes(v.expr, c.kernel.axes)]);
  const touched = new Set(map.keys());
  const expr = indexed
    ? v.expr
    : resolveDerived(v.expr, scope, new Set([...c.indices, ...c.bound]), c.kernel.axes, touched);
  const free = freeVars(expr);
  for (const [axis, { name }] of map) {
    if (free.has(axis) && axis !== indexed?.along?.axis) continue;
    const axes = indexed ? indexed.dims.flatMap((d) => d.axis ?? []) : freeAxes(expr, c.kernel.axes);
    const derived = axes.find((a) => {
      const found = c.kernel.axes.get(a);
      return found?.derived !== undefined && derivationAxes(found, c.kernel.axes).includes(axis);
    });
    return report(c, noSuchAxis(name, indexed ? shown(indexed) : 'this expression', axes, derived));
  }
  const exprs = new Map([...map].map(([axis, { expr: x }]) => [axis, x]));
  return { expr: replaceAxes(expr, exprs, c.kernel.axes), literal: false };
}

function replacements(
  args: readonly IndexArg[],
  c: Context,
): Map<string, { readonly name: Name; readonly expr: Expr }> | undefined {
  const map = new Map<string, { name: Name; expr: Expr }>();
  let ok = true;
  for (const a of args) {
    const name = a.axis!;
    const expr = indexValue(a.value, c);
    const axes = axesNamed(name, c);
    if (axes === 'unknown' || axes === 'other') {
      const known = c.kernel.axes.all().map((x) => x.name);
      report(c, notAnAxis(name, known, axes === 'other'));
    } else if (axes !== 'broken' && axes.length !== 1) report(c, severalAxes(name, axes));
    else if (axes !== 'broken' && map.has(axes[0]!)) report(c, axisTwice(name));
    else if (axes !== 'broken' && expr) {
      map.set(axes[0]!, { name, expr });
      continue;
    }
    ok = false;
  }
  return ok ? map : undefined;
}
