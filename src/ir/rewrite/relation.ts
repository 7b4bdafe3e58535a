/** How a condition ties the reduced position to the row's: as an interval of their distance. */
import { conjuncts, negated } from '../../expr/compare.ts';
import type { Expr } from '../../expr/expr.ts';
import { combine, linear, type Linear } from '../../expr/linear.ts';
import type { IrKernel } from '../ir.ts';

/** A row's axis and the axis that is reduced, of equal extent. */
export interface Pair {
  readonly row: string;
  readonly over: string;
}
/** Least and greatest of over - row. */
export interface Distance {
  readonly least: number;
  readonly greatest: number;
}
export const ANYWHERE: Distance = { least: -Infinity, greatest: Infinity };

const comparison = (e: Expr): { readonly sum: Linear; readonly by: string } | undefined => {
  if (e.kind === 'op' && e.op === 'not') {
    const positive = negated(e.args[0]!);
    return positive.kind === 'op' && positive.op === 'not' ? undefined : comparison(positive);
  }
  if (e.kind !== 'op' || e.args.length !== 2 || e.args[0]!.type !== 'i32') return undefined;
  const sum = combine(linear(e.args[0]!), linear(e.args[1]!), -1);
  return ['le', 'lt', 'ge', 'gt', 'eq', 'ne'].includes(e.op) ? { sum, by: e.op } : undefined;
};

/** by · (over − row) + a number; undefined for any other sum. */
export function difference(x: Linear, p: Pair): { readonly by: number; readonly plus: number } | undefined {
  const [over, row] = [x.terms.get(p.over)?.by, x.terms.get(p.row)?.by];
  if (over === undefined || row === undefined || over + row !== 0 || x.terms.size !== 2) return undefined;
  return { by: over, plus: x.constant };
}

/** The axis that a comparison ties to `over` by a fixed distance. */
export function tiedAxis(e: Expr, over: string, axes: (name: string) => boolean): string | undefined {
  const found = comparison(e);
  if (!found) return undefined;
  const others = [...found.sum.terms.values()].filter(
    (t) => !(t.atom.kind === 'var' && t.atom.name === over),
  );
  const [other] = others;
  const row = other?.atom.kind === 'var' && axes(other.atom.name) ? other.atom.name : undefined;
  return row !== undefined && difference(found.sum, { row, over }) ? row : undefined;
}

/** Where in `d` the condition holds; undefined when that is no interval or the condition is about more than the distance. */
export function narrowed(d: Distance, e: Expr, p: Pair): Distance | undefined {
  const found = comparison(e);
  const diff = found && difference(found.sum, p);
  if (!found || !diff || Math.abs(diff.by) !== 1) return undefined;
  // by · δ + plus OP 0, as δ OP at, mirrored where `by` is negative.
  const at = -diff.plus * diff.by;
  const mirrored: Readonly<Record<string, string>> = { le: 'ge', lt: 'gt', ge: 'le', gt: 'lt' };
  const by = diff.by > 0 ? found.by : (mirrored[found.by] ?? found.by);
  const { least, greatest } = d;
  switch (by) {
    case 'le':
      return { least, greatest: Math.min(greatest, at) };
    case 'lt':
      return { least, greatest: Math.min(greatest, at - 1) };
    case 'ge':
      return { least: Math.max(least, at), greatest };
    case 'gt':
      return { least: Math.max(least, at + 1), greatest };
    case 'eq':
      return { least: Math.max(least, at), greatest: Math.min(greatest, at) };
    default:
      if (at < least || at > greatest) return d;
      if (at === greatest) return { least, greatest: at - 1 };
      return at === least ? { least: at + 1, greatest } : undefined;
  }
}

/** Whether two axes have the same number of positions: by their extents, or because the kernel requires it. */
export function sameExtent(k: IrKernel, a: Expr, b: Expr): boolean {
  const gap = combine(linear(a), linear(b), -1);
  const zero = (x: Linear): boolean => x.terms.size === 0 && x.constant === 0;
  if (zero(gap)) return true;
  return k.requires
    .flatMap((r) => conjuncts(r.condition))
    .some((c) => {
      const found = comparison(c);
      if (found?.by !== 'eq') return false;
      return zero(combine(gap, found.sum, -1)) || zero(combine(gap, found.sum));
    });
}
