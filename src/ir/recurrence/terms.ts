/**
 * An expression of a step as a linear form in states:
 *
 *   e = Σ rest + Σ factor · sum[axes](row · S[index])
 *
 * Definitions that depend on the states are read through. Products are distributed over sums only where a state is in one
 * of them; all else stays as it was written. What does not move with the axes of a sum is pulled out of it.
 */
import {
  constant,
  freeVars,
  key,
  op,
  type Expr,
  type OpExpr,
  type ReadExpr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { axisOf } from '../ir.ts';
import { replacements, substituted, type Definitions } from './definitions.ts';
import {
  guarded,
  isNumber,
  negated,
  plus,
  product,
  readsAnywhere,
  split,
  times,
  total,
  withoutSign,
  type Split,
} from './factors.ts';

export interface Term {
  readonly state: string;
  /** Outside of the sum; it may move with the state's own axes. */
  readonly factor: Expr;
  /** Bound around `row` and `index`, each of them used there; none when the state is read outside of any sum. */
  readonly axes: readonly string[];
  readonly row: Expr;
  readonly index: readonly Expr[];
}
export interface Terms {
  readonly kind: 'terms';
  readonly rest: readonly Expr[];
  readonly terms: readonly Term[];
}
export interface NotLinear {
  readonly kind: 'not-linear';
  /** The expression that is not linear in what is in it. */
  readonly expr: Expr;
  /** What is wrong with it, as the end of a sentence about it. */
  readonly why: string;
}

export const notLinear = (expr: Expr, why: string): NotLinear => ({ kind: 'not-linear', expr, why });

/** Thrown inside of this file only, so that each rule can be read without its failures. */
class Refused extends Error {
  constructor(readonly reason: NotLinear) {
    super(reason.why);
  }
}
const refuse = (expr: Expr, why: string): never => {
  throw new Refused(notLinear(expr, why));
};

const one = (type: Expr['type']): Expr => constant(type, 1);

export class LinearForms {
  private readonly dependents: ReadonlySet<string>;
  private readonly known = new Map<string, Terms>();
  private readonly axes: ReadonlySet<string>;

  /** @param atoms the reads that are the unknowns: states, or definitions that are taken as such */
  constructor(
    private readonly definitions: Definitions,
    private readonly atoms: ReadonlySet<string>,
  ) {
    this.dependents = definitions.dependents(atoms);
    this.axes = new Set(definitions.kernel.states.filter((s) => atoms.has(s.name)).map((s) => s.axis));
  }

  /** The expression depends on an unknown. */
  depends(e: Expr): boolean {
    if (e.kind === 'read')
      return this.atoms.has(e.name) || this.dependents.has(e.name) || e.index.some((x) => this.depends(x));
    if (e.kind === 'op') return e.args.some((x) => this.depends(x));
    return e.kind === 'reduce' && (this.depends(e.body) || (e.where !== undefined && this.depends(e.where)));
  }

  of(e: Expr): Terms | NotLinear {
    try {
      return this.terms(e);
    } catch (error) {
      if (error instanceof Refused) return error.reason;
      throw error;
    }
  }

  private terms(e: Expr): Terms {
    if (!this.depends(e)) return form(isNumber(e, 0) ? [] : [e], []);
    if (e.kind === 'read') return this.ofRead(e);
    if (e.kind === 'reduce') return this.ofReduce(e);
    return e.kind === 'op' ? this.ofOp(e) : form([e], []);
  }

  private ofRead(e: ReadExpr): Terms {
    if (e.index.some((x) => this.depends(x))) return refuse(e, 'its index depends on the state');
    if (this.atoms.has(e.name))
      return form([], [{ state: e.name, factor: one(e.type), axes: [], row: one(e.type), index: e.index }]);
    const d = this.definitions.get(e.name)!;
    const value = this.known.get(d.name) ?? this.terms(d.value);
    this.known.set(d.name, value);
    const map = replacements(d.indices, e);
    if (map.size === 0) return value;
    for (const a of this.axes) if (map.has(a)) refuse(e, 'it reads another step');
    const put = (x: Expr): Expr => substituted(x, map) ?? refuse(e, 'it needs one axis under two names');
    return form(
      value.rest.map(put),
      value.terms.map((t) => ({ ...t, factor: put(t.factor), ...this.moved(t, map, e) })),
    );
  }

  /** Row and index with variables replaced, apart from those that the term's sum binds. */
  private moved(t: Term, map: ReadonlyMap<string, Expr>, e: Expr): Pick<Term, 'row' | 'index'> {
    const free = new Map([...map].filter(([name]) => !t.axes.includes(name)));
    const put = (x: Expr): Expr => {
      for (const name of freeVars(x))
        if ([...freeVars(free.get(name) ?? constant('i32', 0))].some((v) => t.axes.includes(v)))
          refuse(e, 'it needs one axis under two names');
      return substituted(x, free) ?? refuse(e, 'it needs one axis under two names');
    };
    return { row: put(t.row), index: t.index.map(put) };
  }

  private ofOp(e: OpExpr): Terms {
    const [a, b, c] = e.args as [Expr, Expr, Expr];
    switch (e.op) {
      case 'add':
        return sum(this.terms(a), this.terms(b));
      case 'sub':
        return sum(this.terms(a), scaled(this.terms(b), negated));
      case 'neg':
        return scaled(this.terms(a), negated);
      case 'mul':
        return this.ofProduct(e, a, b);
      case 'fma':
        return sum(this.ofProduct(e, a, b), this.terms(c));
      case 'div':
        if (this.depends(b)) return refuse(e, 'it divides by the state');
        return scaled(this.terms(a), (x) => over(x, b));
      case 'select':
        if (this.depends(a)) return refuse(e, 'its condition depends on the state');
        return this.ofSelect(a, this.terms(b), this.terms(c));
      case 'cast':
        if (a.type === e.type) return this.terms(a);
        return refuse(e, 'a conversion is not linear');
      default:
        return refuse(e, `${e.op} is not linear`);
    }
  }

  private ofProduct(e: Expr, a: Expr, b: Expr): Terms {
    if (!this.depends(b)) return scaled(this.terms(a), (x) => times(x, b));
    if (!this.depends(a)) return scaled(this.terms(b), (x) => times(a, x));
    return refuse(e, 'both factors depend on the state');
  }

  private ofSelect(condition: Expr, yes: Terms, no: Terms): Terms {
    const zero = (e: Expr): Expr => constant(e.type, 0);
    const choose = (x: Expr, y: Expr): Expr => (key(x) === key(y) ? x : op('select', condition, x, y));
    const left = [...no.terms];
    const terms = yes.terms.map((t) => {
      const twin = left.findIndex((x) => sameSum(x, t));
      const [other] = twin < 0 ? [] : left.splice(twin, 1);
      if (other) return { ...t, factor: choose(t.factor, other.factor) };
      return { ...t, factor: choose(t.factor, zero(t.factor)), row: guardedRow(t, condition) };
    });
    for (const t of left)
      terms.push({
        ...t,
        factor: choose(zero(t.factor), t.factor),
        row: guardedRow(t, op('not', condition)),
      });
    const [x, y] = [yes.rest, no.rest];
    if (x.length === 0 && y.length === 0) return form([], terms);
    const type = (x[0] ?? y[0]!).type;
    return form([choose(total(x, type), total(y, type))], terms);
  }

  private ofReduce(e: ReduceExpr): Terms {
    for (const a of this.axes) if (e.axes.includes(a)) refuse(e, 'it reads other steps');
    if (e.where && this.depends(e.where)) refuse(e, 'its condition depends on the state');
    if (e.op === 'mean' && !e.where) {
      const count = e.axes
        .map((a) => axisOf(this.definitions.kernel, a)!.extent)
        .reduce((a, b) => op('mul', a, b));
      const by: Expr = { kind: 'op', type: 'f32', op: 'cast', args: [count] };
      return scaled(this.ofSum({ ...e, op: 'sum' }), (x) => over(x, by));
    }
    return e.op === 'sum' ? this.ofSum(e) : refuse(e, `${e.op} is not linear`);
  }

  private ofSum(e: ReduceExpr): Terms {
    const body = this.terms(e.body);
    const rest = body.rest.map((x) => this.summed(x, e.axes, e.where));
    return form(
      rest,
      body.terms.map((t) => this.sumOfTerm(t, e)),
    );
  }

  /** sum[axes where](x), with what does not move with the axes in front of it. */
  private summed(x: Expr, axes: readonly string[], where: Expr | undefined): Expr {
    if (axes.length === 0) return guarded(where, x);
    const plain = withoutSign(x);
    if (plain) return negated(this.summed(plain, axes, where));
    const { moving, still } = this.parted(x, axes, where);
    const body = product(moving, x.type);
    const inner: Expr = { kind: 'reduce', type: x.type, op: 'sum', axes, body, ...(where ? { where } : {}) };
    return product([...still, inner], x.type);
  }

  /** What stays in a sum and what leaves it; what may exist only where the condition holds stays. */
  private parted(x: Expr, axes: readonly string[], where: Expr | undefined): Split {
    const { moving, still } = split(this.definitions, x, axes);
    const stays = (f: Expr): boolean => where !== undefined && readsAnywhere(f);
    return { moving: [...moving, ...still.filter(stays)], still: still.filter((f) => !stays(f)) };
  }

  private sumOfTerm(t: Term, e: ReduceExpr): Term {
    const used = new Set([t.row, ...t.index].flatMap((x) => [...freeVars(x)]));
    // An axis of the same name inside is another one.
    const own = e.axes.filter((a) => used.has(a) && !t.axes.includes(a));
    if (own.length === 0) return { ...t, factor: this.summed(t.factor, e.axes, e.where) };
    const others = e.axes.filter((a) => !own.includes(a));
    const { moving, still } = this.parted(t.factor, e.axes, e.where);
    const inside = this.summed(product(moving, t.factor.type), others, e.where);
    for (const v of freeVars(inside)) if (t.axes.includes(v)) refuse(e, 'it needs one axis under two names');
    const axes = [...own, ...t.axes];
    const row = split(this.definitions, times(inside, t.row), axes);
    return {
      ...t,
      factor: product([...still, ...row.still], t.factor.type),
      axes,
      row: product(row.moving, t.row.type),
    };
  }
}

const form = (rest: readonly Expr[], terms: readonly Term[]): Terms => ({ kind: 'terms', rest, terms });

const scaled = (t: Terms, by: (x: Expr) => Expr): Terms =>
  form(
    t.rest.map(by),
    t.terms.map((x) => ({ ...x, factor: by(x.factor) })),
  );

const over = (x: Expr, by: Expr): Expr => ({ kind: 'op', type: 'f32', op: 'div', args: [x, by] });

/** A term is never evaluated where its branch is not: its reads may be out of range there. */
function guardedRow(t: Term, condition: Expr): Expr {
  if (t.axes.length === 0 || !readsAnywhere(t.row)) return t.row;
  for (const v of freeVars(condition))
    if (t.axes.includes(v)) refuse(t.row, 'it needs one axis under two names');
  return guarded(condition, t.row);
}

const sameSum = (x: Term, y: Term): boolean =>
  x.state === y.state &&
  x.axes.join() === y.axes.join() &&
  key(x.row) === key(y.row) &&
  x.index.every((i, n) => key(i) === key(y.index[n]!));

function sum(x: Terms, y: Terms): Terms {
  const terms = [...x.terms];
  for (const t of y.terms) {
    const twin = terms.findIndex((u) => sameSum(u, t));
    if (twin < 0) terms.push(t);
    else terms[twin] = { ...t, factor: plus(terms[twin]!.factor, t.factor) };
  }
  return form([...x.rest, ...y.rest], terms);
}
