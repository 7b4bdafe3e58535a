/** Recognises a sum over a vector axis whose summand is (row factors) × (column factors): a matrix product. */
import { constant, op, type Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';
import type { StageShape } from './choose.ts';
import { fromProduct, product, type Factor } from './factor.ts';
import type { Graph } from './graph.ts';

export interface RecognizedContraction {
  /** Of the sum; integers stay integers. */
  readonly type: ScalarType;
  readonly vector: string;
  readonly rows: Expr;
  readonly cols: Expr;
  /** Factors that do not move with the vector axis. */
  readonly outer: Expr;
}

export function contraction(g: Graph, shape: StageShape, name: string): RecognizedContraction | undefined {
  const r = g.reduction(name);
  if (!r || r.op !== 'sum' || r.where || r.axes.length !== 1) return undefined;
  if (g.fixedExtent(r.axes[0]!) === undefined && !g.isFeature(r.axes[0]!)) return undefined;
  const vector = r.axes[0]!;
  const p = product(g, r.body);
  const rows: Factor[] = [];
  const cols: Factor[] = [];
  const outer: Factor[] = [];
  for (const f of p.factors) {
    const axes = g.axes(f.expr);
    const onRow = shape.row.some((a) => axes.has(a));
    const onStream = shape.stream.some((a) => axes.has(a));
    if (!axes.has(vector)) outer.push(f);
    else if (onRow && onStream) return undefined;
    else (onStream ? cols : rows).push(f);
  }
  if (rows.length === 0 || cols.length === 0 || p.guards.some((c) => g.axes(c).has(vector))) return undefined;
  const whole = (factors: readonly Factor[], guards: readonly Expr[] = []): Expr =>
    r.type === 'f32' ? fromProduct({ factors, guards }) : integers(factors, r.type);
  return { type: r.type, vector, rows: whole(rows), cols: whole(cols), outer: whole(outer, p.guards) };
}

/** A product of integers, which wraps in any order; such a product has no guards and no divisors. */
const integers = (factors: readonly Factor[], type: ScalarType): Expr =>
  factors.length === 0 ? constant(type, 1) : factors.map((f) => f.expr).reduce((a, b) => op('mul', a, b));
