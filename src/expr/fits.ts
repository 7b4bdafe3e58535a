/** When 32-bit integers cannot overflow: the analysis computes as if integers had no end. */
import { all, atMost } from './compare.ts';
import { bool, constant, f32, i32, key, op, type Expr, type OpExpr } from './expr.ts';
import { moves } from './forms.ts';
import type { Box } from './interval.ts';
import { combine, linear, type Linear } from './linear.ts';
import { Magnitude, UNBOUNDED } from './magnitude.ts';
import { divisorsOf } from './ranges.ts';

/** What a variable that is a size or a position is known to be: not negative, and below a limit where one is given. */
export type Natural = (name: string) => boolean | Expr;

/** Sums of magnitudes stay below this, so that every difference of two of them is a number. */
const ROOM = 2 ** 30;
/** Added to a size or a position it gives a number. */
const SMALL = 2 ** 20;
/** A position on an axis whose length is not given. */
const POSITION = 2 ** 24;

/**
 * A condition, over what the box leaves free, under which no integer operation of `e` leaves 32 bits for any point of the
 * box, neither does the arithmetic that `truthOf` and `solveFor` derive from it, and divisors known at run time only are
 * positive.
 * @param natural which variables are sizes or positions; an expression is a limit that they do not exceed
 */
export function fits(e: Expr, box: Box, natural: Natural = () => false): Expr {
  const costs = new Costs(box, natural, divisorsOf(e, box));
  costs.truth(e);
  return costs.condition();
}

class Costs {
  private total = new Magnitude();
  private readonly seen = new Set<string>();
  private readonly positive: ReadonlySet<string>;

  constructor(
    private readonly box: Box,
    private readonly natural: Natural,
    private readonly divisors: readonly Expr[],
  ) {
    this.positive = new Set(divisors.map(key));
  }

  condition(): Expr {
    const positive = this.divisors.map((d) =>
      d.type === 'i32' ? atMost(i32(1), d) : op('gt', d, constant(d.type, 0)),
    );
    if (!this.total.finite) return bool(false);
    const sum = this.total.expr();
    const inside = sum.kind === 'const' ? bool(sum.value < ROOM) : op('lt', sum, f32(ROOM));
    return all([...positive, inside]);
  }

  /** Adds what the comparisons of a condition compute. */
  truth(e: Expr): void {
    if (e.kind !== 'op' || this.seen.has(key(e))) return;
    this.seen.add(key(e));
    const [a, b] = e.args;
    if (e.type === 'bool' && a && b && e.args.length === 2 && a.type !== 'bool') {
      if (a.type === 'i32') this.comparison(a, b);
      else for (const x of [a, b]) if (x.type === 'u32' && !isOpaque(x, this.box)) this.add(this.cost(x));
    }
    // Conditions inside of values, and whole numbers inside of floats.
    for (const x of e.args)
      if (e.type === 'f32' && x.type !== 'f32' && x.type !== 'bool') this.alone(x);
      else this.truth(x);
  }

  private add(m: Magnitude): void {
    this.total = this.total.plus(m);
  }

  private alone(e: Expr): void {
    if (e.kind === 'op') this.add(this.cost(e));
    this.truth(e);
  }

  private comparison(a: Expr, b: Expr): void {
    const gap = combine(linear(a), linear(b), -1);
    if (this.isSafe(gap)) return;
    const parts = [...gap.terms.values()].map((t) => ({
      cost: this.cost(t.atom).times(Math.abs(t.by)),
      by: divisorOf(t.atom),
    }));
    const rest = new Magnitude(Math.abs(gap.constant) + 1);
    const products = new Map(parts.flatMap((p) => (p.by ? [[key(p.by), p.by] as const] : [])));
    // Solving x / m <= y asks whether x <= y * m + m - 1.
    for (const [k, by] of products) {
      const others = parts.filter((p) => !p.by || key(p.by) !== k);
      this.add(others.reduce((m, p) => m.plus(p.cost), rest).product(this.cost(by)));
    }
    this.add(this.cost(a).plus(this.cost(b)).plus(new Magnitude(1)));
  }

  /** Differences of positions, with little added, and comparisons without arithmetic. */
  private isSafe(gap: Linear): boolean {
    const terms = [...gap.terms.values()];
    const count = (sign: number): number => terms.filter((t) => t.by === sign).length;
    if (count(1) > 1 || count(-1) > 1 || count(1) + count(-1) !== terms.length) return false;
    const c = Math.abs(gap.constant);
    const naturals = terms.filter((t) => this.isNatural(t.atom));
    if (naturals.length < terms.length)
      return (
        terms.every((t) => isOpaque(t.atom, this.box) || this.isNatural(t.atom)) &&
        (c === 0 || (c === 1 && naturals.length === 0) || (terms.length === 1 && c < SMALL))
      );
    const divisors = terms.map((t) => divisorOf(t.atom));
    const [d] = divisors;
    if (divisors.every((x) => x === undefined)) return c < SMALL;
    if (divisors.some((x) => !x || key(x) !== key(d!)))
      return terms.length === 1 && d?.kind === 'const' && c * d.value < SMALL;
    return d!.kind === 'const'
      ? c * d!.value < SMALL && d!.value < SMALL
      : gap.constant === 0 || (c === 1 && terms.length === 2);
  }

