/** Calls: reductions, functions of the language, casts, and functions written in it, which are expanded. */
import { constant, f32, hasReduction, op, visit, type Expr } from '../expr/expr.ts';
import type { FnDecl, LetStmt, Name, SurfaceExpr } from '../syntax/ast.ts';
import { freeAxes, resolveDerived } from './axes.ts';
import {
  CALLABLE_NAMES,
  castOf,
  isReduction,
  isSpecial,
  scalarFunction,
  type ScalarFunction,
} from './builtins.ts';
import { axesNamed, report, type Binding, type Context, type Env, type Lazy } from './context.ts';
import { readOf } from './elaborate-index.ts';
import { boundAxes, elaborateReduce } from './elaborate-reduce.ts';
import type { ModelFn } from './model.ts';
import { argumentCount, notAnAxis, rangeOnFunction, wrongArguments, wrongAxes } from './rules/calls.ts';
import { missingIndices } from './rules/index-set.ts';
import { callsTooDeep, tooManyCalls } from './rules/limits.ts';
import { expectedBool, expectedNumber, mixedTypes } from './rules/types.ts';
import { unknownFunction } from './rules/unknown-name.ts';
import { apply, cast, commonType, promote, value, type Value } from './typing.ts';
import { countUses } from './uses.ts';

type CallExpr = Extract<SurfaceExpr, { kind: 'call' }>;
const MAX_CALLS = 64;

export function elaborateCall(e: CallExpr, c: Context): Value | undefined {
  const { text } = e.callee;
  const fn = c.env.fns.lookup(text);
  if (fn) {
    c.env.refer?.(e.callee, fn);
    return expand(fn, e, c);
  }
  const hasAxes = e.axes !== undefined && e.axes.length > 0;
  if (isReduction(text) && (hasAxes || !isSpecial(text))) {
    c.env.refer?.(e.callee, undefined);
    return elaborateReduce(text, e, c);
  }
  const scalar = scalarFunction(text);
  const conversion = castOf(text);
  if (!scalar && !conversion && !isSpecial(text)) {
    if (c.stack.length > 0) return undefined;
    const known = [...c.env.fns.names(), ...CALLABLE_NAMES];
    return report(c, unknownFunction(e.callee, known, c.env.lookup(e.callee) !== undefined));
  }
  c.env.refer?.(e.callee, undefined);
  if (hasAxes) return report(c, wrongAxes(e.callee, e.axes!.length, [], e.span));
  if (text === 'extent') return extent(e, c);
  const args = e.args.map((a) => c.elaborate(a, c));
  if (!args.every((a) => a !== undefined)) return undefined;
  if (scalar) return scalarCall(scalar, e, args, c);
  if (conversion) {
    if (args.length !== 1) return report(c, wrongArguments(e.callee, args.length, argumentCount(1), e.span));
    const converted = cast(args[0]!, conversion.to);
    return value(conversion.round ? op(conversion.round, converted) : converted);
  }
  if (text === 'rand') return random(e, args, c);
  return text === 'select' ? select(e, args, c) : extreme(e, args, c);
}

function scalarCall(f: ScalarFunction, e: CallExpr, args: readonly Value[], c: Context): Value | undefined {
  if (args.length !== f.arity)
    return report(c, wrongArguments(e.callee, args.length, argumentCount(f.arity), e.span));
  const what = `\`${e.callee.text}\``;
  if (f.operands === 'number') {
    if (args[0]!.expr.type === 'bool') return report(c, expectedNumber(what, 'bool', e.args[0]!.span));
    return apply(
      f.op,
      args.map((a) => a.expr),
    );
  }
  const operands: Expr[] = [];
  for (const [n, a] of args.entries()) {
    const x = promote(a, 'f32');
    if (!x) return report(c, mixedTypes(what, [a.expr.type, 'f32'], e.args[n]!.span));
    operands.push(x);
  }
  return value(op(f.op, ...operands));
}

function select(e: CallExpr, args: readonly Value[], c: Context): Value | undefined {
  if (args.length !== 3) return report(c, wrongArguments(e.callee, args.length, argumentCount(3), e.span));
  const [cond, a, b] = [args[0]!, args[1]!, args[2]!];
  if (cond.expr.type !== 'bool')
    return report(c, expectedBool('the condition of `select`', cond.expr.type, e.args[0]!.span));
  const type = commonType([a, b]);
  if (!type) return report(c, mixedTypes('`select`', [a.expr.type, b.expr.type], e.span));
  return value(op('select', cond.expr, promote(a, type)!, promote(b, type)!));
}

