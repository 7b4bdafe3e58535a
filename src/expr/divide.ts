/** Exact division of integer expressions, without a division where their terms show that they are multiples. */
import { i32, op, type Expr } from './expr.ts';
import { simplify } from './simplify.ts';

/** `e / n` of an expression that is a multiple of n and not negative. */
export function dividedBy(e: Expr, n: number): Expr {
  return quotient(e, n) ?? simplify(op('quot', e, i32(n)));
}

function quotient(e: Expr, n: number): Expr | undefined {
  if (e.kind === 'const') return e.value % n === 0 ? i32(e.value / n) : undefined;
  if (e.kind !== 'op') return undefined;
  const [a, b] = e.args as [Expr, Expr];
  if (e.op === 'add' || e.op === 'sub') {
    const [x, y] = [quotient(a, n), quotient(b, n)];
    return x && y ? simplify(op(e.op, x, y)) : undefined;
  }
  if (e.op !== 'mul') return undefined;
  const [x, y] = [quotient(a, n), quotient(b, n)];
  if (y) return simplify(op('mul', a, y));
  return x ? simplify(op('mul', x, b)) : undefined;
}
