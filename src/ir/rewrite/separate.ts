/** Splits a reduced value into factors of the reduced positions and factors of the rows. */
import { conjuncts, negated } from '../../expr/compare.ts';
import { mapChildren, op, type Expr, type OpExpr, type ReadExpr, type ReduceExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { mentions, type Draft } from './draft.ts';
import { isRefusal, nearly, tied, type Refusal } from './refusal.ts';
import type { Distance, Pair } from './relation.ts';
import { exponentialSteps, powerSteps } from './steps.ts';
import { factor, ONE, opposite, product, under, type Part, type Term } from './terms.ts';

/** Which axes are reduced and which number the rows that the reduced side must not see. */
export interface Scope {
  readonly over: ReadonlySet<string>;
  readonly rows: ReadonlySet<string>;
  /** Where one row axis and one reduced axis have equal extents and are tied by their distance. */
  readonly pair?: Pair;
  /** Distances that the reduction keeps. */
  readonly distance: Distance;
  /** Axes that are free in the reduction, and those it reduces. */
  readonly taken: ReadonlySet<string>;
}

const isMixed = (e: Expr, scope: Scope): boolean => mentions(e, scope.over) && mentions(e, scope.rows);

/** Reads that name both sides but do not depend on both, replaced by what they are. */
export function unmixed(e: Expr, scope: Scope, draft: Draft): Expr {
  if (!isMixed(e, scope)) return e;
  const value = e.kind === 'read' ? draft.inlined(e) : undefined;
  if (!value) return mapChildren(e, (c) => unmixed(c, scope, draft));
  const inner = unmixed(value, scope, draft);
  return isMixed(inner, scope) ? e : inner;
}

/** More terms than this are no simplification. */
const MAX_TERMS = 16;

type Terms = readonly Term[] | Refusal;

export class Separation {
  constructor(
    private readonly draft: Draft,
    private readonly scope: Scope,
  ) {}

  /** Terms of a value that is summed. */
  terms(value: Expr): Terms {
    return this.split(unmixed(value, this.scope, this.draft), this.scope.taken);
  }

  private split(e: Expr, taken: ReadonlySet<string>): Terms {
    if (!this.isMixed(e)) return e.kind === 'const' && e.value === 0 ? [] : [factor(e)];
    if (e.kind === 'read') {
      const value = this.inlined(e);
      return value ? this.split(value, taken) : tied(e);
    }
    if (e.kind === 'reduce') return this.sum(e, taken);
    return e.kind === 'op' ? this.operation(e, taken) : tied(e);
  }

  /** Parts of an exponent or of a value whose maximum is wanted: what each side adds, and a multiple of the distance. */
  parts(e: Expr): readonly Part[] | Refusal {
    const flat: Part[] = [];
    const go = (x: Expr, negative: boolean, scaled: (part: Expr) => Expr): Refusal | undefined => {
      const [a, b] = x.kind === 'op' ? x.args : [];
      if (x.kind === 'op' && (x.op === 'add' || x.op === 'sub'))
        return go(a!, negative, scaled) ?? go(b!, negative !== (x.op === 'sub'), scaled);
      if (x.kind === 'op' && x.op === 'neg') return go(a!, !negative, scaled);
      if (!this.isMixed(x) || this.isStep(x)) {
        flat.push({ expr: scaled(x), negative });
        return undefined;
      }
      if (x.kind === 'op' && (x.op === 'mul' || x.op === 'div')) {
        const still = (y: Expr): boolean => !this.sees(y, 'over') && !this.sees(y, 'rows');
        if (still(b!)) return go(a!, negative, (p) => scaled(op(x.op, p, b!)));
        if (x.op === 'mul' && still(a!)) return go(b!, negative, (p) => scaled(op('mul', a!, p)));
      }
      const value = x.kind === 'read' ? this.inlined(x) : undefined;
      return value ? go(value, negative, scaled) : tied(x);
    };
    return go(unmixed(e, this.scope, this.draft), false, (p) => p) ?? flat;
  }

  isStep(e: Expr): boolean {
    const { pair, distance } = this.scope;
    return pair !== undefined && this.isMixed(e) && exponentialSteps(e, pair, distance) !== undefined;
  }

  sees(e: Expr, side: 'over' | 'rows'): boolean {
    return mentions(e, this.scope[side]);
  }

  private isMixed(e: Expr): boolean {
    return isMixed(e, this.scope);
  }

  private inlined(e: ReadExpr): Expr | undefined {
    const value = this.draft.inlined(e);
    return value && unmixed(value, this.scope, this.draft);
  }

  private operation(e: OpExpr, taken: ReadonlySet<string>): Terms {
    const [a, b] = e.args as readonly [Expr, Expr];
    switch (e.op) {
      case 'add':
      case 'sub': {
        const [x, y] = [this.split(a, taken), this.split(b, taken)];
        if (isRefusal(x)) return x;
        if (isRefusal(y)) return y;
        return this.few([...x, ...(e.op === 'sub' ? y.map(opposite) : y)], e);
      }
      case 'neg': {
        const x = this.split(a, taken);
        return isRefusal(x) ? x : x.map(opposite);
      }
      case 'mul':
        return this.product(e, this.split(a, taken), this.split(b, taken));
      case 'div':
        if (this.isMixed(b)) return tied(b, 'divides by what both sides say');
        return this.product(e, this.split(a, taken), [factor(b, true)]);
      case 'select':
        return this.choice(e, taken);
      case 'cast':
        if (a.type === 'bool') return [under(ONE, conjuncts(a))];
        return a.type === 'f32' && e.type === 'f32' ? this.split(a, taken) : tied(e);
      case 'pow':
        return this.power(e, a, b, taken);
      case 'exp':
        return this.exponential(e, a);
      case 'exp2': {
        const steps = this.scope.pair && powerSteps(twoTo, a, this.scope.pair, this.scope.distance);
        return steps ? [{ ...ONE, steps: [steps] }] : tied(e);
      }
      default:
        return tied(e);
    }
  }

  private few(terms: readonly Term[], at: Expr): Terms {
    return terms.length <= MAX_TERMS ? terms : nearly('has too many terms', at);
  }

  private product(at: Expr, x: Terms, y: Terms): Terms {
    if (isRefusal(x)) return x;
    if (isRefusal(y)) return y;
    if (x.length > 1 && y.length > 1 && [...x, ...y].some((t) => t.negative))
      return nearly('multiplies differences, whose parts would be great where they are small', at);
    return this.few(
      x.flatMap((s) => y.map((t) => product(this.draft, s, t))),
      at,
    );
  }

  private choice(e: OpExpr, taken: ReadonlySet<string>): Terms {
    const [condition, yes, no] = e.args as readonly [Expr, Expr, Expr];
    const [x, y] = [this.split(yes, taken), this.split(no, taken)];
    if (isRefusal(x)) return x;
    if (isRefusal(y)) return y;
    const otherwise = conjuncts(negated(condition));
    return this.few(
      [...x.map((t) => under(t, conjuncts(condition))), ...y.map((t) => under(t, otherwise))],
      e,
    );
  }

  private power(e: Expr, base: Expr, exponent: Expr, taken: ReadonlySet<string>): Terms {
    const { pair, distance } = this.scope;
    const steps = pair && powerSteps(base, exponent, pair, distance);
    if (steps) return [{ ...ONE, steps: [steps] }];
    const square = exponent.kind === 'const' && exponent.value === 2;
    return square ? this.product(e, this.split(base, taken), this.split(base, taken)) : tied(e);
  }

  private exponential(e: Expr, of: Expr): Terms {
    const parts = this.parts(of);
    if (isRefusal(parts)) return tied(e);
    const { pair, distance } = this.scope;
    const steps = parts.flatMap((p) => {
      if (!this.isMixed(p.expr)) return [];
      const found = exponentialSteps(p.expr, pair!, distance)!;
      return [p.negative ? { ...found, base: simplify(op('neg', found.base)) } : found];
    });
    const still = parts.filter((p) => !this.isMixed(p.expr));
    const rows = still.filter((p) => this.sees(p.expr, 'rows'));
    const over = still.filter((p) => this.sees(p.expr, 'over'));
    // Between a great and a small part lies an exponential of neither: only what one side says can stand alone.
    if (rows.length > 0 && over.length > 0) return [{ ...ONE, steps, exponent: still }];
    if (still.length === 0) return [{ ...ONE, steps }];
    const sum = still.map((p) => (p.negative ? op('neg', p.expr) : p.expr)).reduce((x, y) => op('add', x, y));
    if (rows.length > 0 && steps.length > 0) return [{ ...ONE, steps, exponent: still }];
    return [{ ...factor(op('exp', sum)), steps }];
  }

  /** A sum inside: its axes are summed with the term. */
  private sum(e: ReduceExpr, taken: ReadonlySet<string>): Terms {
    if (e.op !== 'sum' || e.type !== 'f32') return tied(e);
    const clash = e.axes.filter((a) => taken.has(a));
    const renamed = new Map(clash.map((a) => [a, this.draft.copyAxis(a)]));
    const map = new Map([...renamed].map(([a, b]) => [a, { kind: 'var', type: 'i32', name: b } as const]));
    const axes = e.axes.map((a) => renamed.get(a) ?? a);
    const body = this.draft.replace(e.body, map);
    const where = e.where ? conjuncts(this.draft.replace(e.where, map)) : [];
    const inner = this.split(body, new Set([...taken, ...axes]));
    return isRefusal(inner) ? inner : inner.map((t) => ({ ...under(t, where), axes: [...axes, ...t.axes] }));
  }
}

const twoTo: Expr = { kind: 'const', type: 'f32', value: 2 };
