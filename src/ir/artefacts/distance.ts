/** How far behind its own position a read looks, where that is known before the sequence is. */
import { i32, variable, type Expr } from '../../expr/expr.ts';
import { rangeOf } from '../../expr/interval.ts';
import { combine, fromLinear, greatest, least, linear, minus } from '../../expr/linear.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel } from '../ir.ts';
import { isAtLeast } from './bounds.ts';

/** Positions before the reader's own, over sizes, params and constants; negative ones lie in the future. */
export interface Distance {
  /** Absent where it is not known. */
  readonly least?: Expr;
  readonly most: Expr;
}

/** A read is never ahead of the reader's own position. */
export const isBehind = (k: IrKernel, far: Distance | undefined, by = 0): boolean =>
  far?.least !== undefined && isAtLeast(k, far.least, by);

/** The distance of `index` behind position `axis`; undefined when the sequence decides it. */
export function distance(k: IrKernel, index: Expr, axis: string, extent: Expr): Distance | undefined {
  const of = (e: Expr): Distance | undefined => distance(k, e, axis, extent);
  if (index.kind === 'op' && index.op === 'select') {
    const [x, y] = [of(index.args[1]!), of(index.args[2]!)];
    const nearest = x?.least && y?.least ? { least: least(x.least, y.least) } : {};
    return x && y && { ...nearest, most: greatest(x.most, y.most) };
  }
  if (index.kind === 'op' && (index.op === 'max' || index.op === 'min')) return clamped(k, index, of, extent);
  const behind = combine(linear(variable(axis)), linear(index), -1);
  if ([...behind.terms.values()].some((t) => mentions(t.atom, axis))) return undefined;
  const box = new Map(k.axes.map((a) => [a.name, { lo: i32(0), hi: minus(a.extent, i32(1)) }] as const));
  const { lo, hi } = rangeOf(fromLinear(behind), box);
  return lo && hi && known(k, lo) && known(k, hi) ? { least: simplify(lo), most: simplify(hi) } : undefined;
}

/** A position kept inside of the sequence: what is at or behind the reader's own position stays there. */
function clamped(
  k: IrKernel,
  e: Expr & { readonly kind: 'op' },
  of: (e: Expr) => Distance | undefined,
  extent: Expr,
): Distance | undefined {
  for (const [moving, end] of [
    [e.args[0]!, e.args[1]!],
    [e.args[1]!, e.args[0]!],
  ] as const) {
    const inside = of(moving);
    const rest = minus(end, e.op === 'max' ? i32(0) : minus(extent, i32(1)));
    if (!inside || rest.kind !== 'const' || rest.value !== 0) continue;
    if (isBehind(k, inside)) return { least: i32(0), most: inside.most };
    // What may lie ahead is not cut off at the first position.
    if (e.op === 'max') return { most: inside.most };
  }
  return undefined;
}

function mentions(e: Expr, axis: string): boolean {
  let found = false;
  const walk = (x: Expr): void => {
    if (x.kind === 'var' && x.name === axis) found = true;
    // What data says is not known before the sequence is.
    if (x.kind === 'read' || x.kind === 'reduce') found = true;
    if (x.kind === 'op') x.args.forEach(walk);
  };
  walk(e);
  return found;
}

/** Over sizes, params and constants alone. */
function known(k: IrKernel, e: Expr): boolean {
  if (e.kind === 'read' || e.kind === 'reduce') return false;
  if (e.kind === 'var') return k.sizes.includes(e.name) || k.params.some((p) => p.name === e.name);
  return e.kind === 'const' || e.args.every((x) => known(k, x));
}
