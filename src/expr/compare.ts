/**
 * Comparisons of whole numbers without end, and conditions made of them, in the shortest form: each side holds what is
 * added, what cancels is gone, and what another part of a condition says already is said once.
 */
import { bool, i32, key, op, type Expr } from './expr.ts';
import { combine, fixedNumber, fromLinear, linear, type Linear, type Term } from './linear.ts';
import type { OpName } from './ops.ts';

const LIMIT = 2 ** 31;
const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** The greatest number that divides every factor of a sum without its constant; 0 without terms. */
export const commonFactor = (terms: Iterable<Term>): number => {
  let g = 0;
  for (const t of terms) g = gcd(g, t.by);
  return g;
};

/** `p <= q`. */
export const atMost = (p: Expr, q: Expr): Expr => notPositive(combine(linear(p), linear(q), -1));
/** `p < q`. */
export const below = (p: Expr, q: Expr): Expr =>
  notPositive(combine(combine(linear(p), linear(q), -1), fixedNumber(1)));

/** `x <= 0`. */
export function notPositive(x: Linear): Expr {
  const g = commonFactor(x.terms.values());
  if (g === 0) return bool(x.constant <= 0);
  const reduced: Linear =
    g === 1
      ? x
      : {
          terms: new Map([...x.terms].map(([k, t]) => [k, { atom: t.atom, by: t.by / g }])),
          constant: Math.ceil(x.constant / g),
        };
  return rounded(reduced, false) ?? opened(reduced) ?? spelt(reduced);
}

/** Whether `p <= q` is seen to hold always, divisors being positive. */
export function surelyAtMost(p: Expr, q: Expr): boolean {
  const gap = combine(linear(p), linear(q), -1);
  const e = rounded(gap, true) ?? notPositive(gap);
  return e.kind === 'const' && e.value !== 0;
}

/** `x - m < x / m * m <= x`, where m is positive. */
function rounded(x: Linear, positive: boolean): Expr | undefined {
  for (const [k, t] of x.terms) {
    const q = quotientIn(t);
    if (!q || !(positive || q.by.kind === 'const')) continue;
    const rest: Linear = {
      terms: new Map([...x.terms].filter(([other]) => other !== k)),
      constant: x.constant,
    };
    const [of, by] = [linear(q.of), linear(q.by)];
    const least = combine(combine(of, by, -1), fixedNumber(1));
    const [low, high] = [
      combine(rest, q.times > 0 ? least : of, q.times),
      combine(rest, q.times > 0 ? of : least, q.times),
    ];
    if (high.terms.size === 0 && high.constant <= 0) return bool(true);
    if (low.terms.size === 0 && low.constant > 0) return bool(false);
  }
  return undefined;
}

/** The term as times · (of / by · by). */
function quotientIn(t: Term): { readonly of: Expr; readonly by: Expr; readonly times: number } | undefined {
  const { atom } = t;
  if (atom.kind !== 'op') return undefined;
  const [a, b] = atom.args as readonly [Expr, Expr];
  if (atom.op === 'idiv' && b.kind === 'const' && b.value > 0 && t.by % b.value === 0)
    return { of: a, by: b, times: t.by / b.value };
  const [q, m] = atom.op !== 'mul' ? [] : a.kind === 'op' && a.op === 'idiv' ? [a, b] : [b, a];
  if (!q || !m || q.kind !== 'op' || q.op !== 'idiv' || key(q.args[1]!) !== key(m)) return undefined;
  return { of: q.args[0]!, by: m, times: t.by };
}

/** A minimum or maximum is opened where one of its sides decides the comparison. */
function opened(x: Linear): Expr | undefined {
  for (const [k, t] of x.terms) {
    if (t.atom.kind !== 'op' || (t.atom.op !== 'min' && t.atom.op !== 'max') || Math.abs(t.by) !== 1)
      continue;
    const rest: Linear = {
      terms: new Map([...x.terms].filter(([other]) => other !== k)),
      constant: x.constant,
    };
    const sides = t.atom.args.map((a) => notPositive(combine(rest, linear(a), t.by)));
    if (!sides.some((s) => s.kind === 'const')) continue;
    return (t.atom.op === 'max') === t.by > 0 ? all(sides) : any(sides);
  }
  return undefined;
}

function spelt(x: Linear): Expr {
  const part = (sign: number, constant: number): Expr =>
    fromLinear({
      terms: new Map(
        [...x.terms].filter(([, t]) => t.by * sign > 0).map(([k, t]) => [k, { ...t, by: Math.abs(t.by) }]),
      ),
      constant,
    });
  const left = [...x.terms.values()].some((t) => t.by > 0);
  const right = [...x.terms.values()].some((t) => t.by < 0);
  const c = x.constant;
  if (Math.abs(c) >= LIMIT) return bool(c < 0);
  if (!left) return c === 1 ? op('gt', part(-1, 0), i32(0)) : op('ge', part(-1, 0), i32(c));
  if (!right) return c === 1 ? op('lt', part(1, 0), i32(0)) : op('le', part(1, 0), i32(-c));
  if (c === 1) return op('lt', part(1, 0), part(-1, 0));
  return c > 0 ? op('le', part(1, c), part(-1, 0)) : op('le', part(1, 0), part(-1, -c));
}

const NEGATED: Readonly<Partial<Record<OpName, OpName>>> = {
  lt: 'ge',
  ge: 'lt',
  le: 'gt',
  gt: 'le',
  eq: 'ne',
  ne: 'eq',
};

const sums = new WeakMap<Expr, { readonly sum: Linear | undefined }>();