const COUNTERS = 4;

/** A multiple of 2^-24 that is below 1, so that f32 holds it exactly. */
function random(e: CallExpr, args: readonly Value[], c: Context): Value | undefined {
  if (args.length < 2 || args.length > 1 + COUNTERS)
    return report(c, wrongArguments(e.callee, args.length, `a seed and one to ${COUNTERS} counters`, e.span));
  const words: Expr[] = [];
  for (const [n, a] of args.entries()) {
    if (a.expr.type !== 'i32' && a.expr.type !== 'u32')
      return report(c, mixedTypes('`rand`', [a.expr.type, 'i32'], e.args[n]!.span));
    words.push(cast(a, 'u32'));
  }
  while (words.length < 1 + COUNTERS) words.push(constant('u32', 0));
  const top = op('shr', op('philox', ...words), constant('u32', 8));
  return value(op('mul', cast(value(top), 'f32'), f32(2 ** -24)));
}

/** `min` and `max` of two or more arguments. */
function extreme(e: CallExpr, args: readonly Value[], c: Context): Value | undefined {
  if (args.length < 2) {
    const d = wrongArguments(e.callee, args.length, 'two or more arguments', e.span);
    const axis = c.kernel.axes.all().at(-1)?.name ?? 'j';
    return report(c, { ...d, hint: `to reduce over an axis write \`${e.callee.text}[${axis}](…)\`` });
  }
  const type = commonType(args, 'i32');
  if (!type)
    return report(
      c,
      mixedTypes(
        `\`${e.callee.text}\``,
        args.map((a) => a.expr.type),
        e.span,
      ),
    );
  const name = e.callee.text === 'min' ? 'min' : 'max';
  return args
    .map((a): Value => ({ expr: promote(a, type)!, literal: a.literal }))
    .reduce((a, b) => apply(name, [a.expr, b.expr], a.literal && b.literal));
}

function extent(e: CallExpr, c: Context): Value | undefined {
  const arg = e.args[0];
  if (e.args.length !== 1)
    return report(c, wrongArguments(e.callee, e.args.length, argumentCount(1), e.span));
  const known = c.kernel.axes.all().map((a) => a.name);
  const name: Name = arg?.kind === 'name' ? arg.name : { text: '…', span: arg!.span };
  const axes = arg?.kind === 'name' ? axesNamed(name, c) : 'other';
  if (axes === 'broken') return undefined;
  if (typeof axes === 'string') return report(c, notAnAxis(name, known, axes === 'other'));
  return value(axes.map((a) => c.kernel.axes.get(a)!.extent).reduce((a, b) => op('mul', a, b)));
}

/** Axis parameters of the function to the call's axes; the only parameter may receive several. */
function bindAxes(fn: FnDecl, e: CallExpr, c: Context): Map<string, readonly string[]> | undefined {
  const given: (readonly string[])[] = [];
  for (const b of e.axes ?? []) {
    if (b.from || b.to) return report(c, rangeOnFunction(e.callee, b.span));
    const axes = boundAxes(b.name, c);
    if (!axes) return undefined;
    given.push(axes);
  }
  const params = fn.axes.map((a) => a.text);
  const one = params.length === 1 && given.length > 0;
  if (!one && given.length !== params.length)
    return report(c, wrongAxes(e.callee, given.length, params, e.span));
  return new Map(params.map((p, n) => [p, one ? given.flat() : given[n]!]));
}

/** An argument, elaborated in the caller's scope. One with a reduction that is used twice becomes a definition. */
function argument(e: SurfaceExpr, name: string, uses: number, c: Context): Lazy {
  const target = e.kind === 'name' ? c.env.lookup(e.name) : undefined;
  let ready: { readonly value: Value | undefined } | undefined;
  const make = (): Value | undefined => {
    const v = c.elaborate(e, c);
    if (!v || uses < 2 || !hasReduction(v.expr)) return v;
    return shared(`${c.owner}.${name}`, v.expr, e, c);
  };
  return {
    value: () => (ready ??= { value: make() }).value,
    indexed: () =>
      target?.kind === 'indexed'
        ? target.indexed
        : target?.kind === 'lazy'
          ? target.lazy.indexed()
          : undefined,
  };
}

