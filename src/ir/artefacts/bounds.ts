/** What comparisons say about one variable. */
import { conjuncts } from '../../expr/compare.ts';
import { key, variable, type Expr } from '../../expr/expr.ts';
import { combine, fixedNumber, fromLinear, linear, scaled } from '../../expr/linear.ts';
import type { IrKernel } from '../ir.ts';

export interface Bound {
  readonly side: 'below' | 'above';
  /** The least or greatest value that the variable can have. */
  readonly by: Expr;
}

/** What a comparison says about a variable that it mentions once, without a factor. */
export function boundsOf(condition: Expr, name: string): readonly Bound[] {
  if (condition.kind !== 'op' || condition.args[0]?.type !== 'i32') return [];
  const { op } = condition;
  const [left, right] = condition.args.map(linear) as [ReturnType<typeof linear>, ReturnType<typeof linear>];
  const strict = fixedNumber(op === 'lt' || op === 'gt' ? 1 : 0);
  const [forward, back] = [combine(left, right, -1), combine(right, left, -1)];
  // Everything as: difference <= 0.
  const differences =
    op === 'lt' || op === 'le'
      ? [combine(forward, strict)]
      : op === 'gt' || op === 'ge'
        ? [combine(back, strict)]
        : op === 'eq'
          ? [forward, back]
          : [];
  const own = variable(name);
  return differences.flatMap((x): Bound[] => {
    const term = x.terms.get(key(own));
    if (!term || Math.abs(term.by) !== 1) return [];
    const rest = combine(x, linear(own), -term.by);
    return term.by > 0
      ? [{ side: 'above', by: fromLinear(scaled(rest, -1)) }]
      : [{ side: 'below', by: fromLinear(rest) }];
  });
}

/** The least value that sizes and requirements let a size or parameter have. */
function leastOf(k: IrKernel, name: string): number | undefined {
  const found = k.requires
    .flatMap((r) => conjuncts(r.condition))
    .flatMap((c) => boundsOf(c, name))
    .flatMap((b) => (b.side === 'below' && b.by.kind === 'const' ? [b.by.value] : []));
  if (k.sizes.includes(name)) found.push(0);
  return found.length > 0 ? Math.max(...found) : undefined;
}

/** The expression, over sizes, params and constants, is at least a number in every launch. */
export function isAtLeast(k: IrKernel, e: Expr, least: number): boolean {
  const sum = linear(e);
  let total = sum.constant;
  for (const { atom, by } of sum.terms.values()) {
    const low = atom.kind === 'var' && by > 0 ? leastOf(k, atom.name) : undefined;
    if (low === undefined) return false;
    total += by * low;
  }
  return total >= least;
}
