/**
 * An expression as a sum of multiples of symbols: `rest + Σ coef · symbol`, where a symbol may stand under a sum.
 *
 *   terms = Σ rest + Σ sum[axes](coef · read)
 *
 * Products are distributed over sums only where a symbol is in them; all else stays as it was written.
 */
import { f32, freeVars, op, type Expr, type ReadExpr, type ReduceExpr } from '../../../expr/expr.ts';

export interface Term {
  readonly coef: Expr;
  readonly read: ReadExpr;
  /** Axes that a sum around `coef · read` binds, all of them mentioned by the read. */
  readonly axes: readonly string[];
}
export interface Terms {
  readonly rest: readonly Expr[];
  readonly terms: readonly Term[];
}

export interface Symbols {
  /** The read is a symbol. */
  is(read: ReadExpr): boolean;
  /** The expression depends on a symbol. */
  in(e: Expr): boolean;
  /** What a read of a definition that depends on a symbol stands for. */
  inline(read: ReadExpr): Expr | undefined;
}

export const isNumber = (e: Expr, value: number): boolean => e.kind === 'const' && e.value === value;
export const times = (a: Expr, b: Expr): Expr => (isNumber(a, 1) ? b : isNumber(b, 1) ? a : op('mul', a, b));
export const plus = (all: readonly Expr[]): Expr =>
  all.length === 0 ? f32(0) : all.reduce((a, b) => op('add', a, b));

/** The factors of a product, from left to right; a quotient contributes one over its divisor. */
export function factors(e: Expr): readonly Expr[] {
  if (e.kind !== 'op') return [e];
  if (e.op === 'mul') return e.args.flatMap(factors);
  if (e.op === 'neg') return [f32(-1), ...factors(e.args[0]!)];
  if (e.op === 'div') return [...factors(e.args[0]!), op('div', f32(1), e.args[1]!)];
  return [e];
}
export const product = (all: readonly Expr[]): Expr => all.reduce(times, f32(1));

const scaled = (t: Terms, by: (e: Expr) => Expr): Terms => ({
  rest: t.rest.map(by),
  terms: t.terms.map((x) => ({ ...x, coef: by(x.coef) })),
});

/** @returns undefined when `e` is not linear in the symbols */
export function linearTerms(e: Expr, symbols: Symbols): Terms | undefined {
  if (!symbols.in(e)) return { rest: isNumber(e, 0) ? [] : [e], terms: [] };
  if (e.kind === 'read') {
    if (symbols.is(e)) return { rest: [], terms: [{ coef: f32(1), read: e, axes: [] }] };
    const value = symbols.inline(e);
    return value && linearTerms(value, symbols);
  }
  if (e.kind === 'reduce') return e.op === 'sum' ? linearSum(e, symbols) : undefined;
  if (e.kind === 'op') return linearOp(e.op, e.args, symbols);
  return undefined;
}

function linearOp(name: string, args: readonly Expr[], symbols: Symbols): Terms | undefined {
  const [a, b, c] = args as [Expr, Expr, Expr];
  const of = (e: Expr): Terms | undefined => linearTerms(e, symbols);
  switch (name) {
    case 'add':
    case 'sub': {
      const [x, y] = [of(a), of(b)];
      if (!x || !y) return undefined;
      const right = name === 'add' ? y : scaled(y, negated);
      return { rest: [...x.rest, ...right.rest], terms: [...x.terms, ...right.terms] };
    }
    case 'neg': {
      const x = of(a);
      return x && scaled(x, negated);
    }
    case 'mul': {
      if (symbols.in(a) && symbols.in(b)) return undefined;
      const x = of(symbols.in(a) ? a : b);
      return x && scaled(x, (e) => (symbols.in(a) ? times(e, b) : times(a, e)));
    }
    case 'div': {
      if (symbols.in(b)) return undefined;
      const x = of(a);
      return x && scaled(x, (e) => op('div', e, b));
    }
    case 'fma':
      return linearOp('add', [op('mul', a, b), c], symbols);
    case 'select':
      return linearSelect(a, of(b), of(c), symbols);
    default:
      return undefined;
  }
}

const negated = (e: Expr): Expr => (e.kind === 'const' ? f32(-e.value) : op('neg', e));

function linearSelect(
  cond: Expr,
  yes: Terms | undefined,
  no: Terms | undefined,
  symbols: Symbols,
): Terms | undefined {
  if (!yes || !no || symbols.in(cond)) return undefined;
  const where = (e: Expr): Expr => (isNumber(e, 0) ? e : op('select', cond, e, f32(0)));
  const otherwise = (e: Expr): Expr => (isNumber(e, 0) ? e : op('select', cond, f32(0), e));
  const [x, y] = [scaled(yes, where), scaled(no, otherwise)];
  const rest =
    yes.rest.length > 0 && no.rest.length > 0
      ? [op('select', cond, plus(yes.rest), plus(no.rest))]
      : [...x.rest, ...y.rest];
  return { rest, terms: [...x.terms, ...y.terms] };
}

function linearSum(e: ReduceExpr, symbols: Symbols): Terms | undefined {
  if (e.where && symbols.in(e.where)) return undefined;
  const body = linearTerms(e.body, symbols);
  if (!body) return undefined;
  const sum = (x: Expr, axes: readonly string[], where?: Expr): Expr => ({
    kind: 'reduce',
    type: 'f32',
    op: 'sum',
    axes,
    body: x,
    ...(where ? { where } : {}),
  });
  const terms: Term[] = [];
  for (const t of body.terms) {
    const mentioned = new Set(t.read.index.flatMap((x) => [...freeVars(x)]));
    const own = e.axes.filter((a) => mentioned.has(a));
    const others = e.axes.filter((a) => !mentioned.has(a));
    const kept = e.where ? op('select', e.where, t.coef, f32(0)) : t.coef;
    if (own.length === 0) terms.push({ ...t, coef: sum(t.coef, e.axes, e.where), axes: t.axes });
    else
      terms.push({
        read: t.read,
        coef: others.length > 0 ? sum(kept, others) : kept,
        axes: [...t.axes, ...own],
      });
  }
  return { rest: body.rest.map((x) => sum(x, e.axes, e.where)), terms };
}
