/**
 * The scalar expression language, shared by every level.
 *
 *   expr   = const | var | op(expr, …) | read NAME[expr, …] | reduce OP over axes where expr : expr (at expr, …)
 *
 * `var` names an axis index, a size, a param or a scalar local. `read` is an indexed value: a tensor or a definition in
 * the semantic IR (one index per dimension), a buffer, shared or local array in the kernel IR (one flat index).
 * `reduce` occurs in the semantic IR only; `verify` of the later levels refuses it.
 * Nodes are plain readonly data. `span` points to source and never takes part in equality.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import { OPS, type OpName, type ReduceOp } from './ops.ts';
import type { ScalarType } from './types.ts';

export interface ConstExpr {
  readonly kind: 'const';
  readonly type: ScalarType;
  /** Booleans are 0 and 1. */
  readonly value: number;
  readonly span?: Span;
}
export interface VarExpr {
  readonly kind: 'var';
  readonly type: ScalarType;
  readonly name: string;
  readonly span?: Span;
}
export interface OpExpr {
  readonly kind: 'op';
  readonly type: ScalarType;
  readonly op: OpName;
  readonly args: readonly Expr[];
  readonly span?: Span;
}
export interface ReadExpr {
  readonly kind: 'read';
  readonly type: ScalarType;
  readonly name: string;
  readonly index: readonly Expr[];
  readonly span?: Span;
}
export interface ReduceExpr {
  readonly kind: 'reduce';
  readonly type: ScalarType;
  readonly op: ReduceOp;
  /** Names of the bound axes; bound inside `where` and `body`. */
  readonly axes: readonly string[];
  /** Elements for which this is false do not exist for the reduction. */
  readonly where?: Expr;
  readonly body: Expr;
  /** Of selections: what they ask about, in the scope around; no bound axis is in them. */
  readonly args?: readonly Expr[];
  readonly span?: Span;
}
export type Expr = ConstExpr | VarExpr | OpExpr | ReadExpr | ReduceExpr;

export const constant = (type: ScalarType, value: number): ConstExpr => ({ kind: 'const', type, value });
export const f32 = (value: number): ConstExpr => constant('f32', value);
export const i32 = (value: number): ConstExpr => constant('i32', value);
export const bool = (value: boolean): ConstExpr => constant('bool', value ? 1 : 0);
export const variable = (name: string, type: ScalarType = 'i32'): VarExpr => ({ kind: 'var', type, name });
export const read = (name: string, index: readonly Expr[], type: ScalarType = 'f32'): ReadExpr => ({
  kind: 'read',
  type,
  name,
  index,
});

/** A condition that is known to hold; one that is not known is neither true nor false. */
export const isTrue = (e: Expr): boolean => e.kind === 'const' && e.value !== 0;
export const isFalse = (e: Expr): boolean => e.kind === 'const' && e.value === 0;

/** Builds an operation; the result type follows from the op's row in `ops.ts`. */
export function op(name: OpName, ...args: Expr[]): OpExpr {
  return { kind: 'op', type: OPS[name].type(args.map((a) => a.type)), op: name, args };
}

/** Direct children, in evaluation order. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'const':
    case 'var':
      return [];
    case 'op':
      return e.args;
    case 'read':
      return e.index;
    case 'reduce':
      return [...(e.where ? [e.where] : []), e.body, ...(e.args ?? [])];
  }
}

/** Rebuilds a node with each direct child replaced; returns the same object when nothing changed. */
export function mapChildren(e: Expr, f: (child: Expr) => Expr): Expr {
  switch (e.kind) {
    case 'const':
    case 'var':
      return e;
    case 'op': {
      const args = e.args.map(f);
      return args.every((a, n) => a === e.args[n]) ? e : { ...e, args };
    }
    case 'read': {
      const index = e.index.map(f);
      return index.every((a, n) => a === e.index[n]) ? e : { ...e, index };
    }
    case 'reduce': {
      const where = e.where && f(e.where);
      const body = f(e.body);
      const args = e.args?.map(f);
      const same = !args || args.every((a, n) => a === e.args![n]);
      if (where === e.where && body === e.body && same) return e;
      return { ...e, ...(where ? { where } : {}), body, ...(args ? { args } : {}) };
    }
  }
}

/** Bottom-up rewrite. */
export function rewrite(e: Expr, f: (node: Expr) => Expr): Expr {
  return f(mapChildren(e, (c) => rewrite(c, f)));
}

/** Visits every node, parents first. */
export function visit(e: Expr, f: (node: Expr) => void): void {
  f(e);
  for (const c of children(e)) visit(c, f);
}

/** Names of variables that occur free (reductions bind their axes). */
export function freeVars(e: Expr, out = new Set<string>(), bound: readonly string[] = []): Set<string> {
  if (e.kind === 'var' && !bound.includes(e.name)) out.add(e.name);
  const inner = e.kind === 'reduce' ? [...bound, ...e.axes] : bound;
  for (const c of children(e)) freeVars(c, out, inner);
  return out;
}

/** Names of values and tensors that an expression reads. */
export function readNames(e: Expr, out = new Set<string>()): Set<string> {
  visit(e, (x) => {
    if (x.kind === 'read') out.add(x.name);
  });
  return out;
}

/** Reads of values and tensors, in the order in which they stand. */
export function readsOf(e: Expr): readonly ReadExpr[] {
  const out: ReadExpr[] = [];
  visit(e, (x) => {
    if (x.kind === 'read') out.push(x);
  });
  return out;
}

/** Whether a value or tensor of this name is read. */
export const mentions = (e: Expr, name: string): boolean => readNames(e).has(name);

/** Whether the expression itself reduces, however deep inside. */
export function hasReduction(e: Expr): boolean {
  return e.kind === 'reduce' || children(e).some(hasReduction);
}

/** Replaces free variables. The caller guarantees that no replacement mentions an axis bound inside `e`. */
export function substitute(e: Expr, map: ReadonlyMap<string, Expr>): Expr {
  if (e.kind === 'var') return map.get(e.name) ?? e;
  if (e.kind === 'reduce' && e.axes.some((a) => map.has(a))) {
    const inner = new Map([...map].filter(([k]) => !e.axes.includes(k)));
    return mapChildren(e, (c) => substitute(c, inner));
  }
  return mapChildren(e, (c) => substitute(c, map));
}

/** A text that is equal for structurally equal expressions; spans are ignored. */
export function key(e: Expr): string {
  switch (e.kind) {
    case 'const':
      return `${e.type}:${Object.is(e.value, -0) ? '-0' : e.value}`;
    case 'var':
      return e.name;
    case 'op':
      return `(${e.op} ${e.args.map(key).join(' ')})${e.op === 'cast' ? e.type : ''}`;
    case 'read':
      return `${e.name}[${e.index.map(key).join(' ')}]`;
    case 'reduce':
      return `{${e.op} ${e.axes.join(',')} ${e.where ? key(e.where) : ''}|${[e.body, ...(e.args ?? [])].map(key).join('|')}}`;
  }
}
