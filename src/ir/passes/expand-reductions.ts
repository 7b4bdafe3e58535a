/**
 * Pass `expand-reductions`: `mean` and `logsumexp` become sums, maxima and pointwise arithmetic, so that later passes see
 * only reductions with one carrier. So do selections (expand-selections.ts).
 *
 *   mean[A] where W : x       →  n > 0 ? sum[A](x) / n : 0        with n the number of kept elements
 *   logsumexp[A] where W : x  →  any kept ? m + log(sum[A](exp(x − m))) : −inf   with m = max[A](x)
 */
import { constant, f32, op, rewrite, type Expr, type ReduceExpr } from '../../expr/expr.ts';
import { axisOf, type IrKernel } from '../ir.ts';
import { expandSelections } from './expand-selections.ts';

const cast = (e: Expr): Expr => (e.type === 'f32' ? e : { kind: 'op', type: 'f32', op: 'cast', args: [e] });

function expandMean(k: IrKernel, e: ReduceExpr): Expr {
  const sum: ReduceExpr = { ...e, op: 'sum', type: 'f32', body: cast(e.body) };
  if (!e.where) {
    const count = e.axes.map((a) => axisOf(k, a)!.extent).reduce((a, b) => op('mul', a, b));
    return op('div', sum, cast(count));
  }
  const count: ReduceExpr = { ...e, op: 'sum', type: 'f32', body: f32(1) };
  return op('select', op('gt', count, f32(0)), op('div', sum, count), f32(0));
}

function expandLogSumExp(e: ReduceExpr): Expr {
  const body = cast(e.body);
  const max: ReduceExpr = { ...e, op: 'max', type: 'f32', body };
  const sum: ReduceExpr = { ...e, op: 'sum', type: 'f32', body: op('exp', op('sub', body, max)) };
  const value = op('add', max, op('log', sum));
  if (!e.where) return value;
  const any: ReduceExpr = { ...e, op: 'any', type: 'bool', body: constant('bool', 1) };
  return op('select', any, value, f32(-Infinity));
}

/** Selections first: what they compare may hold means. */
export function expandReductions(kernel: IrKernel): IrKernel {
  const k = expandSelections(kernel);
  const expand = (e: Expr): Expr => {
    if (e.kind !== 'reduce') return e;
    if (e.op === 'mean') return expandMean(k, e);
    if (e.op === 'logsumexp') return expandLogSumExp(e);
    // `any` of a value is `any kept` over a narrower domain, which lets one flag serve both.
    if (e.op === 'any' && e.body.kind !== 'const') {
      const where = e.where ? op('and', e.where, e.body) : e.body;
      return { ...e, where, body: constant('bool', 1) };
    }
    if (e.op === 'all') {
      const not = op('not', e.body);
      const any: ReduceExpr = {
        ...e,
        op: 'any',
        where: e.where ? op('and', e.where, not) : not,
        body: constant('bool', 1),
      };
      return op('not', any);
    }
    return e;
  };
  return {
    ...k,
    states: k.states.map((s) => ({ ...s, init: rewrite(s.init, expand) })),
    defs: k.defs.map((d) => ({ ...d, value: rewrite(d.value, expand) })),
  };
}
