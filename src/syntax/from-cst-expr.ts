/** Expressions of the concrete tree to surface expressions: precedence, calls and indices. */
import type { IToken } from 'chevrotain';
import type {
  BracketArgCstNode,
  ExpressionCstNode,
  ExpressionListCstNode,
  IfExpressionCstNode,
  OperandCstNode,
  SuffixCstNode,
} from '../../grammar/cst.ts';
import { CompilerBug, type Span } from '../diagnostics/diagnostic.ts';
import type { AxisBinding, BinaryOperator, IndexArg, SurfaceExpr, UnaryOperator } from './ast.ts';
import { type Builder, joinSpans } from './builder.ts';
import { numberExpr } from './numbers.ts';
import {
  binaryLevel,
  COMPARISON_LEVEL,
  isBinaryOperator,
  isUnaryOperator,
  POWER_LEVEL,
  PREFIX_LEVEL,
} from './precedence.ts';
import { walkExpr } from './walk.ts';

/** Later stages recurse over expressions: this depth is safe for each of them. */
export const MAX_EXPRESSION_DEPTH = 500;

/** An outermost expression; `at` places the error node that stands for an absent one. */
export function buildExpression(b: Builder, node: ExpressionCstNode | undefined, at: number): SurfaceExpr {
  if (!node) return { kind: 'error', span: b.span(at, at) };
  const result = expression(b, node);
  let tooDeep: Span | undefined;
  walkExpr(result, (e, depth) => {
    if (depth > MAX_EXPRESSION_DEPTH) tooDeep ??= e.span;
    return tooDeep === undefined;
  });
  if (!tooDeep) return result;
  const hint = 'give parts of it a name with `let`';
  b.error('E0105', `this expression is more than ${MAX_EXPRESSION_DEPTH} operations deep`, tooDeep, hint);
  return { kind: 'error', span: result.span };
}

export function buildExpressions(b: Builder, node: ExpressionListCstNode | undefined): SurfaceExpr[] {
  return (node?.children.expression ?? []).map((e) => buildExpression(b, e, 0));
}

type Pending =
  | { readonly kind: 'prefix'; readonly op: UnaryOperator; readonly level: number; readonly token: IToken }
  | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly level: number; readonly token: IToken };

/** Operator precedence with two explicit stacks, so that a long chain does not use up ours. */
function expression(b: Builder, node: ExpressionCstNode): SurfaceExpr {
  const values: SurfaceExpr[] = [];
  const pending: Pending[] = [];
  const reduce = (): void => {
    const top = pending.pop()!;
    const right = values.pop()!;
    if (top.kind === 'prefix') {
      values.push({
        kind: 'unary',
        op: top.op,
        arg: right,
        span: joinSpans(b.tokenSpan(top.token), right.span),
      });
      return;
    }
    const left = values.pop()!;
    values.push({ kind: 'binary', op: top.op, left, right, span: joinSpans(left.span, right.span) });
  };
  const operators = node.children.BinaryOperator ?? [];
  for (const [n, part] of (node.children.operand ?? []).entries()) {
    const token = operators[n - 1];
    if (token) {
      const op = token.image;
      if (!isBinaryOperator(op)) throw new CompilerBug('syntax', `no binary operator ${op}`);
      const level = binaryLevel(op);
      for (let top = pending.at(-1); top; top = pending.at(-1)) {
        if (top.level < level || (top.level === level && level === POWER_LEVEL)) break;
        if (top.level === level && level === COMPARISON_LEVEL) chained(b, token);
        reduce();
      }
      pending.push({ kind: 'binary', op, level, token });
    }
    for (const prefix of part.children.PrefixOperator ?? []) {
      if (!isUnaryOperator(prefix.image))
        throw new CompilerBug('syntax', `no prefix operator ${prefix.image}`);
      pending.push({ kind: 'prefix', op: prefix.image, level: PREFIX_LEVEL, token: prefix });
    }
    values.push(operand(b, part));
  }
  while (pending.length > 0 && values.length > 0) reduce();
  return values[0] ?? { kind: 'error', span: b.nodeSpan(node) };
}

function chained(b: Builder, token: IToken): void {
  const hint = 'write both comparisons and join them: `a < b && b < c`';
  b.error('E0110', 'comparisons do not chain', b.tokenSpan(token), hint);
}

function operand(b: Builder, node: OperandCstNode): SurfaceExpr {
  let value = atom(b, node);
  const suffixes = node.children.suffix ?? [];
  for (let n = 0; n < suffixes.length; n++) {
    const first = suffixes[n]!;
    const second = suffixes[n + 1];
    if (first.children.LParen) value = call(b, value, undefined, first);
    else if (second?.children.LParen) {
      value = call(b, value, first, second);
      n++;
    } else value = index(b, value, first);
  }
  return value;
}

