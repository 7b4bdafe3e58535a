/** From separated terms to definitions: sums kept in memory, or states that the rows carry along. */
import { all, conjuncts } from '../../expr/compare.ts';
import {
  bool,
  constant,
  f32,
  i32,
  isTrue,
  key,
  op,
  variable,
  type Expr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Carries, Course } from './carry.ts';
import { free, mentions, type Draft } from './draft.ts';
import { isFinite } from './finite.ts';
import { isRefusal, nearly, type Refusal } from './refusal.ts';
import type { Distance } from './relation.ts';
import { referenceOf, type Reference } from './reference.ts';
import type { Scope } from './separate.ts';
import { multiplied, type Conditions, type Sides } from './sides.ts';
import { stepsTo, type Steps } from './steps.ts';
import type { Part } from './terms.ts';

/** How the reduced positions lie to the row: all of them, its own, or those up to it in one direction. */
export type Mode =
  | { readonly kind: 'all' }
  | { readonly kind: 'same' }
  | { readonly kind: 'upto'; readonly reverse: boolean; readonly inclusive: boolean };

export function modeOf({ least, greatest }: Distance): Mode | Refusal {
  if (least === -Infinity && greatest === Infinity) return { kind: 'all' };
  if (least === 0 && greatest === 0) return { kind: 'same' };
  if (least === -Infinity && (greatest === 0 || greatest === -1))
    return { kind: 'upto', reverse: false, inclusive: greatest === 0 };
  if (greatest === Infinity && (least === 0 || least === 1))
    return { kind: 'upto', reverse: true, inclusive: least === 0 };
  return nearly('the mask keeps a range of distances that does not end at the row itself');
}

/** What was made of a term, for the cost. */
export interface Built {
  /** Where `guard` holds; 0 elsewhere. */
  readonly value: Expr;
  readonly guard: Expr;
  readonly mode: Mode;
  /** Axes that are summed between what is kept and the rows. */
  readonly contracted: readonly string[];
  /** What is kept has these besides. */
  readonly kept: readonly string[];
}

const conjunction = (cs: readonly Expr[]): Expr =>
  cs.length === 0 ? bool(true) : cs.reduce((a, b) => op('and', a, b));
/** Units of the distance that one step along the rows adds. */
const unit = (s: Steps, reverse: boolean): number => (reverse ? -s.by : s.by);

/** Equal for reductions over the same elements. */
export const domain = (over: Iterable<string>, where: Expr): string =>
  [...[...over].sort(), '|', ...conjuncts(where).map(key).sort()].join(' ');

export class Builder {
  constructor(
    private readonly draft: Draft,
    private readonly carries: Carries,
    private readonly scope: Scope,
    /** Names what is made. */
    private readonly owner: string,
    /** Which elements the reduction keeps. */
    private readonly where: Expr,
    /** Definitions that are sums, by the elements that they keep. */
    private readonly sums: ReadonlyMap<string, string>,
  ) {}

  /** The sum of a term over the reduced axes. */
  sum(s: Sides): Built | Refusal {
    const mode = modeOf(s.conditions.distance);
    if (isRefusal(mode)) return mode;
    if (mode.kind === 'all' && s.term.steps.length > 0)
      return nearly('a power of the distance is no product where the mask keeps both sides');
    const reference = s.term.exponent.length > 0 ? this.reference(s, mode) : undefined;
    if (isRefusal(reference)) return reference;
    const summed = new Set(s.sharedAxes);
    const read = this.core(s, mode, reference);
    const rows = [...(reference?.outer ?? []).map((expr) => ({ expr, inverse: false })), ...s.outer];
    const factors = read.map((expr) => ({ expr, inverse: false }));
    const inside = multiplied(undefined, [...s.features, ...factors.filter((f) => mentions(f.expr, summed))]);
    const idle = s.idleAxes.map((a) => ({ expr: cast(this.draft.extent(a)), inverse: false }));
    const outer = [...factors.filter((f) => !mentions(f.expr, summed)), ...rows, ...idle];
    const value = multiplied(this.contraction(s, inside), outer) ?? f32(1);
    // Where nothing is kept the sum is 0, whatever its factors are.
    const fragile = [...rows, ...s.features].some((f) => f.inverse || !isFinite(f.expr, this.draft));
    const open = fragile && !this.implied(s);
    const guard = [...s.rowWhere, ...(open ? [this.some(s.conditions, s.term.axes, mode)] : [])];
    const state = read.flatMap((e) => [...free(e)]);
    return {
      value: simplify(s.term.negative ? op('neg', value) : value),
      guard: simplify(all(guard)),
      mode,
      contracted: s.sharedAxes,
      kept: this.draft.ordered(state).filter((a) => !this.scope.rows.has(a) && !summed.has(a)),
    };
  }

