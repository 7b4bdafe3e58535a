/**
 * How far back a part of a sequence can look where parameters decide it: tails then have a size of their own, which the
 * caller chooses, and which is required to be large enough.
 */
import { freeVars, op, variable, type Expr } from '../../expr/expr.ts';
import { greatest } from '../../expr/linear.ts';
import { printExpr } from '../../expr/print.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel, IrRequire } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';

export class Capacity {
  private size: string | undefined;
  private readonly found = new Map<string, IrRequire>();
  private readonly params: ReadonlySet<string>;

  constructor(
    k: IrKernel,
    private readonly names: FreshNames,
  ) {
    this.params = new Set(k.params.map((p) => p.name));
  }

  /** The extent of what holds `most` positions, over sizes and constants. */
  length(most: Expr): Expr {
    const free = freeVars(most);
    if (![...free].some((v) => this.params.has(v) || v === this.size)) return most;
    this.size ??= this.names.fresh('tail');
    if (!free.has(this.size)) this.cover(most);
    return variable(this.size);
  }

  /** The longer of two such extents. */
  longer(a: Expr, b: Expr): Expr {
    if (this.size === undefined || ![a, b].some((x) => freeVars(x).has(this.size!)))
      return simplify(greatest(a, b));
    for (const x of [a, b]) if (!freeVars(x).has(this.size)) this.cover(x);
    return variable(this.size);
  }

  private cover(most: Expr): void {
    const condition = op('le', most, variable(this.size!));
    const text = printExpr(condition);
    this.found.set(text, { condition, text });
  }

  /** The kernel with the size, if anything has asked for it. */
  added(k: IrKernel): IrKernel {
    if (this.size === undefined) return k;
    const known = new Set(k.requires.map((r) => r.text));
    const requires = [...this.found.values()].filter((r) => !known.has(r.text));
    const sizes = k.sizes.includes(this.size) ? k.sizes : [...k.sizes, this.size];
    return { ...k, sizes, requires: [...k.requires, ...requires] };
  }
}
