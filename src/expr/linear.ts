/**
 * Sums of whole multiples: what integer expressions are to the interval analysis, which computes as if integers had no end.
 *
 * `linear` brings an i32 expression into the form Σ by·atom + constant, where an atom is a variable or anything that is no
 * sum; the operations below build expressions in that form, so that equal things meet and cancel. None of this holds for
 * integers that wrap: `fits` says when it does.
 */
import { i32, key, op, type ConstExpr, type Expr, type OpExpr } from './expr.ts';

export interface Term {
  readonly atom: Expr;
  readonly by: number;
}
export interface Linear {
  /** By the atom's key, none of them zero. */
  readonly terms: ReadonlyMap<string, Term>;
  readonly constant: number;
}

const LIMIT = 2 ** 31;
const known = new WeakMap<Expr, Linear>();

const atomic = (atom: Expr): Linear => ({ terms: new Map([[key(atom), { atom, by: 1 }]]), constant: 0 });
export const fixedNumber = (constant: number): Linear => ({ terms: new Map(), constant });

/** x + by · y. */
export function combine(x: Linear, y: Linear, by = 1): Linear {
  const terms = new Map(x.terms);
  for (const [k, t] of y.terms) {
    const sum = (terms.get(k)?.by ?? 0) + by * t.by;
    if (sum === 0) terms.delete(k);
    else terms.set(k, { atom: t.atom, by: sum });
  }
  return { terms, constant: x.constant + by * y.constant };
}

export const scaled = (x: Linear, by: number): Linear => combine(fixedNumber(0), x, by);

const tooLarge = (x: Linear): boolean =>
  Math.abs(x.constant) >= LIMIT || [...x.terms.values()].some((t) => Math.abs(t.by) >= LIMIT);

/** The sum that an i32 expression is. */
export function linear(e: Expr): Linear {
  const before = known.get(e);
  if (before) return before;
  const made = e.kind === 'const' ? fixedNumber(e.value) : e.kind === 'op' ? sumOf(e) : atomic(e);
  // Numbers beyond 32 bits have no spelling; the expression then stands as it is, and does not fit anyway.
  const result = tooLarge(made) ? atomic(e) : made;
  known.set(e, result);
  return result;
}

function sumOf(e: OpExpr): Linear {
  const [a, b] = [e.args[0]!, e.args[1]!];
  switch (e.op) {
    case 'add':
      return combine(linear(a), linear(b));
    case 'sub':
      return combine(linear(a), linear(b), -1);
    case 'neg':
      return scaled(linear(a), -1);
    case 'mul': {
      const [x, y] = [linear(a), linear(b)];
      if (y.terms.size === 0) return scaled(x, y.constant);
      if (x.terms.size === 0) return scaled(y, x.constant);
      return scaledSum(x, y) ?? scaledSum(y, x) ?? atomic(op('mul', fromLinear(x), fromLinear(y)));
    }
    case 'idiv':
      return quotient(linear(a), linear(b));
    case 'mod':
      return remainder(linear(a), linear(b));
    case 'shl':
      return isCount(b) ? scaled(linear(a), 2 ** b.value) : atomic(e);
    case 'shr':
      return isCount(b) ? quotient(linear(a), fixedNumber(2 ** b.value)) : atomic(e);
    case 'bitand': {
      const [x, y] = [linear(a), linear(b)];
      if (isLowBits(y)) return remainder(x, fixedNumber(y.constant + 1));
      if (isLowBits(x)) return remainder(y, fixedNumber(x.constant + 1));
      return atomic(op('bitand', fromLinear(x), fromLinear(y)));
    }
    case 'min':
    case 'max':
      return extreme(e.op, linear(a), linear(b));
    case 'cast':
      return a.type === 'i32' ? linear(a) : atomic(e);
    default:
      return atomic({ ...e, args: e.args.map((x) => (x.type === 'i32' ? fromLinear(linear(x)) : x)) });
  }
}

/** (x + c) · y as x·y + c·y for a single x and a single y: what is rounded to a multiple meets what it was made from. */
function scaledSum(x: Linear, y: Linear): Linear | undefined {
  if (x.terms.size !== 1 || y.terms.size !== 1 || x.constant === 0 || y.constant !== 0) return undefined;
  const bare = fromLinear({ terms: x.terms, constant: 0 });
  return combine(atomic(op('mul', bare, fromLinear(y))), y, x.constant);
}