  /** A condition of the row says already that it keeps something: that a sum over the same positions is positive. */
  private implied({ conditions, rowWhere }: Sides): boolean {
    const known = new Set(conjuncts(this.where).map(key));
    return (
      conditions.over.every((c) => known.has(key(c))) &&
      rowWhere.some((c) => {
        if (c.kind !== 'op' || c.op !== 'gt') return false;
        const [x, least] = c.args as readonly [Expr, Expr];
        const positive = least.kind === 'const' && least.value >= 0;
        return positive && x.kind === 'read' && this.sums.get(x.name) === domain(this.scope.over, this.where);
      })
    );
  }

  private contraction(s: Sides, body: Expr | undefined): Expr | undefined {
    if (s.sharedAxes.length === 0) return body;
    const where = simplify(conjunction(s.featureWhere));
    const condition = isTrue(where) ? {} : { where };
    return { kind: 'reduce', type: 'f32', op: 'sum', axes: s.sharedAxes, body: body ?? f32(1), ...condition };
  }

  private reference(s: Sides, mode: Mode): Reference | Refusal {
    const { exponent, steps } = s.term;
    const exponential = steps.filter((x) => x.kind === 'exponential');
    const late = exponential.flatMap((x): readonly Part[] => {
      const e = stepsTo(x, this.lateBy(x, mode));
      return e ? [{ expr: e, negative: false }] : [];
    });
    return referenceOf([...exponent, ...late], this.scope, mode, this.draft, this.carries);
  }

  /** Factors whose product is what the reduced side adds up to at a row, before the rows' own. */
  private core(s: Sides, mode: Mode, reference: Reference | undefined): readonly Expr[] {
    const { over } = s.conditions;
    const product = multiplied(reference && op('exp', reference.added), s.inner);
    const summed = new Set(s.innerAxes);
    const mine = over.filter((c) => mentions(c, summed));
    const body = product ?? f32(1);
    const condition = mine.length > 0 ? { where: conjunction(mine) } : {};
    const added: Expr =
      s.innerAxes.length === 0
        ? body
        : { kind: 'reduce', type: 'f32', op: 'sum', axes: s.innerAxes, body, ...condition };
    const where = over.filter((c) => !mine.includes(c));
    if (mode.kind === 'all') return [this.total(`${this.owner}.M`, added, where)];
    return mode.kind === 'same'
      ? [this.own(s, added, where)]
      : this.running(s, mode, added, where, reference);
  }

  /** Over all positions: kept in memory. */
  private total(base: string, body: Expr, where: readonly Expr[]): Expr {
    const axes = [...this.scope.over];
    if (where.length === 0 && isOne(body))
      return cast(axes.map((a) => this.draft.extent(a)).reduce((a, b) => op('mul', a, b)));
    const condition = where.length > 0 ? { where: conjunction(where) } : {};
    const value: ReduceExpr = { kind: 'reduce', type: 'f32', op: 'sum', axes, body, ...condition };
    return this.draft.define(base, value, { stored: true });
  }

  /** At the row's own position. */
  private own(s: Sides, body: Expr, where: readonly Expr[]): Expr {
    const steps = s.term.steps.flatMap((x) => this.step(x, x.plus) ?? []);
    const value = steps.reduce((a, b) => op('mul', a, b), this.atRow(body));
    return where.length === 0 ? value : op('select', this.atRow(conjunction(where)), value, f32(0));
  }

  /** Units of the distance that a read before the step lacks. */
  private lateBy(s: Steps, mode: Mode): number {
    return mode.kind === 'upto' && !mode.inclusive ? unit(s, mode.reverse) + s.plus : 0;
  }

