/** What expressions can be in a box: least and greatest value, as expressions over what the box leaves free. */
import { children, constant, i32, key, op, visit, type Expr, type OpExpr } from './expr.ts';
import { moves, opposite, place, type Context, type Form } from './forms.ts';
import type { Box, Range } from './interval.ts';
import {
  combine,
  floorDiv,
  floorMod,
  fromLinear,
  greatest,
  least,
  linear,
  minus,
  plus,
  product,
  multiple,
} from './linear.ts';

const NOTHING: Context = new Map();

export const make = (lo: Expr | undefined, hi: Expr | undefined): Range => ({
  ...(lo ? { lo } : {}),
  ...(hi ? { hi } : {}),
});
const both = <T>(f: (a: T, b: T) => T, a: T | undefined, b: T | undefined): T | undefined =>
  a && b ? f(a, b) : undefined;
const isConst = (e: Expr | undefined, test: (v: number) => boolean): boolean =>
  e?.kind === 'const' && test(e.value);
const isNatural = (e: Expr | undefined): boolean => isConst(e, (v) => v >= 0);

/** Ends that would take longer to compute than they can save are not known. */
const LONGEST = 80;
const sizes = new WeakMap<Expr, number>();
function size(e: Expr): number {
  const before = sizes.get(e);
  if (before !== undefined) return before;
  const sum = children(e).reduce((n, c) => n + size(c), 1);
  sizes.set(e, sum);
  return sum;
}

export class Ranges {
  private readonly positive: ReadonlySet<string>;

  /** @param e all that is asked about is part of this: what it divides by is positive, as `fits` asks */
  constructor(
    readonly box: Box,
    e: Expr,
  ) {
    this.positive = new Set(divisorsOf(e, box).map(key));
  }

  isPositive(e: Expr): boolean {
    return e.kind === 'const' ? e.value > 0 : this.positive.has(key(e));
  }

  of(e: Expr, context: Context = NOTHING): Range {
    const { lo, hi } = this.any(e, context);
    return make(lo && size(lo) <= LONGEST ? lo : undefined, hi && size(hi) <= LONGEST ? hi : undefined);
  }

  private any(e: Expr, context: Context): Range {
    if (!moves(e, this.box)) return { lo: e, hi: e };
    if (e.type !== 'i32')
      return e.kind === 'var' ? (this.box.get(e.name) ?? {}) : e.kind === 'op' ? this.plain(e, context) : {};
    const placed = place(linear(e), this.box);
    // What moves may cancel.
    if (!placed) return { lo: fromLinear(linear(e)), hi: fromLinear(linear(e)) };
    const x = scale(this.form(placed.form, context), placed.factor);
    const shift = (end: Expr | undefined): Expr | undefined =>
      end && fromLinear(combine(linear(end), placed.fixed));
    return make(shift(x.lo), shift(x.hi));
  }

  /** With what the context says about the form itself. */
  form(form: Form, context: Context): Range {
    const bare = this.bare(form, context);
    const ends = context.get(form.key);
    if (!ends) return bare;
    const los = bare.lo ? [bare.lo, ...ends.los] : ends.los;
    const his = bare.hi ? [bare.hi, ...ends.his] : ends.his;
    return make(
      los.length > 0 ? los.reduce(greatest) : undefined,
      his.length > 0 ? his.reduce(least) : undefined,
    );
  }

  /** From its atoms alone, each within the context. */
  bare(form: Form, context: Context): Range {
    const [first] = form.terms;
    if (form.terms.length === 1 && first!.by === 1) return this.atom(first!.atom, context);
    let sum: Range = { lo: i32(0), hi: i32(0) };
    for (const t of form.terms) {
      const single = place(linear(t.atom), this.box);
      const atom = single ? this.form(single.form, context) : this.atom(t.atom, context);
      const x = scale(atom, t.by);
      sum = make(both(plus, sum.lo, x.lo), both(plus, sum.hi, x.hi));
    }
    return sum;
  }

  private atom(e: Expr, context: Context): Range {
    if (e.kind === 'var') return this.box.get(e.name) ?? {};
    return e.kind === 'op' ? this.integer(e, context) : {};
  }

