/** Recognises a sum over one axis whose summand is a product of a factor for one axis and a factor for another. */
import { f32, freeVars, op, type Expr, type ReduceExpr } from '../../expr/expr.ts';

export interface Factors {
  readonly left: Expr;
  readonly right: Expr;
  readonly rows: string;
  readonly columns: string;
  readonly depth: string;
  /** Numbers products that are apart from each other: both sides move with it. */
  readonly member?: string;
}

interface Part {
  readonly expr: Expr;
  readonly axes: ReadonlySet<string>;
}

const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;

/**
 * @param indices local axes of the sum, two or, where one of them numbers products, three; the last is that of columns
 * @param isCopied whether a side would be copied as it is
 */
export function factorsOf(
  e: ReduceExpr,
  indices: readonly string[],
  isCopied: (side: Expr) => boolean = () => false,
): Factors | undefined {
  if (indices.length !== 3) return oneProduct(e, indices, isCopied);
  for (const member of indices) {
    const own = indices.filter((a) => a !== member);
    const f = oneProduct(e, own, isCopied);
    if (f && [f.left, f.right].every((x) => freeVars(x).has(member))) return { ...f, member };
  }
  return undefined;
}

function oneProduct(
  e: ReduceExpr,
  indices: readonly string[],
  isCopied: (side: Expr) => boolean,
): Factors | undefined {
  if (e.op !== 'sum' || e.where || e.axes.length !== 1 || e.type !== 'f32' || indices.length !== 2)
    return undefined;
  const [rows, columns] = indices as [string, string];
  const depth = e.axes[0]!;
  const factors: Part[] = [];
  const guards: Part[] = [];
  const part = (x: Expr): Part => ({ expr: x, axes: freeVars(x) });
  const take = (x: Expr): void => {
    if (x.kind === 'op' && x.op === 'mul') return x.args.forEach(take);
    if (x.kind === 'op' && x.op === 'select' && isZero(x.args[2]!)) {
      guards.push(part(x.args[0]!));
      return take(x.args[1]!);
    }
    factors.push(part(x));
  };
  take(e.body);
  const sideOf = (p: Part): 'left' | 'right' | undefined =>
    p.axes.has(rows) ? (p.axes.has(columns) ? undefined : 'left') : 'right';
  const isFree = (p: Part): boolean => !p.axes.has(rows) && !p.axes.has(columns);
  const all = [...factors, ...guards];
  if (all.some((p) => sideOf(p) === undefined)) return undefined;
  // What moves with the depth alone goes to the left, where operands are mostly computed anyway, unless only the right one is.
  const copied = (side: 'left' | 'right'): boolean => {
    const own = all.filter((p) => !isFree(p) && sideOf(p) === side);
    return own.length === 1 && isCopied(own[0]!.expr);
  };
  const free = copied('left') && !copied('right') ? 'right' : 'left';
  const build = (side: 'left' | 'right'): Expr | undefined => {
    const mine = (p: Part): boolean => (isFree(p) ? side === free : sideOf(p) === side);
    const product = factors.filter(mine).map((p) => p.expr);
    if (product.length === 0) return undefined;
    const value = product.reduce((a, b) => op('mul', a, b));
    return guards.filter(mine).reduce<Expr>((x, g) => op('select', g.expr, x, f32(0)), value);
  };
  const [left, right] = [build('left'), build('right')];
  if (!left || !right || !freeVars(left).has(rows) || !freeVars(right).has(columns)) return undefined;
  if (!freeVars(left).has(depth) || !freeVars(right).has(depth)) return undefined;
  return { left, right, rows, columns, depth };
}

/** A sum without the factors that do not move with what it sums over, and these. */
export function pulledOut(e: ReduceExpr): { readonly outer: Expr; readonly sum: ReduceExpr } | undefined {
  if (e.op !== 'sum' || e.where || e.type !== 'f32') return undefined;
  const factors: Expr[] = [];
  const take = (x: Expr): void => {
    if (x.kind === 'op' && x.op === 'mul') x.args.forEach(take);
    else factors.push(x);
  };
  take(e.body);
  const moves = (x: Expr): boolean => e.axes.some((a) => freeVars(x).has(a));
  const [inside, outside] = [factors.filter(moves), factors.filter((x) => !moves(x))];
  if (inside.length === 0 || outside.length === 0) return undefined;
  const product = (xs: readonly Expr[]): Expr => xs.reduce((a, b) => op('mul', a, b));
  return { outer: product(outside), sum: { ...e, body: product(inside) } };
}
