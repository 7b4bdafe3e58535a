/**
 * States that are kept relative to a running maximum: u ← exp(m + shift − m′) · u + …, where m′ = max(m + shift, value).
 * Such a state is what it would be without the maximum, times exp(−m): together they never overflow.
 */
import { key, op, read, variable, type Expr } from '../../expr/expr.ts';
import type { IrKernel } from '../ir.ts';
import type { AffineStep, MaxStep } from './classify.ts';
import { Definitions } from './definitions.ts';
import { factors } from './factors.ts';

/** How often each summand is added, by its key; what cancels is gone. */
function summands(d: Definitions, e: Expr): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  const go = (original: Expr, sign: number): void => {
    const seen = d.resolved(original);
    const value = seen.kind === 'read' ? (d.inlined(seen) ?? seen) : seen;
    if (value.kind === 'op') {
      const [a, b] = value.args as [Expr, Expr];
      if (value.op === 'add' || value.op === 'sub') {
        go(a, sign);
        return go(b, value.op === 'add' ? sign : -sign);
      }
      if (value.op === 'neg') return go(a, -sign);
    }
    if (value.kind === 'const' && value.value === 0) return;
    const name = key(seen);
    const count = (out.get(name) ?? 0) + sign;
    if (count === 0) out.delete(name);
    else out.set(name, count);
  };
  go(e, 1);
  return out;
}

/** The sum of the exponents of a product of exponentials. */
function exponent(d: Definitions, e: Expr): Expr | undefined {
  const parts = factors(d, e).map((f) => {
    const seen = d.resolved(f);
    const value = seen.kind === 'read' ? d.inlined(seen) : seen;
    return value?.kind === 'op' && value.op === 'exp' ? value.args[0]! : undefined;
  });
  if (parts.length === 0 || !parts.every((p) => p !== undefined)) return undefined;
  return parts.reduce((a, b) => op('add', a, b));
}

/** The running maximum, of those given, that a state is kept relative to. */
export function stabiliserOf(k: IrKernel, step: AffineStep, maxima: readonly MaxStep[]): MaxStep | undefined {
  const d = new Definitions(k);
  const found = exponent(d, step.decay);
  if (!found) return undefined;
  return maxima.find(({ op: which, state: m, shift }) => {
    if (which !== 'max' || m.axis !== step.state.axis || m.reverse !== step.state.reverse) return false;
    const at = (name: string, indices: readonly string[]): Expr =>
      read(
        name,
        indices.map((a) => variable(a)),
        m.type,
      );
    const before = op('add', at(m.name, m.indices), shift);
    const after = at(m.next, d.get(m.next)!.indices);
    return summands(d, op('sub', found, op('sub', before, after))).size === 0;
  });
}