/** Makes a definition of an expression and returns its read; derived axes are put in where they can be. */
function shared(name: string, e: Expr, source: SurfaceExpr, c: Context): Value | undefined {
  const table = c.kernel.axes;
  const keep = new Set([...c.indices, ...c.bound]);
  const expr = resolveDerived(e, new Set([...keep, ...freeAxes(e, table)]), keep, table);
  const indices = freeAxes(expr, table);
  const def = c.kernel.addDef(name, { indices, type: expr.type, value: expr, span: source.span });
  return readOf(def, [], source.span, c);
}

const INLINE_NODES = 24;

/** Names for single reads and for index arithmetic stay transparent, so that analysis of bounds sees through them. */
function isInlined(e: Expr): boolean {
  if (e.kind === 'read') return true;
  if (e.type === 'f32') return e.kind !== 'op' && e.kind !== 'reduce';
  let nodes = 0;
  let plain = true;
  visit(e, (x) => {
    nodes++;
    if (x.kind === 'read' || x.kind === 'reduce' || x.type === 'f32') plain = false;
  });
  return plain && nodes <= INLINE_NODES;
}

function letLazy(s: LetStmt, c: Context): Lazy {
  const v = c.elaborate(s.value, c);
  if (!v) return { value: () => undefined, indexed: () => undefined };
  const declared = s.indices?.flatMap((n) => boundAxes(n, c) ?? []);
  if (!declared && isInlined(v.expr)) return { value: () => v, indexed: () => undefined };
  const table = c.kernel.axes;
  const keep = new Set([...c.indices, ...c.bound]);
  const scope = new Set([...keep, ...freeAxes(v.expr, table)]);
  const expr = declared
    ? resolveDerived(v.expr, new Set(declared), new Set(declared), table)
    : resolveDerived(v.expr, scope, keep, table);
  const free = freeAxes(expr, table);
  const missing = declared ? free.filter((a) => !declared.includes(a)) : [];
  if (missing.length > 0) {
    report(c, missingIndices(s.name.text, missing, declared!, s.span, 'definition'));
    return { value: () => undefined, indexed: () => undefined };
  }
  const indices = declared ?? free;
  const def = c.kernel.addDef(`${c.owner}.${s.name.text}`, {
    indices,
    type: expr.type,
    value: expr,
    span: s.span,
  });
  return { value: () => readOf(def, [], s.span, c), indexed: () => def };
}

class FnEnv implements Env {
  private readonly bindings = new Map<string, Binding>();

  constructor(readonly fns: Env['fns']) {}

  bind(name: string, b: Binding): void {
    this.bindings.set(name, b);
  }
  /** Unknown names of functions are reported once, where the function is declared. */
  lookup(name: Name): Binding | undefined {
    return this.bindings.get(name.text);
  }
  names(): Iterable<string> {
    return this.bindings.keys();
  }
}

/** Expands a call: parameters stand for the arguments, `let`s become definitions with names of the caller's. */
function expand(fn: ModelFn, e: CallExpr, c: Context): Value | undefined {
  const { decl } = fn;
  if (c.stack.includes(fn)) return undefined;
  if (c.stack.length >= MAX_CALLS) return report(c, callsTooDeep(e.span));
  if (!c.kernel.spend()) {
    c.kernel.report(tooManyCalls(c.call ?? e.span));
    return undefined;
  }
  if (e.args.length !== decl.params.length) {
    const shape = `${argumentCount(decl.params.length)} (${decl.params.map((p) => p.text).join(', ')})`;
    return report(c, wrongArguments(e.callee, e.args.length, shape, e.span));
  }
  const axes = bindAxes(decl, e, c);
  if (!axes) return undefined;
  const env = new FnEnv(fn.scope);
  for (const [name, list] of axes) env.bind(name, { kind: 'axes', axes: list });
  decl.params.forEach((p, n) => {
    const uses = countUses(decl, p.text);
    env.bind(p.text, { kind: 'lazy', lazy: argument(e.args[n]!, p.text, uses, c) });
  });
  const inner: Context = { ...c, env, stack: [...c.stack, fn], call: c.call ?? e.span };
  for (const s of decl.lets) env.bind(s.name.text, { kind: 'lazy', lazy: letLazy(s, inner) });
  return c.elaborate(decl.result, inner);
}