  /** A size or a position, a part of one, or one with little added. */
  private isNatural(e: Expr): boolean {
    if (e.kind === 'const') return e.value >= 0 && e.value < SMALL;
    if (e.kind === 'var') return this.natural(e.name) !== false;
    if (e.kind !== 'op') return false;
    const [a, b] = e.args;
    if (e.op === 'idiv' || e.op === 'mod')
      return (
        this.isNatural(a!) && !moves(b!, this.box) && (b!.kind === 'const' ? b!.value > 0 : b!.kind === 'var')
      );
    if (e.op === 'min' || e.op === 'max') return this.isNatural(a!) && this.isNatural(b!);
    if (e.op === 'add' || e.op === 'sub')
      return this.isNatural(a!) && b!.kind === 'const' && Math.abs(b!.value) < SMALL;
    return false;
  }

  /** At least the magnitude of the value, and of what is computed on the way. */
  private cost(e: Expr): Magnitude {
    switch (e.kind) {
      case 'const':
        return new Magnitude(Math.abs(e.value));
      case 'var':
        return this.variable(e.name, e);
      case 'op':
        return this.operation(e);
      default:
        return moves(e, this.box) ? UNBOUNDED : Magnitude.of(absolute(e));
    }
  }

  private variable(name: string, e: Expr): Magnitude {
    const natural = this.natural(name);
    if (typeof natural !== 'boolean')
      return natural.kind === 'const' ? new Magnitude(natural.value) : this.cost(natural);
    const range = this.box.get(name);
    if (!range) return Magnitude.of(natural || this.positive.has(key(e)) ? toFloat(e) : absolute(e));
    const ends = [range.lo, range.hi];
    if (natural && range.hi?.kind !== 'const') return new Magnitude(POSITION);
    if (!range.lo || !range.hi) return UNBOUNDED;
    return ends.reduce((m, x) => m.plus(this.cost(x!)), new Magnitude());
  }

  private operation(e: OpExpr): Magnitude {
    const [a, b, c] = e.args as readonly [Expr, Expr, Expr];
    const both = (): Magnitude => this.cost(a).plus(this.cost(b));
    switch (e.op) {
      case 'add':
      case 'min':
      case 'max':
      case 'rem':
      case 'mod':
        return both();
      case 'sub':
        return e.type === 'u32' ? UNBOUNDED : both();
      case 'neg':
      case 'abs':
        return this.cost(a);
      case 'mul':
        if (b.kind === 'const') return this.cost(a).times(Math.max(1, Math.abs(b.value)));
        if (a.kind === 'const') return this.cost(b).times(Math.max(1, Math.abs(a.value)));
        // What is rounded down to a multiple grows no larger.
        if (divisorOf(a) && key(divisorOf(a)!) === key(b)) return both();
        return both().plus(this.cost(a).product(this.cost(b)));
      case 'idiv':
      case 'quot':
        return b.kind === 'const' ? this.cost(a) : both();
      case 'shr':
        return this.cost(a);
      case 'shl':
        return b.kind === 'const' && b.value >= 0 && b.value <= 30
          ? this.cost(a).times(2 ** b.value)
          : UNBOUNDED;
      case 'bitand':
      case 'bitor':
      case 'bitxor':
        return both().times(2);
      case 'bitnot':
        return this.cost(a).plus(new Magnitude(1));
      case 'select':
        this.truth(a);
        return this.cost(b).plus(this.cost(c));
      case 'cast':
        if (a.type === 'bool') this.truth(a);
        if (a.type === 'f32') this.truth(op('eq', a, a));
        return a.type === 'bool' ? new Magnitude(1) : a.type === 'f32' ? UNBOUNDED : this.cost(a);
      default:
        return UNBOUNDED;
    }
  }
}

/** A value without arithmetic, or bits of one. */
function isOpaque(e: Expr, box: Box): boolean {
  if (e.kind !== 'op') return e.kind === 'var' || e.kind === 'read';
  const [a, b] = e.args as readonly [Expr, Expr];
  switch (e.op) {
    case 'bitand':
    case 'bitor':
    case 'bitxor':
      return [a, b].every((x) => x.kind === 'const' || isOpaque(x, box));
    case 'bitnot':
      return isOpaque(a, box);
    case 'shr':
      // By a count that moves it becomes anything.
      return isOpaque(a, box) && (b.kind === 'const' || isOpaque(b, box) || moves(b, box));
    case 'mod':
      return isOpaque(a, box) && b.kind === 'const' && b.value > 0 && Number.isInteger(Math.log2(b.value));
    default:
      return false;
  }
}

const toFloat = (e: Expr): Expr => ({ kind: 'op', type: 'f32', op: 'cast', args: [e] });
const absolute = (e: Expr): Expr => (e.type === 'u32' ? toFloat(e) : op('abs', toFloat(e)));

/** By what a quotient of quotients is divided in all. */
function divisorOf(e: Expr): Expr | undefined {
  if (e.kind !== 'op' || e.op !== 'idiv') return undefined;
  const inner = [...linear(e.args[0]!).terms.values()].flatMap((t) => divisorOf(t.atom) ?? []);
  return inner.reduce((a, b) => op('mul', a, b), e.args[1]!);
}