  /** An i32 operation that is no sum. */
  private integer(e: OpExpr, context: Context): Range {
    const [a, b, c] = [e.args[0]!, e.args[1]!, e.args[2]!];
    const x = a.type === 'i32' ? this.of(a, context) : {};
    const y = b?.type === 'i32' ? this.of(b, context) : {};
    const fixedRight = b !== undefined && !moves(b, this.box);
    switch (e.op) {
      case 'mul':
        return this.multiplied(x, y, a, b);
      case 'min':
      case 'max':
        return extremes(e.op, x, y);
      case 'abs':
        return absolute(x);
      case 'idiv':
      case 'quot':
        return fixedRight ? this.quotient(e.op, x, b) : {};
      case 'mod':
        return fixedRight ? this.remainder(x, b) : {};
      case 'rem': {
        if (!isConst(b, (v) => v > 0)) return {};
        if (isNatural(x.lo)) return this.remainder(x, b);
        const most = minus(b, i32(1));
        return { lo: opposite(most), hi: most };
      }
      case 'shr':
        return fixedRight ? make(x.lo && op('shr', x.lo, b), x.hi && op('shr', x.hi, b)) : {};
      case 'bitnot':
        return make(x.hi && minus(i32(-1), x.hi), x.lo && minus(i32(-1), x.lo));
      case 'bitand':
      case 'bitor':
      case 'bitxor':
        return bits(e.op, x, y);
      case 'cast':
        return this.converted(e, a.type === 'f32' || a.type === 'u32' ? this.of(a, context) : {});
      case 'select': {
        const z = this.of(c, context);
        return make(both(least, y.lo, z.lo), both(greatest, y.hi, z.hi));
      }
      default:
        return {};
    }
  }

  private multiplied(x: Range, y: Range, a: Expr, b: Expr): Range {
    if (isNatural(x.lo) && isNatural(y.lo)) return make(both(product, x.lo, y.lo), both(product, x.hi, y.hi));
    const [r, by] = moves(b, this.box) ? [y, a] : [x, b];
    if (moves(by, this.box) || !r.lo || !r.hi) return {};
    const ends = [product(r.lo, by), product(r.hi, by)] as const;
    if (this.isPositive(by)) return { lo: ends[0], hi: ends[1] };
    return { lo: least(...ends), hi: greatest(...ends) };
  }

  /** Division by a fixed divisor is monotone, upwards or downwards; one that is known at run time only is positive. */
  private quotient(o: 'idiv' | 'quot', x: Range, by: Expr): Range {
    const f = (e: Expr): Expr => (o === 'idiv' ? floorDiv(e, by) : op('quot', e, by));
    const ends = make(x.lo && f(x.lo), x.hi && f(x.hi));
    if (isConst(by, (v) => v > 0) || by.kind !== 'const') return ends;
    return ends.lo && ends.hi ? { lo: least(ends.lo, ends.hi), hi: greatest(ends.lo, ends.hi) } : {};
  }

  /** Within one quotient the remainder follows its dividend; across several it can be anything below the divisor. */
  private remainder(x: Range, by: Expr): Range {
    const positive = isConst(by, (v) => v > 0) || by.kind !== 'const';
    const low = positive ? i32(0) : least(i32(0), plus(by, i32(1)));
    const high = positive ? minus(by, i32(1)) : greatest(i32(0), minus(by, i32(1)));
    if (!x.lo || !x.hi) return { lo: low, hi: high };
    const same = op('eq', floorDiv(x.lo, by), floorDiv(x.hi, by));
    if (same.args.every((a) => a.kind === 'const'))
      return isConst(same.args[0], (v) => v === (same.args[1] as { value: number }).value)
        ? { lo: floorMod(x.lo, by), hi: floorMod(x.hi, by) }
        : { lo: low, hi: high };
    return {
      lo: op('select', same, floorMod(x.lo, by), low),
      hi: op('select', same, floorMod(x.hi, by), high),
    };
  }

  private converted(e: OpExpr, x: Range): Range {
    const from = e.args[0]!.type;
    if (from === 'bool') return { lo: constant(e.type, 0), hi: constant(e.type, 1) };
    // An i32 below zero is a large word; a word that fits keeps its value.
    if (e.type === 'u32' && from === 'i32' && !isNatural(x.lo)) return {};
    return make(x.lo && { ...e, args: [x.lo] }, x.hi && { ...e, args: [x.hi] });
  }