  private running(
    s: Sides,
    mode: Mode & { kind: 'upto' },
    body: Expr,
    where: readonly Expr[],
    reference: Reference | undefined,
  ): readonly Expr[] {
    const { steps } = s.term;
    if (where.length === 0 && isOne(body) && steps.length === 0 && !reference) return [this.count(mode)];
    // What a step multiplies, what the first one puts before it, and what an exclusive read still lacks.
    const factor = this.factors(steps, (x) => unit(x, mode.reverse), reference?.moved);
    const early = this.factors(steps, (x) => (mode.inclusive ? x.plus : 0), undefined);
    const open = steps.filter((x) => !(reference && x.kind === 'exponential'));
    const late = this.factors(open, (x) => this.lateBy(x, mode), reference?.late);
    const value = early ? op('mul', early, this.atRow(body)) : this.atRow(body);
    const leaf = where.length === 0 ? value : op('select', this.atRow(conjunction(where)), value, f32(0));
    const { state, next } = this.carries.sum(this.owner, this.course(mode), factor, simplify(leaf));
    const read = this.draft.readOf(mode.inclusive ? next : state);
    return late ? [read, late] : [read];
  }

  /** Π of the steps' factors after so many units each; exponents meet before they are raised. */
  private factors(
    steps: readonly Steps[],
    units: (s: Steps) => number,
    exponent: Expr | undefined,
  ): Expr | undefined {
    const exponents = [
      ...(exponent ? [exponent] : []),
      ...steps.filter((s) => s.kind === 'exponential').flatMap((s) => stepsTo(s, units(s)) ?? []),
    ];
    const powers = steps.filter((s) => s.kind === 'power').flatMap((s) => stepsTo(s, units(s)) ?? []);
    const raised =
      exponents.length > 0
        ? [
            op(
              'exp',
              exponents.reduce((a, b) => op('add', a, b)),
            ),
          ]
        : [];
    const [first, ...rest] = [...powers, ...raised];
    return first && rest.reduce((a, b) => op('mul', a, b), first);
  }

  private step(s: Steps, n: number): Expr | undefined {
    const x = stepsTo(s, n);
    return x && (s.kind === 'exponential' ? op('exp', x) : x);
  }

  course(mode: Mode & { kind: 'upto' }): Course {
    return { axis: this.scope.pair!.row, reverse: mode.reverse };
  }

  /** The reduced side at the row's own position. */
  atRow(e: Expr): Expr {
    const { row, over } = this.scope.pair!;
    return this.draft.replace(e, new Map([[over, variable(row)]]));
  }

  /** How many positions there are up to the row. */
  private count(mode: Mode & { kind: 'upto' }): Expr {
    const { row } = this.scope.pair!;
    const before: Expr = mode.reverse
      ? op('sub', op('sub', this.draft.extent(row), i32(1)), variable(row))
      : variable(row);
    return cast(simplify(mode.inclusive ? op('add', before, i32(1)) : before));
  }

  /** Whether the row keeps any position. */
  some(c: Conditions, summed: readonly string[], mode: Mode): Expr {
    const ignored = new Set(summed);
    const where = c.over.filter((x) => ![...free(x)].some((v) => ignored.has(v)));
    if (mode.kind === 'same') return where.length === 0 ? bool(true) : this.atRow(conjunction(where));
    if (where.length === 0) {
      if (mode.kind === 'all')
        return conjunction([...this.scope.over].map((a) => positive(this.draft.extent(a))));
      if (mode.inclusive) return bool(true);
      const { row } = this.scope.pair!;
      const last = op('sub', this.draft.extent(row), i32(1));
      return simplify(mode.reverse ? op('lt', variable(row), last) : op('gt', variable(row), i32(0)));
    }
    if (mode.kind === 'all') return op('gt', this.total(`${this.owner}.kept`, f32(1), where), f32(0));
    const leaf = op('select', this.atRow(conjunction(where)), f32(1), f32(0));
    const { state, next } = this.carries.sum(`${this.owner}.kept`, this.course(mode), undefined, leaf);
    return op('gt', this.draft.readOf(mode.inclusive ? next : state), f32(0));
  }
}

const positive = (e: Expr): Expr => (e.kind === 'const' ? bool(e.value > 0) : op('gt', e, i32(0)));
const cast = (e: Expr): Expr =>
  e.kind === 'const' ? constant('f32', e.value) : { kind: 'op', type: 'f32', op: 'cast', args: [e] };
const isOne = (e: Expr): boolean => e.kind === 'const' && e.value === 1;
