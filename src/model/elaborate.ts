/** Surface expressions to typed expressions: names resolved, functions expanded, masks attached. */
import { constant, op, variable, type Expr } from '../expr/expr.ts';
import type { OpName } from '../expr/ops.ts';
import type { BinaryOperator, SurfaceExpr } from '../syntax/ast.ts';
import { elaborateCall } from './elaborate-call.ts';
import { elaborateIndex, readOf } from './elaborate-index.ts';
import { CONSTANTS, isConstant } from './builtins.ts';
import { report, type Binding, type Context } from './context.ts';
import { isTooLarge } from './measure.ts';
import { severalAxes } from './rules/calls.ts';
import { expansionTooLarge } from './rules/limits.ts';
import { literalDivision } from './rules/reductions.ts';
import { expectedBool, expectedInteger, expectedNumber, literalRange, mixedTypes } from './rules/types.ts';
import { unknownName } from './rules/unknown-name.ts';
import { apply, commonType, promote, value, type Value } from './typing.ts';

type Of<K extends SurfaceExpr['kind']> = Extract<SurfaceExpr, { kind: K }>;

/** Elaborates an expression; undefined after an error, which was then reported. */
export function elaborate(e: SurfaceExpr, c: Context): Value | undefined {
  const v = elaborateNode(e, c);
  if (v && isTooLarge(v.expr)) return report(c, expansionTooLarge(e.span));
  return v;
}

function elaborateNode(e: SurfaceExpr, c: Context): Value | undefined {
  switch (e.kind) {
    case 'number':
      return number(e, c);
    case 'bool':
      return value(constant('bool', e.value ? 1 : 0));
    case 'name':
      return name(e, c);
    case 'index':
      return elaborateIndex(e, c);
    case 'call':
      return elaborateCall(e, c);
    case 'unary':
      return unary(e, c);
    case 'binary':
      return binary(e, c);
    case 'if':
      return conditional(e, c);
    case 'paren':
      return c.elaborate(e.inner, c);
    case 'error':
      return undefined;
  }
}

function number(e: Of<'number'>, c: Context): Value | undefined {
  if (!e.isInt) return value(constant('f32', e.value));
  if (e.value <= 2147483647) return { expr: constant('i32', e.value), literal: true };
  if (e.value <= 4294967295) return { expr: constant('u32', e.value), literal: true };
  return report(c, literalRange(e.text, e.span));
}

function name(e: Of<'name'>, c: Context): Value | undefined {
  const b: Binding | undefined = c.env.lookup(e.name);
  if (!b) {
    if (isConstant(e.name.text)) {
      c.env.refer?.(e.name, undefined);
      return value(constant('f32', CONSTANTS[e.name.text]!.value));
    }
    // Inside of a function it was reported where the function is declared.
    if (c.stack.length > 0) return undefined;
    return report(c, unknownName(e.name, c.env.names(), c.env.fns.lookup(e.name.text) !== undefined));
  }
  switch (b.kind) {
    case 'broken':
      return undefined;
    case 'scalar':
      return value(b.expr);
    case 'axes':
      return b.axes.length === 1 ? value(variable(b.axes[0]!)) : report(c, severalAxes(e.name, b.axes));
    case 'lazy':
      return b.lazy.value();
    case 'indexed':
      return readOf(b.indexed, [], e.span, c);
  }
}

function unary(e: Of<'unary'>, c: Context): Value | undefined {
  const v = c.elaborate(e.arg, c);
  if (!v) return undefined;
  const { type } = v.expr;
  if (e.op === '!') {
    if (type !== 'bool') return report(c, expectedBool('the operand of `!`', type, e.arg.span));
    return value(op('not', v.expr));
  }
  if (e.op === '~') {
    if (type !== 'i32' && type !== 'u32') return report(c, expectedInteger('`~`', type, e.arg.span));
    return apply('bitnot', [v.expr], v.literal);
  }
  if (type === 'bool') return report(c, expectedNumber('`-`', type, e.arg.span));
  if (!v.literal || v.expr.kind !== 'const') return apply('neg', [v.expr]);
  const negative = 0 - v.expr.value;
  // A literal beyond i32 may still be the magnitude of the least i32.
  if (negative < -2147483648) return report(c, literalRange(`-${v.expr.value}`, e.span));
  return { expr: constant('i32', negative), literal: true };
}

const ARITHMETIC: Readonly<Partial<Record<BinaryOperator, OpName>>> = { '+': 'add', '-': 'sub', '*': 'mul' };
const COMPARE: Readonly<Partial<Record<BinaryOperator, OpName>>> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};
const BITS: Readonly<Partial<Record<BinaryOperator, OpName>>> = {
  '&': 'bitand',
  '|': 'bitor',
  '^': 'bitxor',
};

