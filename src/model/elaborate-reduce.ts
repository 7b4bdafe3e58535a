/** Reductions: axes are bound, ranges and mask lines say which elements exist. */
import { freeVars, op, variable, type Expr, type ReduceExpr } from '../expr/expr.ts';
import { isSelection, type ReduceOp } from '../expr/ops.ts';
import { simplify } from '../expr/simplify.ts';
import type { ScalarType } from '../expr/types.ts';
import type { AxisBinding, Name, SurfaceExpr } from '../syntax/ast.ts';
import { freeAxes, isDerivable, resolveDerived, type AxisTable } from './axes.ts';
import { axesNamed, report, type Context } from './context.ts';
import { elaborateSelection } from './elaborate-select.ts';
import type { ModelMask } from './model.ts';
import { argumentCount, notAnAxis, reductionWithoutAxes, wrongArguments } from './rules/calls.ts';
import { axisTwice } from './rules/indices.ts';
import { axisNotInBody } from './rules/reductions.ts';
import { expectedBool, indexNotInteger } from './rules/types.ts';
import { cast, promote, value, type Value } from './typing.ts';

type CallExpr = Extract<SurfaceExpr, { kind: 'call' }>;

/** The axes that a bracket binds; several for a function's parameter that received several. */
export function boundAxes(name: Name, c: Context): readonly string[] | undefined {
  const axes = axesNamed(name, c);
  if (axes === 'broken') return undefined;
  if (typeof axes !== 'string') return axes;
  const known = [...c.kernel.axes.all()].map((a) => a.name);
  return report(c, notAnAxis(name, known, axes === 'other'));
}

/** The condition as it reads in `scope`, or undefined when some axis of it is not to be had there. */
export function maskIn(mask: ModelMask, scope: ReadonlySet<string>, axes: AxisTable): Expr | undefined {
  if (!mask.axes.every((a) => isDerivable(a, scope, axes))) return undefined;
  return resolveDerived(mask.condition, scope, scope, axes);
}

function rangeOf(b: AxisBinding, axis: string, c: Context): Expr[] | undefined {
  const conditions: Expr[] = [];
  for (const [e, below] of [
    [b.from, true],
    [b.to, false],
  ] as const) {
    if (!e) continue;
    const v = c.elaborate(e, c);
    if (!v) return undefined;
    if (v.expr.type === 'f32' || v.expr.type === 'bool')
      return report(c, indexNotInteger(v.expr.type, e.span));
    const bound = cast(v, 'i32');
    // No index is below 0, so that a range from 0 needs no condition there.
    if (below && bound.kind === 'const' && bound.value <= 0) continue;
    conditions.push(below ? op('le', bound, variable(axis)) : op('lt', variable(axis), bound));
  }
  return conditions;
}

/** The body in the type that the reduction works on. */
function bodyOf(name: ReduceOp, v: Value, e: SurfaceExpr, c: Context): Expr | undefined {
  const { type } = v.expr;
  if (name === 'any' || name === 'all' || name === 'nth')
    return type === 'bool' ? v.expr : report(c, expectedBool(`the body of \`${name}\``, type, e.span));
  if (name === 'mean' || name === 'logsumexp' || name === 'topp') return promote(v, 'f32') ?? cast(v, 'f32');
  return type === 'bool' ? cast(v, 'i32') : v.expr;
}

function resultType(name: ReduceOp, body: ScalarType): ScalarType {
  if (name === 'argmax' || name === 'argmin' || name === 'nth') return 'i32';
  if (isSelection(name)) return 'bool';
  return body;
}

export function elaborateReduce(name: ReduceOp, e: CallExpr, c: Context): Value | undefined {
  const wanted = isSelection(name) ? 2 : 1;
  if (e.args.length !== wanted)
    return report(c, wrongArguments(e.callee, e.args.length, argumentCount(wanted), e.span));
  if (!e.axes || e.axes.length === 0) {
    const known = [...c.kernel.axes.all()].map((a) => a.name);
    return report(c, reductionWithoutAxes(e.callee, e.span, known));
  }
  const axes: string[] = [];
  const ranged: { binding: AxisBinding; axis: string }[] = [];
  for (const b of e.axes) {
    const found = boundAxes(b.name, c);
    if (!found) return undefined;
    for (const axis of found) {
      if (axes.includes(axis)) return report(c, axisTwice(b.name));
      axes.push(axis);
      ranged.push({ binding: b, axis });
    }
  }
  const inner: Context = { ...c, bound: new Set([...c.bound, ...axes]) };
  const v = c.elaborate(e.args[0]!, inner);
  const ranges = ranged.map((r) => rangeOf(r.binding, r.axis, inner));
  if (!v || ranges.some((r) => !r)) return undefined;
  const body = bodyOf(name, v, e.args[0]!, c);
  if (!body) return undefined;
  const reduced = assemble(
    name,
    e,
    axes,
    body,
    ranges.flatMap((r) => r!),
    inner,
  );
  return isSelection(name) ? elaborateSelection(name, reduced, e, c) : value(reduced);
}

/** Puts the reduction together in the scope of its body; `c` has its axes bound. */
function assemble(
  name: ReduceOp,
  e: CallExpr,
  axes: readonly string[],
  body: Expr,
  ranges: readonly Expr[],
  c: Context,
): ReduceExpr {
  const table = c.kernel.axes;
  const free = [body, ...ranges].flatMap((x) => freeAxes(x, table));
  const scope = new Set([...c.bound, ...c.indices, ...free]);
  const keep = new Set([...c.bound, ...c.indices]);
  const reduced = new Set(axes);
  // A derivation that mentions a reduced axis means nothing outside, so that it is put in here.
  const inside = (x: Expr): Expr => resolveDerived(x, scope, keep, table, reduced);
  const conditions = ranges.map(inside);
  for (const mask of c.masks) {
    const condition = maskIn(mask, scope, table);
    if (!condition || !freeAxes(condition, table).some((a) => reduced.has(a))) continue;
    conditions.push(condition);
    c.kernel.applied(mask);
  }
  const where = conditions.length > 0 ? simplify(conditions.reduce((a, b) => op('and', a, b))) : undefined;
  const value_ = inside(body);
  const type = resultType(name, body.type);
  const result: ReduceExpr = {
    kind: 'reduce',
    type,
    op: name,
    axes,
    ...(where && !(where.kind === 'const' && where.value !== 0) ? { where } : {}),
    body: value_,
    span: e.span,
  };
  if (c.final && c.stack.length === 0 && value_.kind !== 'const') {
    const seen = new Set([...freeVars(value_), ...(where ? freeVars(where) : [])]);
    for (const a of axes) if (!seen.has(a)) report(c, axisNotInBody(name, a, e.span));
  }
  return result;
}
