/**
 * What steps read that depends on no state, computed once before: sums, as norms of keys, and values that take more than
 * arithmetic, as rotations. Several launches of a form read them, some of them many times over.
 */
import { readNames, visit, type Expr } from '../../../expr/expr.ts';
import type { OpName } from '../../../expr/ops.ts';
import type { IrKernel } from '../../ir.ts';

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

/** The kernel in which such definitions over the axis are kept in memory. */
export function withPrepared(k: IrKernel, axis: string): IrKernel {
  const stateful = new Set(k.states.flatMap((s) => [s.name, s.final]));
  const needed = new Set<string>();
  for (const d of k.defs) if ([...readNames(d.value)].some((n) => stateful.has(n))) stateful.add(d.name);
  for (const d of k.defs) if (stateful.has(d.name)) for (const n of readNames(d.value)) needed.add(n);
  const defs = [...k.defs].reverse().map((d) => {
    if (!needed.has(d.name)) return d;
    // What a kept value is made of is its own business.
    const keep = !stateful.has(d.name) && d.indices.includes(axis) && takesWork(d.value);
    if (!keep) for (const n of readNames(d.value)) needed.add(n);
    return keep ? { ...d, stored: true as const } : d;
  });
  return { ...k, defs: defs.reverse() };
}

function takesWork(e: Expr): boolean {
  let work = false;
  visit(e, (x) => {
    if (x.kind === 'reduce' || (x.kind === 'op' && COSTLY.has(x.op))) work = true;
  });
  return work;
}
