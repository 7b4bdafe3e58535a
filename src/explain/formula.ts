/**
 * Costs as sums of products of sizes. They are kept apart from expressions, whose integers have 32 bits: operations and
 * bytes of long streams are more than that.
 */
import { freeVars, i32, key, op, rewrite, type Expr } from '../expr/expr.ts';
import { OPS } from '../expr/ops.ts';
import { printExpr } from '../expr/print.ts';

/** A number where all names are known, else a formula over the unknown ones. */
export type Figure = number | string;
export type Values = Readonly<Record<string, number>>;

interface Term {
  readonly times: number;
  readonly by: readonly Expr[];
}
export type Formula = readonly Term[];

/** The product of numbers and expressions. */
export function product(...factors: readonly (number | Expr)[]): Formula {
  let times = 1;
  const by: Expr[] = [];
  const add = (x: number | Expr): void => {
    if (typeof x === 'number') times *= x;
    else if (x.kind === 'const') times *= x.value;
    else if (x.kind === 'op' && x.op === 'mul') x.args.forEach(add);
    else by.push(x);
  };
  factors.forEach(add);
  return times === 0 ? [] : [{ times, by }];
}

/** The sum, with equal products taken together. */
export function sum(...formulas: readonly Formula[]): Formula {
  const terms = new Map<string, Term>();
  for (const t of formulas.flat()) {
    const id = t.by.map(key).sort().join(' * ');
    terms.set(id, { times: (terms.get(id)?.times ?? 0) + t.times, by: t.by });
  }
  return [...terms.values()];
}

export function scaled(f: Formula, ...factors: readonly (number | Expr)[]): Formula {
  const by = product(...factors);
  return f.flatMap((a) => by.map((b) => ({ times: a.times * b.times, by: [...a.by, ...b.by] })));
}

/** @param wide integers that do not end at 32 bits */
function wide(e: Expr, values: Values): number {
  if (e.kind === 'const') return e.value;
  if (e.kind === 'var') return values[e.name]!;
  if (e.kind !== 'op') return NaN;
  const meaning: (...args: number[]) => number = OPS[e.op].meaning;
  return meaning(...e.args.map((a) => wide(a, values)));
}

export function figure(f: Formula, values: Values): Figure {
  const known = f.every((t) => t.by.every((e) => [...freeVars(e)].every((v) => v in values)));
  if (!known) return printFormula(f);
  return f.reduce((n, t) => n + t.by.reduce((m, e) => m * wide(e, values), t.times), 0);
}

/** Sizes are not negative, so that both divisions are one. */
const readable = (e: Expr): Expr =>
  rewrite(e, (x) => (x.kind === 'op' && x.op === 'quot' ? op('idiv', ...x.args) : x));

export function printFormula(f: Formula): string {
  const terms = f.map(({ times, by }): Expr => {
    const factors = times === 1 && by.length > 0 ? by : [...by, i32(times)];
    return factors.reduce((a, b) => op('mul', a, b));
  });
  return terms.length === 0 ? '0' : printExpr(readable(terms.reduce((a, b) => op('add', a, b))));
}

/** Thousands apart, for people. */
export const grouped = (x: Figure): string => (typeof x === 'number' ? x.toLocaleString('en-US') : x);
