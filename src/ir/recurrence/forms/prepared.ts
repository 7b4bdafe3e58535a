/**
 * What steps read that depends on no state, computed once before: sums, as norms of keys, and values that take more than
 * arithmetic, as rotations. Several launches of a form read them, some of them many times over.
 */
import { hasReduction, readNames, visit, type Expr } from '../../../expr/expr.ts';
import type { OpName } from '../../../expr/ops.ts';
import type { IrDef, IrKernel } from '../../ir.ts';

const COSTLY: ReadonlySet<OpName> = new Set([
  'exp',
  'exp2',
  'log',
  'log2',
  'log1p',
  'tanh',
  'sin',
  'cos',
  'erf',
  'pow',
]);

/** The kernel in which such definitions over the axis are kept in memory, for forms of several launches. */
export const withPrepared = (k: IrKernel, axis: string): IrKernel =>
  prepared(k, axis, (d) => takesWork(d.value));

/**
 * The same for steps one after the other, which read a value once for each column of a state: only what takes more than one
 * such operation, and differs between fewer elements than a state has, is worth memory.
 */
export function withShared(k: IrKernel, axis: string): IrKernel {
  const states = k.states.filter((s) => s.axis === axis);
  const isShared = (d: IrDef): boolean => states.some((s) => s.indices.some((a) => !d.indices.includes(a)));
  return prepared(k, axis, (d) => isShared(d) && (hasReduction(d.value) || costlyIn(d.value) > 1));
}

function prepared(k: IrKernel, axis: string, pays: (d: IrDef) => boolean): IrKernel {
  const stateful = new Set(k.states.flatMap((s) => [s.name, s.final]));
  const needed = new Set<string>();
  for (const d of k.defs) if ([...readNames(d.value)].some((n) => stateful.has(n))) stateful.add(d.name);
  for (const d of k.defs) if (stateful.has(d.name)) for (const n of readNames(d.value)) needed.add(n);
  const defs = [...k.defs].reverse().map((d) => {
    if (!needed.has(d.name)) return d;
    // What a kept value is made of is its own business.
    const keep = !stateful.has(d.name) && d.indices.includes(axis) && pays(d);
    if (!keep) for (const n of readNames(d.value)) needed.add(n);
    return keep ? { ...d, stored: true as const } : d;
  });
  return { ...k, defs: defs.reverse() };
}

const takesWork = (e: Expr): boolean => hasReduction(e) || costlyIn(e) > 0;

function costlyIn(e: Expr): number {
  let count = 0;
  visit(e, (x) => {
    if (x.kind === 'op' && COSTLY.has(x.op)) count++;
  });
  return count;
}
