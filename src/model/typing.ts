/**
 * Types of values while they are elaborated. An integer literal has no type of its own: it takes that of its context.
 * Promotions bool → i32 → f32 happen by themselves; u32 joins only with integer literals.
 */
import { constant, op, type Expr } from '../expr/expr.ts';
import { OPS, type OpName } from '../expr/ops.ts';
import { applyOp } from '../expr/scalar.ts';
import type { ScalarType } from '../expr/types.ts';

export interface Value {
  readonly expr: Expr;
  /** Made of integer literals alone: a constant that adapts. */
  readonly literal: boolean;
}
export const value = (expr: Expr): Value => ({ expr, literal: false });

/** The literal's value in another type; undefined when it does not fit. */
function adapt(v: Value, type: ScalarType): Expr | undefined {
  if (v.expr.kind !== 'const') return undefined;
  const x = v.expr.value;
  if (type === 'bool') return undefined;
  if (type === 'i32' && (x > 2147483647 || x < -2147483648)) return undefined;
  if (type === 'u32' && (x < 0 || x > 4294967295)) return undefined;
  return { ...constant(type, x), ...(v.expr.span ? { span: v.expr.span } : {}) };
}

/** Cast without a check; literals become constants of the type. */
export function cast(v: Value, type: ScalarType): Expr {
  if (v.expr.type === type) return v.expr;
  return (v.literal ? adapt(v, type) : undefined) ?? { kind: 'op', type, op: 'cast', args: [v.expr] };
}

/** The value as `type` when an implicit promotion leads there, else undefined. */
export function promote(v: Value, type: ScalarType): Expr | undefined {
  const from = v.expr.type;
  if (from === type) return v.expr;
  if (v.literal) return adapt(v, type);
  const rank: Readonly<Record<ScalarType, number>> = { bool: 0, i32: 1, f32: 2, u32: NaN };
  return rank[from] < rank[type] ? cast(v, type) : undefined;
}

/** The type that all values can be promoted to, or undefined. */
export function commonType(values: readonly Value[], floor: ScalarType = 'bool'): ScalarType | undefined {
  const order: readonly ScalarType[] = ['bool', 'i32', 'u32', 'f32'];
  for (const type of order.slice(order.indexOf(floor))) {
    // A literal alone is i32 where it fits.
    if (type === 'u32' && values.every((v) => v.expr.type !== 'u32')) continue;
    if (values.every((v) => promote(v, type) !== undefined)) return type;
  }
  return undefined;
}

/** Applies an operation; operations on literals give a literal. Operands already agree in type. */
export function apply(name: OpName, args: readonly Expr[], literal = false): Value {
  const expr = op(name, ...args);
  if (!literal || expr.type === 'f32' || expr.type === 'bool') return value(expr);
  const numbers: number[] = [];
  for (const a of args) {
    if (a.kind !== 'const') return value(expr);
    numbers.push(a.value);
  }
  const meaning: (...a: number[]) => number = OPS[name].meaning;
  const exact = meaning(...numbers);
  const result = applyOp(
    name,
    expr.type,
    args.map((a) => a.type),
    numbers,
  );
  return { expr: constant(expr.type, result), literal: exact === result };
}
