/**
 * Products and sums of an expression, seen through pointwise definitions: what can be pulled out of a sum, and what a
 * rescaling must correct.
 */
import { f32, op, type Expr } from '../expr/expr.ts';
import type { Graph } from './graph.ts';

export interface Factor {
  readonly expr: Expr;
  /** The factor divides. */
  readonly inverse: boolean;
}
/** guards ? Π factors : 0 */
export interface Product {
  readonly factors: readonly Factor[];
  readonly guards: readonly Expr[];
}

const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;
const TRANSPARENT = new Set(['mul', 'div', 'neg', 'select', 'exp', 'exp2', 'add', 'sub']);

/** Value of a pointwise definition that is read, when looking inside can help. */
function open(g: Graph, e: Expr): Expr {
  if (e.kind !== 'read' || !g.isDef(e.name)) return e;
  const value = g.def(e.name).value;
  if (value.kind === 'read') return open(g, value);
  return value.kind === 'op' && TRANSPARENT.has(value.op) ? value : e;
}

export function product(g: Graph, e: Expr): Product {
  const factors: Factor[] = [];
  const guards: Expr[] = [];
  const go = (original: Expr, inverse: boolean): void => {
    const x = open(g, original);
    if (x.kind === 'op' && x.op === 'mul') return (go(x.args[0]!, inverse), go(x.args[1]!, inverse));
    if (x.kind === 'op' && x.type === 'f32') {
      const [a, b, c] = x.args;
      if (x.op === 'div') return (go(a!, inverse), go(b!, !inverse));
      if (x.op === 'neg') return (factors.push({ expr: f32(-1), inverse: false }), go(a!, inverse));
      if (x.op === 'select' && !inverse && isZero(c!)) return (guards.push(a!), go(b!, false));
      if (x.op === 'select' && !inverse && isZero(b!)) return (guards.push(op('not', a!)), go(c!, false));
      if (x.op === 'exp' || x.op === 'exp2') return void factors.push({ expr: x, inverse });
    }
    if (x.kind === 'const' && x.value === 1) return;
    factors.push({ expr: original, inverse });
  };
  go(e, false);
  return { factors, guards };
}

export function fromProduct(p: Product): Expr {
  const times = p.factors.filter((f) => !f.inverse).map((f) => f.expr);
  const over = p.factors.filter((f) => f.inverse).map((f) => f.expr);
  const mul = (xs: readonly Expr[]): Expr | undefined =>
    xs.length === 0 ? undefined : xs.map(toFloat).reduce((a, b) => op('mul', a, b));
  const top = mul(times) ?? f32(1);
  const bottom = mul(over);
  const value = bottom ? op('div', top, bottom) : top;
  if (p.guards.length === 0) return value;
  return op(
    'select',
    p.guards.reduce((a, b) => op('and', a, b)),
    value,
    f32(0),
  );
}

export const toFloat = (e: Expr): Expr =>
  e.type === 'f32' ? e : { kind: 'op', type: 'f32', op: 'cast', args: [e] };

export interface Split {
  /** Terms for which the predicate holds, and the others; absent when there are none. */
  readonly inside?: Expr;
  readonly outside?: Expr;
}

/**
 * Splits an additive expression into terms inside and outside, where `classify` says of an expression whether it is
 * wholly 'inside', wholly 'outside', or 'mixed'. Scaling by an outside factor distributes. Undefined: a mixed term remains.
 */
export function splitSum(
  g: Graph,
  e: Expr,
  classify: (e: Expr) => 'inside' | 'outside' | 'mixed',
  scalable: (factor: Expr) => boolean,
): Split | undefined {
  const inside: Expr[] = [];
  const outside: Expr[] = [];
  const go = (original: Expr, scale: (x: Expr) => Expr): boolean => {
    const kind = classify(original);
    if (kind !== 'mixed') {
      (kind === 'inside' ? inside : outside).push(scale(original));
      return true;
    }
    const x = open(g, original);
    if (x.kind !== 'op') return false;
    const [a, b] = x.args;
    if (x.op === 'add') return go(a!, scale) && go(b!, scale);
    if (x.op === 'sub') return go(a!, scale) && go(b!, (y) => scale(op('neg', y)));
    if (x.op === 'neg') return go(a!, (y) => scale(op('neg', y)));
    if (x.op === 'mul' && scalable(b!)) return go(a!, (y) => scale(op('mul', y, b!)));
    if (x.op === 'mul' && scalable(a!)) return go(b!, (y) => scale(op('mul', a!, y)));
    if (x.op === 'div' && scalable(b!)) return go(a!, (y) => scale(op('div', y, b!)));
    return false;
  };
  if (!go(e, (x) => x)) return undefined;
  const add = (xs: Expr[]): Expr | undefined => (xs.length ? xs.reduce((x, y) => addTerm(x, y)) : undefined);
  const i = add(inside);
  const o = add(outside);
  return { ...(i ? { inside: i } : {}), ...(o ? { outside: o } : {}) };
}

function addTerm(x: Expr, y: Expr): Expr {
  if (y.kind === 'op' && y.op === 'neg') return op('sub', x, y.args[0]!);
  return op('add', x, y);
}

/** Terms of a sum of products, distributing products over sums where `split` asks for it; bounded by `limit` terms. */
export function expandTerms(g: Graph, e: Expr, split: (e: Expr) => boolean, limit = 8): Expr[] | undefined {
  const p = product(g, e);
  const n = p.factors.findIndex((f) => !f.inverse && isSum(open(g, f.expr)) && split(f.expr));
  if (n < 0) return [e];
  const sum = open(g, p.factors[n]!.expr);
  if (sum.kind !== 'op') return undefined;
  const [a, b] = sum.args;
  const rest = p.factors.filter((_, m) => m !== n);
  const right = sum.op === 'sub' ? op('neg', b!) : b!;
  const out: Expr[] = [];
  for (const x of [a!, right]) {
    const terms = expandTerms(
      g,
      fromProduct({ factors: [...rest, { expr: x, inverse: false }], guards: p.guards }),
      split,
      limit,
    );
    if (!terms) return undefined;
    out.push(...terms);
  }
  return out.length <= limit ? out : undefined;
}

const isSum = (e: Expr): boolean => e.kind === 'op' && e.type === 'f32' && (e.op === 'add' || e.op === 'sub');
