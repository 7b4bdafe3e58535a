/** Products and sums of a step's parts, seen through definitions, and the small arithmetic that puts them together. */
import { constant, freeVars, op, type Expr, type OpExpr } from '../../expr/expr.ts';
import type { Definitions } from './definitions.ts';

export const isNumber = (e: Expr, value: number): boolean => e.kind === 'const' && e.value === value;
const number = (like: Expr, value: number): Expr => constant(like.type, value);

/** a · b, with a sign in front. */
export function times(a: Expr, b: Expr): Expr {
  if (isNumber(a, 1)) return b;
  if (isNumber(b, 1)) return a;
  const [x, y] = [withoutSign(a), withoutSign(b)];
  if (x || y) return x && y ? times(x, y) : negated(times(x ?? a, y ?? b));
  return op('mul', a, b);
}

export function negated(e: Expr): Expr {
  if (e.kind === 'const') return number(e, -e.value);
  if (e.kind !== 'op') return op('neg', e);
  if (e.op === 'neg') return e.args[0]!;
  // The sign goes to the front of a product, where sums find it.
  if (e.op === 'mul' || (e.op === 'div' && e.type === 'f32'))
    return { ...e, args: [negated(e.args[0]!), e.args[1]!] };
  return op('neg', e);
}

/** −e, where e is written with a sign in front. */
export function withoutSign(e: Expr): Expr | undefined {
  if (e.kind === 'const') return e.value < 0 ? number(e, -e.value) : undefined;
  if (e.kind !== 'op') return undefined;
  if (e.op === 'neg') return e.args[0]!;
  if (e.op !== 'mul' && !(e.op === 'div' && e.type === 'f32')) return undefined;
  const first = withoutSign(e.args[0]!);
  if (!first) return undefined;
  return e.op === 'mul' ? times(first, e.args[1]!) : { ...e, args: [first, e.args[1]!] };
}

export function plus(a: Expr, b: Expr): Expr {
  if (isNumber(a, 0)) return b;
  if (isNumber(b, 0)) return a;
  const back = withoutSign(b);
  return back ? op('sub', a, back) : op('add', a, b);
}

/** The sum of summands, 0 without any. */
export const total = (all: readonly Expr[], type: Expr['type']): Expr =>
  all.length === 0 ? constant(type, 0) : all.reduce(plus);

export const product = (all: readonly Expr[], type: Expr['type']): Expr =>
  all.length === 0 ? constant(type, 1) : all.reduce(times);

/** `e` where the condition holds, else 0. */
export const guarded = (condition: Expr | undefined, e: Expr): Expr =>
  !condition || isNumber(e, 0) ? e : op('select', condition, e, number(e, 0));

const isZero = (e: Expr): boolean => isNumber(e, 0);
/** Operations of which a product is made; a definition whose value is none of them is one factor. */
const isProduct = (e: Expr): e is OpExpr =>
  e.kind === 'op' &&
  (e.op === 'mul' ||
    e.op === 'neg' ||
    (e.op === 'div' && e.type === 'f32') ||
    (e.op === 'select' && e.type !== 'bool' && (isZero(e.args[1]!) || isZero(e.args[2]!))));

/** The factors of a product, in order; a divisor is 1 / x, a condition for anything but 0 is a factor of 1 or 0. */
export function factors(definitions: Definitions, e: Expr): readonly Expr[] {
  const seen = definitions.resolved(e);
  // What is kept in memory is read from there.
  const stored = seen.kind === 'read' && definitions.get(seen.name)?.stored === true;
  const value = seen.kind === 'read' && !stored ? definitions.inlined(seen) : seen;
  if (!value || !isProduct(value)) return isNumber(e, 1) ? [] : [e];
  const [a, b, c] = value.args as [Expr, Expr, Expr];
  const of = (x: Expr): readonly Expr[] => factors(definitions, x);
  if (value.op === 'mul') return [...of(a), ...of(b)];
  if (value.op === 'neg') return signed(of(a), value);
  if (value.op === 'div') return [...of(a), op('div', number(value, 1), b)];
  const guard = (condition: Expr): Expr => op('select', condition, number(value, 1), number(value, 0));
  return isZero(c)
    ? [guard(a), ...guardedFactors(of(b), a)]
    : [guard(op('not', a)), ...guardedFactors(of(c), op('not', a))];
}

/** Factors that would read what only exists where the condition holds stay behind it. */
function guardedFactors(all: readonly Expr[], condition: Expr): readonly Expr[] {
  return all.map((x) => (readsAnywhere(x) ? guarded(condition, x) : x));
}

const signed = (all: readonly Expr[], like: Expr): readonly Expr[] =>
  all.length === 0 ? [number(like, -1)] : [negated(all[0]!), ...all.slice(1)];

/** The expression reads something at an index that is no plain variable: it may not exist everywhere. */
export function readsAnywhere(e: Expr): boolean {
  if (e.kind === 'read') return e.index.some((x) => x.kind !== 'var');
  if (e.kind === 'op') return e.args.some(readsAnywhere);
  return e.kind === 'reduce' && (readsAnywhere(e.body) || (e.where !== undefined && readsAnywhere(e.where)));
}

export interface Split {
  readonly moving: readonly Expr[];
  readonly still: readonly Expr[];
}

/** The factors in which one of the axes occurs, and those that can leave a sum over these axes. */
export function split(definitions: Definitions, e: Expr, axes: readonly string[]): Split {
  const has = (x: Expr): boolean => axes.some((a) => freeVars(x).has(a));
  if (!has(e)) return { moving: [], still: isNumber(e, 1) ? [] : [e] };
  const all = factors(definitions, e);
  // Where nothing can leave, the product stays as it was written.
  return all.every(has)
    ? { moving: [e], still: [] }
    : { moving: all.filter(has), still: all.filter((x) => !has(x)) };
}
