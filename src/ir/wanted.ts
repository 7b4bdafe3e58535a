/**
 * Where a definition is wanted: a test over its axes that holds at every element which anybody reads.
 *
 *   s[i, c] = sum[d](q[i, d] * k[c, d]),  … where c <= i / 64 … s[i, c] …   →   s is wanted where c <= i / 64
 *
 * A test counts when every read of the value is at an element for which it holds: in a reduction by its `where`, in the
 * branch of a choice, behind an `and` or an `or`, or because the reader itself is only wanted there. Tests relate axes of the
 * value to each other and read no data, so that bounds of loops express them.
 */
import { conjuncts } from '../expr/compare.ts';
import {
  children,
  freeVars,
  key,
  op,
  readNames,
  substitute,
  variable,
  type Expr,
  type ReadExpr,
} from '../expr/expr.ts';
import type { IrDef, IrKernel } from './ir.ts';

/** Tests that hold at all elements of a definition which anybody reads; absent until something reads it. */
type Tests = readonly Expr[];

export class Wanted {
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly known: ReadonlySet<string>;
  private readonly tests = new Map<string, Tests>();

  /** @param kernel definitions in dependence order, not necessarily in normal form */
  constructor(kernel: IrKernel) {
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.known = new Set([...kernel.sizes, ...kernel.params.map((p) => p.name)]);
    for (const o of kernel.outputs) this.want(o.def, []);
    for (const s of kernel.states) {
      this.want(s.next, []);
      this.walk(s.init, []);
    }
    // Readers come after what they read.
    for (const d of [...kernel.defs].reverse()) {
      const wanted = this.tests.get(d.name);
      if (wanted) this.walk(d.value, wanted);
    }
  }

  /** Undefined where all elements are, as far as can be seen. */
  of(name: string): Expr | undefined {
    const tests = this.tests.get(name) ?? [];
    return tests.length > 0 ? tests.reduce((a, b) => op('and', a, b)) : undefined;
  }

  private want(name: string, tests: Tests): void {
    const before = this.tests.get(name);
    const keys = new Set(tests.map(key));
    this.tests.set(name, before ? before.filter((t) => keys.has(key(t))) : tests);
  }

  private walk(e: Expr, path: Tests): void {
    if (e.kind === 'read') {
      for (const x of e.index) this.walk(x, path);
      const def = this.defs.get(e.name);
      if (def) this.want(def.name, this.atElement(def, e, path));
    } else if (e.kind === 'reduce') {
      if (e.where) this.walk(e.where, path);
      this.walk(e.body, e.where ? [...path, ...conjuncts(e.where)] : path);
    } else if (e.kind === 'op' && e.op === 'select') {
      const [test, then, otherwise] = e.args as [Expr, Expr, Expr];
      this.walk(test, path);
      this.walk(then, [...path, ...conjuncts(test)]);
      this.walk(otherwise, [...path, ...refuted(test)]);
    } else if (e.kind === 'op' && (e.op === 'and' || e.op === 'or')) {
      const [first, second] = e.args as [Expr, Expr];
      this.walk(first, path);
      this.walk(second, [...path, ...(e.op === 'and' ? conjuncts(first) : refuted(first))]);
    } else for (const c of children(e)) this.walk(c, path);
  }

  /** What of a path can be said over the axes of a definition, at the element that is read. */
  private atElement(def: IrDef, e: ReadExpr, path: Tests): Tests {
    const own = new Map<string, Expr>();
    e.index.forEach((x, n) => {
      if (x.kind === 'var') own.set(x.name, variable(def.indices[n]!));
    });
    // An axis that gives two indices stands for neither.
    if (own.size < e.index.filter((x) => x.kind === 'var').length) return [];
    const sayable = (t: Expr): boolean => {
      const free = [...freeVars(t)];
      return (
        readNames(t).size === 0 &&
        free.filter((v) => own.has(v)).length > 1 &&
        free.every((v) => own.has(v) || this.known.has(v))
      );
    };
    const said = path.filter(sayable).map((t) => substitute(t, own));
    return [...new Map(said.map((t) => [key(t), t])).values()];
  }
}

/** What holds where a test does not. Comparisons stay as they are: the opposite of one could overflow where it does not. */
const refuted = (test: Expr): Tests =>
  test.kind === 'op' && test.op === 'or' ? test.args.flatMap(refuted) : [op('not', test)];
