/** Proves that rows keep an element: a witness is put in the place of the reduced axes, and must satisfy the condition. */
import { freeVars, op, substitute, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel } from '../ir.ts';
import { Algebra, extentFacts } from './algebra.ts';
import type { Domain } from './domains.ts';
import { formulaOf, neverTogether, type Formula } from './formula.ts';
import type { Inequality } from './inequalities.ts';

/** An index for each reduced axis, over rows, sizes, params and tensors. */
export type Witness = ReadonlyMap<string, Expr>;

/** Inequalities that a formula needs all of. */
function needed(f: Formula): Inequality[] {
  if (f.kind === 'inequality') return [f.inequality];
  return f.kind === 'and' || (f.kind === 'or' && f.args.length === 1) ? f.args.flatMap(needed) : [];
}

/** What a kernel's sizes and params satisfy. */
export class Assumptions {
  readonly algebra: Algebra;
  private readonly formulas: readonly Formula[];

  /** @param names sizes and params that matter; requirements that mention none of them are left out */
  constructor(
    private readonly kernel: IrKernel,
    names: ReadonlySet<string>,
  ) {
    const requires = kernel.requires
      .map((r) => r.condition)
      .filter((c) => [...freeVars(c)].some((v) => names.has(v)));
    const axes = new Map(kernel.axes.map((a) => [a.name, a.extent]));
    // Signs of divisors are known only after a first look at the requirements without them.
    const first = new Algebra(kernel, []);
    const signs = [
      ...extentFacts(kernel, names, first),
      ...requires.flatMap((r) => needed(formulaOf(r, true, first))),
    ];
    const plain = signs.filter((x) =>
      [...x.form.terms.keys()].every((m) => !axes.has(m) && !/[[(/]/.test(m)),
    );
    this.algebra = new Algebra(kernel, plain);
    for (const x of plain) this.algebra.adopt(x.form, first);
    this.formulas = [
      ...extentFacts(kernel, names, this.algebra).map((inequality): Formula => ({
        kind: 'inequality',
        inequality,
      })),
      ...requires.map((r) => formulaOf(r, true, this.algebra)),
    ];
  }

  /** Whether one of the witnesses satisfies the domain's condition in every row. */
  proves(domain: Domain, witnesses: readonly Witness[]): boolean {
    const { algebra } = this;
    const failures = witnesses.map((w): Formula => {
      const conditions = [...w].flatMap(([axis, index]) => [
        op('ge', index, ZERO),
        op('lt', index, this.kernel.axes.find((a) => a.name === axis)!.extent),
      ]);
      const holds = simplify(substitute(domain.where, w));
      return { kind: 'or', args: [...conditions, holds].map((c) => formulaOf(c, false, algebra)) };
    });
    const given = formulaOf(domain.given, true, algebra);
    return neverTogether([...this.formulas, given, ...failures], algebra);
  }
}

const ZERO: Expr = { kind: 'const', type: 'i32', value: 0 };