/** The sum that an i32 comparison says is not positive. */
function comparedSum(e: Expr): Linear | undefined {
  const before = sums.get(e);
  if (before) return before.sum;
  const sum = makeComparedSum(e);
  sums.set(e, { sum });
  return sum;
}

function makeComparedSum(e: Expr): Linear | undefined {
  if (e.kind !== 'op' || e.args.length !== 2 || e.args[0]!.type !== 'i32') return undefined;
  const [a, b] = [linear(e.args[0]!), linear(e.args[1]!)];
  switch (e.op) {
    case 'le':
      return combine(a, b, -1);
    case 'lt':
      return combine(combine(a, b, -1), fixedNumber(1));
    case 'ge':
      return combine(b, a, -1);
    case 'gt':
      return combine(combine(b, a, -1), fixedNumber(1));
    default:
      return undefined;
  }
}

export function negated(e: Expr): Expr {
  if (e.kind === 'const') return bool(e.value === 0);
  if (e.kind !== 'op') return op('not', e);
  if (e.op === 'not') return e.args[0]!;
  if (e.op === 'and') return any(e.args.map(negated));
  if (e.op === 'or') return all(e.args.map(negated));
  const sum = comparedSum(e);
  if (sum) return notPositive(combine(fixedNumber(1), sum, -1));
  // Of floats that are no numbers, neither a comparison nor its opposite holds.
  const swaps = e.args[0]!.type !== 'f32' || e.op === 'eq' || e.op === 'ne';
  const opposite = swaps ? NEGATED[e.op] : undefined;
  return opposite ? op(opposite, ...e.args) : op('not', e);
}

const sameTerms = (x: Linear, y: Linear): boolean =>
  x.terms.size === y.terms.size && [...x.terms].every(([k, t]) => y.terms.get(k)?.by === t.by);

/** Whether one condition is seen to follow from another; false where it is not seen. */
export function implies(a: Expr, b: Expr): boolean {
  if (b.kind === 'const' && b.value !== 0) return true;
  if (a.kind === 'op' && a.op === 'or') return a.args.every((x) => implies(x, b));
  if (b.kind === 'op' && b.op === 'and') return b.args.every((x) => implies(a, x));
  if (a.kind === 'op' && a.op === 'and' && a.args.some((x) => implies(x, b))) return true;
  if (b.kind === 'op' && b.op === 'or') return b.args.some((x) => implies(a, x));
  const [x, y] = [comparedSum(a), comparedSum(b)];
  if (x || y) return x !== undefined && y !== undefined && sameTerms(x, y) && x.constant >= y.constant;
  return a === b || key(a) === key(b);
}

/** How far two comparisons of the same sum, in opposite directions, are apart: above 0 they exclude each other. */
function apart(a: Expr, b: Expr): number | undefined {
  const [x, y] = [comparedSum(a), comparedSum(b)];
  if (!x || !y || x.terms.size !== y.terms.size) return undefined;
  return [...x.terms].every(([k, t]) => y.terms.get(k)?.by === -t.by) ? x.constant + y.constant : undefined;
}
const exclude = (a: Expr, b: Expr): boolean => (apart(a, b) ?? 0) > 0;
/** One of both holds: `x <= 0` or `c - x <= 0`. */
const exhaust = (a: Expr, b: Expr): boolean => (apart(a, b) ?? 2) <= 1;

const flattened = (o: 'and' | 'or', e: Expr): readonly Expr[] =>
  e.kind === 'op' && e.op === o ? e.args.flatMap((x) => flattened(o, x)) : [e];

/** The parts of a conjunction. */
export const conjuncts = (e: Expr): readonly Expr[] => flattened('and', e);

/** All conditions hold; parts that others imply are left out. */
export function all(conditions: readonly Expr[]): Expr {
  const kept: Expr[] = [];
  for (const c of conditions.flatMap(conjuncts)) {
    if (c.kind === 'const') {
      if (c.value === 0) return bool(false);
      continue;
    }
    if (kept.some((k) => exclude(k, c))) return bool(false);
    if (kept.some((k) => implies(k, c))) continue;
    const at = kept.findIndex((k) => implies(c, k));
    if (at < 0) kept.push(c);
    else kept.splice(at, kept.length, c, ...kept.slice(at + 1).filter((k) => !implies(c, k)));
  }
  return kept.length === 0 ? bool(true) : kept.reduce((a, b) => op('and', a, b));
}

/** Some condition holds; what implies another part is left out. */
export function any(conditions: readonly Expr[]): Expr {
  const kept: Expr[] = [];
  for (const c of conditions.flatMap((e) => flattened('or', e))) {
    if (c.kind === 'const') {
      if (c.value !== 0) return bool(true);
      continue;
    }
    if (kept.some((k) => exhaust(k, c))) return bool(true);
    if (kept.some((k) => implies(c, k))) continue;
    const at = kept.findIndex((k) => implies(k, c));
    if (at < 0) kept.push(c);
    else kept.splice(at, kept.length, c, ...kept.slice(at + 1).filter((k) => !implies(k, c)));
  }
  if (kept.length === 0) return bool(false);
  return shared(kept);
}

/** `(a && b) || (a && c)` is `a && (b || c)`. */
function shared(alternatives: readonly Expr[]): Expr {
  const joined = (xs: readonly Expr[]): Expr => xs.reduce((a, b) => op('or', a, b));
  const [first, ...others] = alternatives.map(conjuncts);
  if (!first || others.length === 0) return joined(alternatives);
  const common = first.filter((x) => others.every((o) => o.some((y) => key(x) === key(y))));
  if (common.length === 0) return joined(alternatives);
  const keys = new Set(common.map(key));
  const rest = [first, ...others].map((o) => all(o.filter((x) => !keys.has(key(x)))));
  return all([...common, any(rest)]);
}