function atom(b: Builder, node: OperandCstNode): SurfaceExpr {
  const c = node.children;
  const literal = c.IntLiteral?.[0] ?? c.FloatLiteral?.[0];
  if (literal) return numberExpr(b, literal, c.IntLiteral !== undefined);
  const truth = c.Boolean?.[0];
  if (truth) return { kind: 'bool', value: truth.image === 'true', span: b.tokenSpan(truth) };
  const name = c.Identifier?.[0];
  if (name) return { kind: 'name', name: b.name(name), span: b.tokenSpan(name) };
  if (c.ifExpression?.[0]) return ifExpression(b, c.ifExpression[0]);
  const open = c.LParen?.[0];
  const inner = c.expression?.[0];
  if (open && inner) {
    const value = expression(b, inner);
    const start = b.tokenSpan(open);
    const close = c.RParen?.[0];
    const end = close ? b.tokenSpan(close, value.span.end) : value.span;
    return { kind: 'paren', inner: value, span: joinSpans(start, end) };
  }
  return { kind: 'error', span: b.nodeSpan(node) };
}

function ifExpression(b: Builder, node: IfExpressionCstNode): SurfaceExpr {
  const span = b.nodeSpan(node);
  const [cond, then, otherwise] = (node.children.expression ?? []).map((e) => expression(b, e));
  const missing: SurfaceExpr = { kind: 'error', span: b.span(span.end, span.end) };
  return { kind: 'if', cond: cond ?? missing, then: then ?? missing, else: otherwise ?? missing, span };
}

function call(
  b: Builder,
  callee: SurfaceExpr,
  axes: SuffixCstNode | undefined,
  args: SuffixCstNode,
): SurfaceExpr {
  const span = joinSpans(callee.span, b.nodeSpan(args, callee.span.end));
  const list = args.children.expressionList?.[0];
  const values = (list?.children.expression ?? []).map((e) => expression(b, e));
  if (callee.kind !== 'name') {
    b.error(
      'E0111',
      'only a name can be called',
      callee.span,
      'to multiply, write `*` before the parenthesis',
    );
    return { kind: 'error', span };
  }
  const bound = axes && bindings(b, axes);
  return { kind: 'call', callee: callee.name, ...(bound ? { axes: bound } : {}), args: values, span };
}

function bindings(b: Builder, node: SuffixCstNode): AxisBinding[] {
  const args = node.children.bracketArg ?? [];
  if (args.length === 0)
    b.error('E0109', 'these brackets name no axis', b.nodeSpan(node), 'remove them, or name one');
  return args.flatMap((arg) => {
    const [first, from, to] = (arg.children.expression ?? []).map((e) => expression(b, e));
    const span = b.nodeSpan(arg);
    if (first?.kind !== 'name' || arg.children.Equal) {
      const hint = 'brackets before parentheses bind axes: `sum[j](…)` or `sum[j in 0..n](…)`';
      b.error(
        'E0109',
        'expected the name of an axis',
        first?.kind === 'name' ? span : (first?.span ?? span),
        hint,
      );
      return [];
    }
    return [{ name: first.name, ...(from ? { from } : {}), ...(to ? { to } : {}), span }];
  });
}

function index(b: Builder, target: SurfaceExpr, node: SuffixCstNode): SurfaceExpr {
  const span = joinSpans(target.span, b.nodeSpan(node, target.span.end));
  const args = (node.children.bracketArg ?? []).map((arg) => indexArg(b, arg));
  if (args.length === 0) {
    // Nothing is said about a bracket that recovery closed: its own error is known.
    const closed = Number.isFinite(node.children.RSquare?.[0]?.startOffset ?? NaN);
    if (closed) b.error('E0109', 'an index is missing between these brackets', b.nodeSpan(node));
    return { kind: 'error', span };
  }
  return { kind: 'index', target, args, span };
}

function indexArg(b: Builder, node: BracketArgCstNode): IndexArg {
  const [first, second] = (node.children.expression ?? []).map((e) => expression(b, e));
  const missing: SurfaceExpr = { kind: 'error', span: b.nodeSpan(node) };
  if (node.children.In) {
    const hint =
      'a range belongs to a reduction, whose body follows in parentheses on the same line: `sum[j in 0..n](x)`';
    b.error('E0109', 'a range cannot be an index', b.nodeSpan(node), hint);
    return { value: missing };
  }
  if (!node.children.Equal) return { value: first ?? missing };
  if (first?.kind === 'name') return { axis: first.name, value: second ?? missing };
  b.error(
    'E0109',
    'expected the name of an axis before `=`',
    first?.span ?? b.nodeSpan(node),
    'to compare, write `==`',
  );
  return { value: missing };
}