  /** Words and floats. Only operations that rounding leaves monotone on every target. */
  private plain(e: OpExpr, context: Context): Range {
    const [a, b, c] = [e.args[0]!, e.args[1]!, e.args[2]!];
    const x = a.type === 'bool' ? {} : this.of(a, context);
    const y = b === undefined || b.type === 'bool' ? {} : this.of(b, context);
    const word = e.type === 'u32';
    const apply = (p: Expr | undefined, q: Expr | undefined): Expr | undefined =>
      both((s, t) => op(e.op, s, t), p, q);
    switch (e.op) {
      case 'neg':
        return word ? {} : make(x.hi && op('neg', x.hi), x.lo && op('neg', x.lo));
      case 'add':
        return make(apply(x.lo, y.lo), apply(x.hi, y.hi));
      case 'sub':
        // A word below zero is a large one.
        return word ? {} : make(apply(x.lo, y.hi), apply(x.hi, y.lo));
      case 'mul':
        if (word || (isNatural(x.lo) && isNatural(y.lo))) return make(apply(x.lo, y.lo), apply(x.hi, y.hi));
        return b.kind === 'const' ? scaleFloat(x, b) : a.kind === 'const' ? scaleFloat(y, a) : {};
      case 'div':
        // Other quotients may be off by more than their rounding.
        return b.kind === 'const' && Number.isInteger(Math.log2(Math.abs(b.value)))
          ? scaleFloat(x, constant('f32', 1 / b.value))
          : {};
      case 'min':
      case 'max': {
        const f = e.op;
        const one = f === 'max' ? (x.lo ?? y.lo) : undefined;
        const other = f === 'min' ? (x.hi ?? y.hi) : undefined;
        return make(apply(x.lo, y.lo) ?? one, apply(x.hi, y.hi) ?? other);
      }
      case 'abs': {
        const zero = constant(e.type, 0);
        if (word) return x;
        const n = (p: Expr): Expr => op('neg', p);
        if (!x.lo || !x.hi) return { lo: zero };
        return { lo: op('max', op('max', x.lo, n(x.hi)), zero), hi: op('max', n(x.lo), x.hi) };
      }
      case 'floor':
      case 'ceil':
      case 'round':
        return make(x.lo && op(e.op, x.lo), x.hi && op(e.op, x.hi));
      case 'cast':
        return this.converted(e, x);
      case 'select': {
        const z = this.of(c, context);
        return make(
          both((p, q) => op('min', p, q), y.lo, z.lo),
          both((p, q) => op('max', p, q), y.hi, z.hi),
        );
      }
      case 'idiv':
      case 'shr':
        return moves(b, this.box) ? {} : make(x.lo && op(e.op, x.lo, b), x.hi && op(e.op, x.hi, b));
      case 'mod':
        return isConst(b, (v) => v > 0)
          ? { lo: constant('u32', 0), hi: op('sub', b, constant('u32', 1)) }
          : {};
      case 'bitand':
        return make(constant('u32', 0), both((p, q) => op('min', p, q), x.hi, y.hi) ?? x.hi ?? y.hi);
      case 'bitor':
      case 'bitxor':
        return make(
          constant('u32', 0),
          both((p, q) => op('add', p, q), x.hi, y.hi),
        );
      default:
        return {};
    }
  }
}

/** What is known at run time only and divides something. */
export function divisorsOf(e: Expr, box: Box): readonly Expr[] {
  const found = new Map<string, Expr>();
  visit(e, (x) => {
    if (x.kind !== 'op' || (x.op !== 'idiv' && x.op !== 'mod' && x.op !== 'quot' && x.op !== 'rem')) return;
    const by = x.args[1]!;
    if (by.kind === 'const' || moves(by, box)) return;
    // As it stands, and as the analysis spells it.
    for (const d of by.type === 'i32' ? [by, fromLinear(linear(by))] : [by]) found.set(key(d), d);
  });
  return [...found.values()];
}

function scale(x: Range, by: number): Range {
  const lo = x.lo && multiple(x.lo, by);
  const hi = x.hi && multiple(x.hi, by);
  return by >= 0 ? make(lo, hi) : make(hi, lo);
}

function scaleFloat(x: Range, by: Expr & { kind: 'const' }): Range {
  const lo = x.lo && op('mul', x.lo, by);
  const hi = x.hi && op('mul', x.hi, by);
  return by.value >= 0 ? make(lo, hi) : make(hi, lo);
}

/** One known side bounds a minimum from above and a maximum from below. */
function extremes(f: 'min' | 'max', x: Range, y: Range): Range {
  const of = f === 'min' ? least : greatest;
  const lo = both(of, x.lo, y.lo) ?? (f === 'max' ? (x.lo ?? y.lo) : undefined);
  const hi = both(of, x.hi, y.hi) ?? (f === 'min' ? (x.hi ?? y.hi) : undefined);
  return make(lo, hi);
}

function absolute(x: Range): Range {
  if (!x.lo || !x.hi) return { lo: i32(0) };
  return { lo: greatest(greatest(x.lo, opposite(x.hi)), i32(0)), hi: greatest(opposite(x.lo), x.hi) };
}

/** A set of bits is at most the sum of two numbers that are not negative. */
function bits(o: 'bitand' | 'bitor' | 'bitxor', x: Range, y: Range): Range {
  const [p, q] = [isNatural(x.lo), isNatural(y.lo)];
  if (o !== 'bitand') return p && q ? make(i32(0), both(plus, x.hi, y.hi)) : {};
  if (!p && !q) return {};
  const hi = p && q ? (both(least, x.hi, y.hi) ?? x.hi ?? y.hi) : p ? x.hi : y.hi;
  return make(i32(0), hi);
}
