/**
 * Simplification that keeps the meaning exactly: `evaluate(simplify(e))` is `evaluate(e)` for every assignment, and an
 * operand that holds a read is never dropped, because a read out of range must still be seen.
 *
 * Floats are folded only where no target could round differently.
 */
import { constant, key, mapChildren, op, visit, type ConstExpr, type Expr, type OpExpr } from './expr.ts';
import { applyOp } from './scalar.ts';

const isConst = (e: Expr): e is ConstExpr => e.kind === 'const';
const equals = (e: Expr, value: number): boolean => isConst(e) && Object.is(e.value, value);

/** Free of reads and reductions: dropping it can hide nothing. */
function isPlain(e: Expr): boolean {
  let plain = true;
  visit(e, (x) => {
    if (x.kind === 'read' || x.kind === 'reduce') plain = false;
  });
  return plain;
}

const EXACT_INTEGER = 2 ** 24;
const COMPARISONS = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

function foldConstants(e: OpExpr): Expr {
  if (!e.args.every((a) => isConst(a))) return e;
  const values = e.args.map((a) => (a as ConstExpr).value);
  const exact =
    e.type !== 'f32'
      ? e.args.every((a) => a.type !== 'f32') || COMPARISONS.has(e.op)
      : e.op === 'neg' || (e.op === 'cast' && Math.abs(values[0]!) <= EXACT_INTEGER);
  if (!exact || e.op === 'f32_to_bits') return e;
  return constant(
    e.type,
    applyOp(
      e.op,
      e.type,
      e.args.map((a) => a.type),
      values,
    ),
  );
}

function simplifyInteger(e: OpExpr): Expr {
  const [a, b] = [e.args[0]!, e.args[1]!];
  const zero = constant(e.type, 0);
  switch (e.op) {
    case 'add':
      if (equals(b, 0)) return a;
      if (equals(a, 0)) return b;
      return isConst(b) ? withOffset(e, a, b.value) : e;
    case 'sub':
      if (equals(b, 0)) return a;
      if (isConst(b)) return withOffset(e, a, -b.value);
      if (!isPlain(b)) return e;
      if (a.kind === 'op' && a.op === 'add' && key(a.args[1]!) === key(b)) return a.args[0]!;
      if (a.kind === 'op' && a.op === 'add' && key(a.args[0]!) === key(b)) return a.args[1]!;
      return key(a) === key(b) ? zero : e;
    case 'mul':
      if (equals(b, 1)) return a;
      if (equals(a, 1)) return b;
      return (equals(b, 0) && isPlain(a)) || (equals(a, 0) && isPlain(b)) ? zero : e;
    case 'idiv':
    case 'quot':
      return equals(b, 1) ? a : e;
    case 'mod':
    case 'rem':
      return equals(b, 1) && isPlain(a) ? zero : e;
    case 'min':
    case 'max':
      if (key(a) === key(b)) return a;
      if (a.kind === 'op' && a.op === e.op && a.args.some((x) => key(x) === key(b))) return a;
      return b.kind === 'op' && b.op === e.op && b.args.some((x) => key(x) === key(a)) ? b : e;
    default:
      return e;
  }
}

/** a + offset, which is e; constants gather at the right end, which lets offsets of index formulas meet. */
function withOffset(e: OpExpr, a: Expr, offset: number): Expr {
  let [base, sum] = [a, offset];
  if (a.kind === 'op' && (a.op === 'add' || a.op === 'sub') && isConst(a.args[1]!)) {
    base = a.args[0]!;
    sum += a.op === 'add' ? a.args[1].value : -a.args[1].value;
  }
  // Beyond this a number has no spelling with its sign.
  if (Math.abs(sum) >= 2 ** 31) return e;
  if (sum === 0) return base;
  if (base === a && (e.op === 'add') === sum > 0) return e;
  return op(sum > 0 ? 'add' : 'sub', base, constant(e.type, Math.abs(sum)));
}

function simplifyFloat(e: OpExpr): Expr {
  const [a, b] = [e.args[0]!, e.args[1]!];
  if (e.op === 'mul') return equals(b, 1) ? a : equals(a, 1) ? b : e;
  // `x + 0` is not among them: it turns −0 into 0.
  if ((e.op === 'sub' && equals(b, 0)) || (e.op === 'div' && equals(b, 1))) return a;
  return e;
}

function simplifyLogic(e: OpExpr): Expr {
  const [a, b] = [e.args[0]!, e.args[1]!];
  // `absorbs` decides the result alone, the other value leaves the other operand.
  const absorbs = e.op === 'or' ? 1 : 0;
  if (isConst(a)) return a.value === absorbs ? a : b;
  if (isConst(b)) return b.value !== absorbs ? a : isPlain(a) ? b : e;
  return key(a) === key(b) ? a : e;
}

const REFLEXIVE: Readonly<Record<string, number>> = { eq: 1, le: 1, ge: 1, ne: 0, lt: 0, gt: 0 };

function finish(e: Expr): Expr {
  if (e.kind !== 'op') return e;
  const folded = foldConstants(e);
  if (folded.kind === 'const') return folded;
  const a = e.args[0]!;
  if (e.op === 'and' || e.op === 'or') return simplifyLogic(e);
  if (e.op === 'not') return a.kind === 'op' && a.op === 'not' ? a.args[0]! : e;
  if (e.op === 'cast') return a.type === e.type ? a : e;
  if (e.op === 'neg') return a.kind === 'op' && a.op === 'neg' ? a.args[0]! : e;
  if (e.op === 'select') {
    if (isConst(a)) return a.value !== 0 ? e.args[1]! : e.args[2]!;
    return isPlain(a) && key(e.args[1]!) === key(e.args[2]!) ? e.args[1]! : e;
  }
  const reflexive = REFLEXIVE[e.op];
  if (reflexive !== undefined) {
    const b = e.args[1]!;
    return a.type !== 'f32' && isPlain(a) && key(a) === key(b) ? constant('bool', reflexive) : e;
  }
  if (e.args.length !== 2) return e;
  return e.type === 'f32' ? simplifyFloat(e) : simplifyInteger(e);
}

/** An expression with the same meaning and no more nodes. */
export function simplify(e: Expr): Expr {
  const x = mapChildren(e, simplify);
  if (x.kind === 'reduce' && x.where && isConst(x.where) && x.where.value !== 0) {
    const { where: _, ...rest } = x;
    return rest;
  }
  return finish(x);
}
