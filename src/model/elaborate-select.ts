/** Selections: the axis stays free, because the result says of each element whether it is taken. */
import { substitute, variable, type Expr, type ReduceExpr } from '../expr/expr.ts';
import { SELECT_ARGUMENTS, type SelectOp } from '../expr/ops.ts';
import type { SurfaceExpr } from '../syntax/ast.ts';
import { report, type Context } from './context.ts';
import { wrongAxes } from './rules/calls.ts';
import { expectedInteger, expectedNumber } from './rules/types.ts';
import { promote, value, type Value } from './typing.ts';

/**
 * `topk[c](x, k)` → is element c taken, with a bound axis of its own in the place of c; `nth[c](taken, n)` keeps no c.
 * @param reduced the body, its ranges and masks, with the axis bound
 */
export function elaborateSelection(
  name: SelectOp,
  reduced: ReduceExpr,
  e: Extract<SurfaceExpr, { kind: 'call' }>,
  c: Context,
): Value | undefined {
  const [axis, ...more] = reduced.axes;
  if (more.length > 0) return report(c, wrongAxes(e.callee, reduced.axes.length, [axis!], e.span));
  const wanted = SELECT_ARGUMENTS[name].at(-1)!;
  const given = c.elaborate(e.args[1]!, c);
  if (!given) return undefined;
  const limit = promote(given, wanted);
  if (!limit) {
    const { type } = given.expr;
    const wrong = wanted === 'i32' ? expectedInteger : expectedNumber;
    return report(c, wrong(`the second argument of \`${name}\``, type, e.args[1]!.span));
  }
  if (name === 'nth') return value({ ...reduced, args: [limit] });
  const bound = c.kernel.axes.fresh(axis!);
  const inside = (x: Expr): Expr => substitute(x, new Map([[axis!, variable(bound)]]));
  return value({
    ...reduced,
    axes: [bound],
    body: inside(reduced.body),
    ...(reduced.where ? { where: inside(reduced.where) } : {}),
    args: [variable(axis!), limit],
  });
}
