/**
 * Symbolic intervals: what an expression can be while some variables range over boxes.
 *
 * Integers and floats get a lower and an upper bound as expressions over the remaining variables, where one is known;
 * booleans get `may` (true somewhere in the box is possible) and `must` (true everywhere in the box). Sound: a bound that
 * cannot be derived is absent, `may` errs to true and `must` to false.
 */
import { bool, constant, freeVars, op, type Expr, type OpExpr } from './expr.ts';
import { simplify } from './simplify.ts';

export interface Range {
  readonly lo?: Expr;
  readonly hi?: Expr;
}
export interface Truth {
  readonly may: Expr;
  readonly must: Expr;
}
export type Box = ReadonlyMap<string, Range>;

const TRUE = bool(true);
const FALSE = bool(false);
const pick = (f: 'min' | 'max', a: Expr | undefined, b: Expr | undefined): Expr | undefined =>
  a && b ? op(f, a, b) : undefined;
const both = (f: (a: Expr, b: Expr) => Expr, a: Expr | undefined, b: Expr | undefined): Expr | undefined =>
  a && b ? f(a, b) : undefined;
const make = (lo: Expr | undefined, hi: Expr | undefined): Range => ({
  ...(lo ? { lo } : {}),
  ...(hi ? { hi } : {}),
});

const moves = (e: Expr, box: Box): boolean => {
  for (const v of freeVars(e)) if (box.has(v)) return true;
  return false;
};
const positive = (e: Expr): boolean => e.kind === 'const' && e.value > 0;
const nonNegative = (e: Expr | undefined): boolean => e?.kind === 'const' && e.value >= 0;

export function rangeOf(e: Expr, box: Box): Range {
  if (!moves(e, box)) return { lo: e, hi: e };
  if (e.kind === 'var') return box.get(e.name) ?? {};
  if (e.kind !== 'op') return {};
  return opRange(e, box);
}

function opRange(e: OpExpr, box: Box): Range {
  const [a, b, c] = e.args;
  const x = a && a.type !== 'bool' ? rangeOf(a, box) : {};
  const y = b && b.type !== 'bool' ? rangeOf(b, box) : {};
  switch (e.op) {
    case 'neg':
      return make(x.hi && op('neg', x.hi), x.lo && op('neg', x.lo));
    case 'add':
      return make(
        both((p, q) => op('add', p, q), x.lo, y.lo),
        both((p, q) => op('add', p, q), x.hi, y.hi),
      );
    case 'sub':
      return make(
        both((p, q) => op('sub', p, q), x.lo, y.hi),
        both((p, q) => op('sub', p, q), x.hi, y.lo),
      );
    case 'mul':
      return mulRange(x, y, b!, a!);
    case 'min':
    case 'max': {
      const f = e.op;
      // One known side bounds a minimum from above and a maximum from below.
      const lo = pick(f, x.lo, y.lo) ?? (f === 'max' ? (x.lo ?? y.lo) : undefined);
      const hi = pick(f, x.hi, y.hi) ?? (f === 'min' ? (x.hi ?? y.hi) : undefined);
      return make(lo, hi);
    }
    case 'idiv':
    case 'quot':
      return quotientRange(e.op, x, b!, box);
    case 'mod':
      return moves(b!, box) ? {} : modRange(x, b!);
    case 'shr':
      return moves(b!, box) ? {} : make(x.lo && op('shr', x.lo, b!), x.hi && op('shr', x.hi, b!));
    case 'abs':
      return absRange(x, e);
    case 'cast':
      if (a!.type === 'bool') return { lo: constant(e.type, 0), hi: constant(e.type, 1) };
      if (e.type === 'f32' || (a!.type !== 'f32' && e.type === 'i32'))
        return make(x.lo && { ...e, args: [x.lo] }, x.hi && { ...e, args: [x.hi] });
      return {};
    case 'floor':
    case 'ceil':
    case 'round':
      return make(x.lo && op(e.op, x.lo), x.hi && op(e.op, x.hi));
    case 'select': {
      const z = rangeOf(c!, box);
      return make(pick('min', y.lo, z.lo), pick('max', y.hi, z.hi));
    }
    default:
      return {};
  }
}

/** Division by a fixed divisor is monotone, upwards or downwards; by zero it is 0. */
function quotientRange(o: 'idiv' | 'quot', x: Range, by: Expr, box: Box): Range {
  if (moves(by, box)) return {};
  const ends = make(x.lo && op(o, x.lo, by), x.hi && op(o, x.hi, by));
  if (positive(by)) return ends;
  return ends.lo && ends.hi ? make(op('min', ends.lo, ends.hi), op('max', ends.lo, ends.hi)) : {};
}