const isCount = (e: Expr): e is ConstExpr => e.kind === 'const' && e.value >= 0 && e.value <= 30;
const isLowBits = (x: Linear): boolean =>
  x.terms.size === 0 &&
  x.constant > 0 &&
  x.constant < LIMIT / 2 &&
  Number.isInteger(Math.log2(x.constant + 1));

/** The part of x whose multiples `m` divides, divided by it, and what is left. */
function divided(x: Linear, m: number): readonly [Linear, Linear] {
  const whole = new Map<string, Term>();
  const left = new Map<string, Term>();
  for (const [k, t] of x.terms)
    if (t.by % m === 0) whole.set(k, { atom: t.atom, by: t.by / m });
    else left.set(k, t);
  // The rest keeps a constant below the divisor, so that equal quotients have equal spellings.
  const quotient = Math.floor(x.constant / m);
  return [
    { terms: whole, constant: quotient },
    { terms: left, constant: x.constant - m * quotient },
  ];
}

function quotient(x: Linear, m: Linear): Linear {
  if (m.terms.size > 0 || m.constant <= 0) return atomic(op('idiv', fromLinear(x), fromLinear(m)));
  const by = m.constant;
  if (by === 1) return x;
  const [whole, left] = divided(x, by);
  // Splitting off a constant alone would only make the text longer.
  const [front, inner] = whole.terms.size > 0 || left.terms.size === 0 ? [whole, left] : [fixedNumber(0), x];
  if (inner.terms.size === 0) return combine(front, fixedNumber(Math.floor(inner.constant / by)));
  const [only] = inner.terms.size === 1 && inner.constant === 0 ? inner.terms.values() : [];
  if (only?.by === 1 && only.atom.kind === 'op' && only.atom.op === 'idiv') {
    const inside = only.atom.args[1]!;
    if (inside.kind === 'const' && inside.value > 0 && inside.value * by < LIMIT)
      return combine(front, atomic(op('idiv', only.atom.args[0]!, i32(inside.value * by))));
  }
  return combine(front, atomic(op('idiv', fromLinear(inner), i32(by))));
}

function remainder(x: Linear, m: Linear): Linear {
  if (m.terms.size > 0 || m.constant <= 0) return atomic(op('mod', fromLinear(x), fromLinear(m)));
  const [, left] = divided(x, m.constant);
  if (left.terms.size === 0) return left;
  return atomic(op('mod', fromLinear(left), i32(m.constant)));
}

function extreme(f: 'min' | 'max', x: Linear, y: Linear): Linear {
  const gap = combine(x, y, -1);
  if (gap.terms.size === 0) return gap.constant < 0 === (f === 'min') ? x : y;
  return atomic(op(f, fromLinear(x), fromLinear(y)));
}

const times = (t: Term): Expr => {
  const by = Math.abs(t.by);
  return by === 1 ? t.atom : op('mul', t.atom, i32(by | 0));
};

/** The expression for a sum: what is added comes first, the constant last. */
export function fromLinear(x: Linear): Expr {
  const terms = [...x.terms.values()];
  const ordered = [...terms.filter((t) => t.by > 0), ...terms.filter((t) => t.by < 0)];
  const [first, ...rest] = ordered;
  // What has no spelling in 32 bits is spelt as the number that it wraps to.
  const number = x.constant | 0;
  if (!first) return i32(number);
  const leading = first.by < 0 && number > 0;
  let sum = leading
    ? op('sub', i32(number), times(first))
    : first.by > 0
      ? times(first)
      : op('neg', times(first));
  for (const t of rest) sum = op(t.by > 0 ? 'add' : 'sub', sum, times(t));
  if (leading || number === 0) return sum;
  return number > 0 || number === -LIMIT ? op('add', sum, i32(number)) : op('sub', sum, i32(-number));
}

export const plus = (a: Expr, b: Expr): Expr => fromLinear(combine(linear(a), linear(b)));
export const minus = (a: Expr, b: Expr): Expr => fromLinear(combine(linear(a), linear(b), -1));
export const multiple = (a: Expr, by: number): Expr => fromLinear(scaled(linear(a), by));
export const product = (a: Expr, b: Expr): Expr => fromLinear(linear(op('mul', a, b)));
export const floorDiv = (a: Expr, b: Expr): Expr => fromLinear(linear(op('idiv', a, b)));
export const floorMod = (a: Expr, b: Expr): Expr => fromLinear(linear(op('mod', a, b)));
export const least = (a: Expr, b: Expr): Expr => fromLinear(linear(op('min', a, b)));
export const greatest = (a: Expr, b: Expr): Expr => fromLinear(linear(op('max', a, b)));
