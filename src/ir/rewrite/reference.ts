/** Exponents that both sides add to: exp(a − m) with m a running maximum, relative to which a sum is carried. */
import { f32, key, op, rewrite, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Mode } from './build.ts';
import type { Carries } from './carry.ts';
import { mentions, type Draft } from './draft.ts';
import { nearly, type Refusal } from './refusal.ts';
import type { Scope } from './separate.ts';
import type { Part } from './terms.ts';

export interface Reference {
  /** Exponent of what the reduced side adds, over reduced positions. */
  readonly added: Expr;
  /** Exponent by which a step moves what is carried. */
  readonly moved?: Expr;
  /** Brings a read before the step to the reference after it. */
  readonly late?: Expr;
  /** Factors of the rows alone. */
  readonly outer: readonly Expr[];
}

const sum = (parts: readonly Part[]): Expr | undefined => {
  const [first, ...rest] = parts;
  if (!first) return undefined;
  const head: Expr = first.negative ? op('neg', first.expr) : first.expr;
  return rest.reduce<Expr>((a, p) => op(p.negative ? 'sub' : 'add', a, p.expr), head);
};

const raised = (p: Part): Expr => op('exp', p.negative ? op('neg', p.expr) : p.expr);

class Exponents {
  constructor(
    private readonly scope: Scope,
    private readonly draft: Draft,
    private readonly carries: Carries,
  ) {}

  /** With running maxima in sight: definitions that rest on one are read through, guards against empty rows are gone. */
  opened(e: Expr): Expr {
    const value = e.kind === 'read' ? this.draft.inlined(e) : undefined;
    if (value && !this.isMaximum(e)) {
      const inner = this.opened(value);
      return this.holdsMaximum(inner) ? inner : e;
    }
    if (e.kind !== 'op') return e;
    const args = e.args.map((a) => this.opened(a));
    // Where the guard fails nothing is kept, and the sum is 0 whatever it is relative to.
    const [, x, none] = args;
    const guards = e.op === 'select' && none?.kind === 'const' && none.value === -Infinity;
    if (guards && this.holdsMaximum(x!)) return x!;
    return { ...e, args };
  }

  private isMaximum(e: Expr): boolean {
    return e.kind === 'read' && this.carries.maximum(e) !== undefined;
  }

  holdsMaximum(e: Expr): boolean {
    return this.isMaximum(e) || (e.kind === 'op' && e.args.some((a) => this.holdsMaximum(a)));
  }

  /** Nothing but the maxima moves with the rows. */
  isReference(p: Part): boolean {
    if (!p.negative || !this.holdsMaximum(p.expr)) return false;
    const still = rewrite(p.expr, (x) => (this.isMaximum(x) ? f32(0) : x));
    return !mentions(still, this.scope.rows);
  }

  /** The parts of a sum, opened, without those that cancel. */
  parts(all: readonly Part[]): readonly Part[] {
    const flat: Part[] = [];
    const go = (e: Expr, negative: boolean): void => {
      if (e.kind === 'op' && (e.op === 'add' || e.op === 'sub')) {
        go(e.args[0]!, negative);
        go(e.args[1]!, negative !== (e.op === 'sub'));
      } else if (e.kind === 'op' && e.op === 'neg') go(e.args[0]!, !negative);
      else flat.push({ expr: e, negative });
    };
    for (const p of all) go(mentions(p.expr, this.scope.over) ? p.expr : this.opened(p.expr), p.negative);
    for (let n = 0; n < flat.length; n++) {
      const p = flat[n]!;
      const other = flat.findIndex((q) => q.negative !== p.negative && key(q.expr) === key(p.expr));
      if (other < 0) continue;
      flat.splice(other, 1);
      flat.splice(flat.indexOf(p), 1);
      n = -1;
    }
    return flat;
  }
}

/** What a sum of exp(Σ parts) is carried relative to. */
export function referenceOf(
  all: readonly Part[],
  scope: Scope,
  mode: Mode,
  draft: Draft,
  carries: Carries,
): Reference | Refusal {
  const exponents = new Exponents(scope, draft, carries);
  const parts = exponents.parts(all);
  const over = parts.filter((p) => mentions(p.expr, scope.over));
  const references = parts.filter((p) => exponents.isReference(p));
  const rows = parts.filter((p) => !over.includes(p) && !references.includes(p));
  const still = rows.filter((p) => !mentions(p.expr, scope.rows));
  const outer = rows.filter((p) => mentions(p.expr, scope.rows));
  const [reference, ...more] = references;
  if (mode.kind === 'same') return { added: sum(parts) ?? f32(0), outer: [] };
  if (mode.kind === 'all' || !reference || more.length > 0) {
    const added = sum([...over, ...still]) ?? f32(0);
    // One side alone cannot make a great exponential that the other one would undo.
    if (outer.length === 0 && references.length === 0) return { added, outer: [] };
    if (over.length === 0) return { added, outer: [...outer, ...references].map(raised) };
    return nearly(
      'an exponent adds what both sides say, with no running maximum of one side to keep it small',
    );
  }
  const maxima: { readonly reverse: boolean; readonly after: boolean }[] = [];
  rewrite(reference.expr, (x) => {
    const found = x.kind === 'read' ? carries.maximum(x) : undefined;
    if (found && x.kind === 'read')
      maxima.push({ reverse: found.state.reverse, after: x.name === found.next.name });
    return x;
  });
  const after = maxima[0]!.after;
  if (maxima.some((m) => m.reverse !== mode.reverse || m.after !== after) || (!after && mode.inclusive))
    return nearly('the running maximum in the exponent is over other positions than the sum');
  const [old, now] = [carries.at(reference.expr, 'before'), carries.at(reference.expr, 'after')];
  const moved = op('sub', old, now);
  return {
    added: simplify(op('sub', sum([...over, ...still]) ?? f32(0), now)),
    moved,
    ...(after && !mode.inclusive ? { late: op('exp', moved) } : {}),
    outer: outer.map(raised),
  };
}