/** Within one quotient the remainder follows its dividend; across several it can be anything below the divisor. */
function modRange(x: Range, by: Expr): Range {
  const one = constant(by.type, 1);
  const zero = constant(by.type, 0);
  const least = positive(by) ? zero : op('min', zero, op('add', by, one));
  const most = positive(by) ? op('sub', by, one) : op('max', zero, op('sub', by, one));
  if (!x.lo || !x.hi) return make(least, most);
  const same = op('eq', op('idiv', x.lo, by), op('idiv', x.hi, by));
  return make(op('select', same, op('mod', x.lo, by), least), op('select', same, op('mod', x.hi, by), most));
}

function mulRange(x: Range, y: Range, b: Expr, a: Expr): Range {
  if (b.kind === 'const') return scale(x, b);
  if (a.kind === 'const') return scale(y, a);
  if (nonNegative(x.lo) && nonNegative(y.lo))
    return make(
      both((p, q) => op('mul', p, q), x.lo, y.lo),
      both((p, q) => op('mul', p, q), x.hi, y.hi),
    );
  return {};
}

function scale(x: Range, by: Expr & { kind: 'const' }): Range {
  const lo = x.lo && op('mul', x.lo, by);
  const hi = x.hi && op('mul', x.hi, by);
  return by.value >= 0 ? make(lo, hi) : make(hi, lo);
}

function absRange(x: Range, e: OpExpr): Range {
  const hi = x.lo && x.hi ? op('max', op('neg', x.lo), x.hi) : undefined;
  const zero = constant(e.type, 0);
  const lo = x.lo && x.hi ? op('max', op('max', x.lo, op('neg', x.hi)), zero) : zero;
  return make(lo, hi);
}

/** `may` and `must` of a boolean expression over the box, simplified. */
export function truthOf(e: Expr, box: Box): Truth {
  const t = rawTruth(e, box);
  return { may: simplify(t.may), must: simplify(t.must) };
}

function rawTruth(e: Expr, box: Box): Truth {
  if (!moves(e, box)) return { may: e, must: e };
  if (e.kind !== 'op') return { may: TRUE, must: FALSE };
  const [a, b, c] = e.args;
  if (e.op === 'and' || e.op === 'or') {
    const x = rawTruth(a!, box);
    const y = rawTruth(b!, box);
    return { may: op(e.op, x.may, y.may), must: op(e.op, x.must, y.must) };
  }
  if (e.op === 'not') {
    const x = rawTruth(a!, box);
    return { may: op('not', x.must), must: op('not', x.may) };
  }
  if (e.op === 'select') {
    const [k, x, y] = [rawTruth(a!, box), rawTruth(b!, box), rawTruth(c!, box)];
    return {
      may: op('or', op('and', k.may, x.may), op('and', op('not', k.must), y.may)),
      must: op('and', op('or', op('not', k.may), x.must), op('or', k.must, y.must)),
    };
  }
  const residue = e.op === 'eq' && a && b ? (residueMay(a, b, box) ?? residueMay(b, a, box)) : undefined;
  if (residue && a && b) {
    const t = comparison('eq', rangeOf(a, box), rangeOf(b, box));
    return { may: op('and', t.may, residue), must: t.must };
  }
  if (a?.type === 'bool' || b?.type === 'bool' || !a || !b) return { may: TRUE, must: FALSE };
  return comparison(e.op, rangeOf(a, box), rangeOf(b, box));
}

/** Whether `x % m == c` can hold: between the ends of x lies a number that leaves c, unless m is not positive. */
function residueMay(a: Expr, c: Expr, box: Box): Expr | undefined {
  if (a.kind !== 'op' || a.op !== 'mod' || a.type !== 'i32' || moves(c, box) || moves(a.args[1]!, box))
    return undefined;
  const m = a.args[1]!;
  const x = rangeOf(a.args[0]!, box);
  if (!x.lo || !x.hi) return undefined;
  const upTo = (end: Expr): Expr => op('idiv', op('sub', end, c), m);
  const some = op('lt', upTo(op('sub', x.lo, constant('i32', 1))), upTo(x.hi));
  return op('or', op('le', m, constant('i32', 0)), some);
}

function comparison(o: string, x: Range, y: Range): Truth {
  const test = (f: 'lt' | 'le', p: Expr | undefined, q: Expr | undefined, unknown: Expr): Expr =>
    p && q ? op(f, p, q) : unknown;
  switch (o) {
    case 'lt':
    case 'le':
      return { may: test(o, x.lo, y.hi, TRUE), must: test(o, x.hi, y.lo, FALSE) };
    case 'gt':
      return { may: test('lt', y.lo, x.hi, TRUE), must: test('lt', y.hi, x.lo, FALSE) };
    case 'ge':
      return { may: test('le', y.lo, x.hi, TRUE), must: test('le', y.hi, x.lo, FALSE) };
    case 'eq':
    case 'ne': {
      const meet = op('and', test('le', x.lo, y.hi, TRUE), test('le', y.lo, x.hi, TRUE));
      const same = op('and', test('le', x.hi, y.lo, FALSE), test('le', y.hi, x.lo, FALSE));
      return o === 'eq' ? { may: meet, must: same } : { may: op('not', same), must: op('not', meet) };
    }
    default:
      return { may: TRUE, must: FALSE };
  }
}