function binary(e: Of<'binary'>, c: Context): Value | undefined {
  const left = c.elaborate(e.left, c);
  const right = c.elaborate(e.right, c);
  if (!left || !right) return undefined;
  if (e.op === '&&' || e.op === '||') return logic(e, left, right, c);
  if (e.op === '<<' || e.op === '>>') return shift(e, left, right, c);
  const literal = left.literal && right.literal;
  const bits = BITS[e.op];
  const compare = COMPARE[e.op];
  if (bits || e.op === '%') {
    for (const [v, side] of [
      [left, e.left],
      [right, e.right],
    ] as const)
      if (v.expr.type === 'bool' || v.expr.type === 'f32')
        return report(c, expectedInteger(`\`${e.op}\``, v.expr.type, side.span));
  }
  if (e.op === '**') return power(e, left, right, c);
  const equality = e.op === '==' || e.op === '!=';
  const args = joined(e, [left, right], equality ? 'bool' : 'i32', `\`${e.op}\``, c);
  if (!args) return undefined;
  if (compare) return value(op(compare, ...args));
  if (bits) return apply(bits, args, literal);
  if (e.op === '%') return apply('mod', args, literal);
  if (e.op === '/') return divide(e, args, literal, c);
  const result = apply(ARITHMETIC[e.op]!, args, literal);
  if (literal && result.expr.type === 'i32' && !result.literal)
    return report(c, literalRange(`the result of \`${e.op}\``, e.span));
  return result;
}

/** Brings values to their common type, or reports that there is none. */
function joined(
  e: SurfaceExpr,
  values: readonly Value[],
  floor: 'bool' | 'i32',
  what: string,
  c: Context,
): Expr[] | undefined {
  const type = commonType(values, floor);
  if (!type)
    return report(
      c,
      mixedTypes(
        what,
        values.map((v) => v.expr.type),
        e.span,
      ),
    );
  return values.map((v) => promote(v, type)!);
}

function logic(e: Of<'binary'>, left: Value, right: Value, c: Context): Value | undefined {
  for (const [v, side] of [
    [left, e.left],
    [right, e.right],
  ] as const)
    if (v.expr.type !== 'bool')
      return report(c, expectedBool(`an operand of \`${e.op}\``, v.expr.type, side.span));
  return value(op(e.op === '&&' ? 'and' : 'or', left.expr, right.expr));
}

function shift(e: Of<'binary'>, left: Value, right: Value, c: Context): Value | undefined {
  for (const [v, side] of [
    [left, e.left],
    [right, e.right],
  ] as const)
    if (v.expr.type === 'bool' || v.expr.type === 'f32')
      return report(c, expectedInteger(`\`${e.op}\``, v.expr.type, side.span));
  const { type } = left.expr;
  const count: Expr = promote(right, type) ?? { kind: 'op', type, op: 'cast', args: [right.expr] };
  return apply(e.op === '<<' ? 'shl' : 'shr', [left.expr, count], left.literal && right.literal);
}

function power(e: Of<'binary'>, left: Value, right: Value, c: Context): Value | undefined {
  const args = [left, right].map((v) => promote(v, 'f32'));
  const wrong = args.findIndex((a) => !a);
  if (wrong >= 0) return report(c, mixedTypes('`**`', [[left, right][wrong]!.expr.type, 'f32'], e.span));
  return apply('pow', args as Expr[]);
}

function divide(e: Of<'binary'>, args: readonly Expr[], literal: boolean, c: Context): Value {
  const [a, b] = [args[0]!, args[1]!];
  if (a.type === 'f32') return apply('div', args);
  const v = apply('idiv', args, literal);
  if (
    literal &&
    a.kind === 'const' &&
    b.kind === 'const' &&
    v.expr.kind === 'const' &&
    a.value % b.value !== 0
  )
    report(c, literalDivision(`${a.value} / ${b.value}`, v.expr.value, e.span));
  return v;
}

function conditional(e: Of<'if'>, c: Context): Value | undefined {
  const cond = c.elaborate(e.cond, c);
  const a = c.elaborate(e.then, c);
  const b = c.elaborate(e.else, c);
  if (!cond || !a || !b) return undefined;
  if (cond.expr.type !== 'bool')
    return report(c, expectedBool('the condition of `if`', cond.expr.type, e.cond.span));
  const args = joined(e, [a, b], 'bool', '`if`', c);
  return args && value(op('select', cond.expr, ...args));
}
