/**
 * The part of an expression that is linear in states, in the shape in which it was written: every summand that is free of
 * the states is gone, every definition that depends on them is read as its own linear part.
 */
import { constant, mapChildren, op, visit, type Expr, type OpExpr, type ReadExpr } from '../../expr/expr.ts';

/** What is known about the names that an expression reads. */
export interface Reading {
  /** The linear part of what is read, `zero` where it has none; undefined when it is not affine. */
  part(read: ReadExpr): Part | undefined;
  /** The value depends on one of the states, or is no coefficient for another reason. */
  moves(name: string): boolean;
}
export type Part = Expr | 'zero';

/** @returns undefined when the expression is not affine in the states */
export function linearPart(e: Expr, reading: Reading): Part | undefined {
  if (!movesIn(e, reading)) return 'zero';
  if (e.kind === 'read') return e.index.some((x) => movesIn(x, reading)) ? undefined : reading.part(e);
  if (e.kind === 'op') return ofOp(e, reading);
  if (e.kind !== 'reduce' || (e.op !== 'sum' && e.op !== 'mean')) return undefined;
  if (e.where && movesIn(e.where, reading)) return undefined;
  const body = linearPart(e.body, reading);
  return body === undefined || body === 'zero' ? body : { ...e, body };
}

export function movesIn(e: Expr, reading: Pick<Reading, 'moves'>): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.kind === 'read' && reading.moves(x.name)) found = true;
  });
  return found;
}

function ofOp(e: OpExpr, reading: Reading): Part | undefined {
  const of = (x: Expr): Part | undefined => linearPart(x, reading);
  const moves = (x: Expr): boolean => movesIn(x, reading);
  const [a, b, c] = e.args as [Expr, Expr, Expr];
  switch (e.op) {
    case 'neg':
      return scaled(of(a), (x) => op('neg', x));
    case 'add':
      return sum(of(a), of(b));
    case 'sub':
      return sum(
        of(a),
        scaled(of(b), (x) => op('neg', x)),
      );
    case 'mul':
      if (!moves(b)) return scaled(of(a), (x) => op('mul', x, b));
      return moves(a) ? undefined : scaled(of(b), (x) => op('mul', a, x));
    case 'fma':
      return sum(of(op('mul', a, b)), of(c));
    case 'div':
      return moves(b) ? undefined : scaled(of(a), (x) => op('div', x, b));
    case 'select': {
      if (moves(a)) return undefined;
      const [x, y] = [of(b), of(c)];
      if (x === undefined || y === undefined || (x === 'zero' && y === 'zero')) return x && y;
      const whole = (p: Part): Expr => (p === 'zero' ? constant(e.type, 0) : p);
      return op('select', a, whole(x), whole(y));
    }
    case 'cast':
      return a.type === e.type ? of(a) : undefined;
    default:
      return undefined;
  }
}

const scaled = (x: Part | undefined, by: (e: Expr) => Expr): Part | undefined =>
  x === undefined || x === 'zero' ? x : by(x);

function sum(x: Part | undefined, y: Part | undefined): Part | undefined {
  if (x === undefined || y === undefined) return undefined;
  if (x === 'zero') return y;
  if (y === 'zero') return x;
  return y.kind === 'op' && y.op === 'neg' ? op('sub', x, y.args[0]!) : op('add', x, y);
}

/** Reads of these names with further indices behind their own. */
export function withIndices(e: Expr, added: ReadonlyMap<string, readonly Expr[]>): Expr {
  const inner = mapChildren(e, (c) => withIndices(c, added));
  const more = inner.kind === 'read' ? added.get(inner.name) : undefined;
  return inner.kind === 'read' && more ? { ...inner, index: [...inner.index, ...more] } : inner;
}
