/**
 * Predicates in the form that the analysis reads: `not` pushed to the leaves, choices opened, comparisons of whole numbers
 * as constraints on forms.
 */
import { all, any, negated, notPositive } from './compare.ts';
import { bool, constant, freeVars, i32, key, op, type Expr, type OpExpr } from './expr.ts';
import { endsWhereNotPositive, moves, place, type Ends, type Form } from './forms.ts';
import type { Box } from './interval.ts';
import {
  combine,
  fixedNumber,
  floorMod,
  fromLinear,
  linear,
  scaled,
  type Linear,
  type Term,
} from './linear.ts';

export type Leaf =
  /** Does not depend on the box. */
  | { readonly kind: 'fixed'; readonly source: Expr }
  | ({ readonly kind: 'ends'; readonly form: Form; readonly source: Expr } & Ends)
  /** The form is not this value. */
  | { readonly kind: 'differs'; readonly form: Form; readonly from: Expr; readonly source: Expr }
  /** Whether `of & (of - 1)` is zero: for 0 and powers of two. */
  | { readonly kind: 'one-bit'; readonly of: Expr; readonly holds: boolean; readonly source: Expr }
  /** Words and floats, of which only ranges are compared. */
  | { readonly kind: 'compare'; readonly of: OpExpr; readonly holds: boolean; readonly source: Expr }
  | { readonly kind: 'unknown'; readonly source: Expr };
export type Predicate = Leaf | Joined<'and'> | Joined<'or'>;
interface Joined<K> {
  readonly kind: K;
  readonly parts: readonly Predicate[];
  readonly source: Expr;
}

/** How many choices of one leaf are opened: every one doubles it. */
const FUEL = 4;
/** How many parts a predicate is taken apart into; the rest is unknown. */
const PARTS = 100;

/** The predicate, or its opposite. */
export const predicate = (e: Expr, box: Box, holds = true): Predicate => new Predicates(box).of(e, holds);
const one = fixedNumber(1);

class Predicates {
  private parts = 0;

  constructor(private readonly box: Box) {}

  of(e: Expr, holds = true): Predicate {
    const source = holds ? e : negated(e);
    if (!moves(e, this.box)) return { kind: 'fixed', source };
    if (e.kind !== 'op' || ++this.parts > PARTS) return { kind: 'unknown', source };
    const [a, b, c] = [e.args[0]!, e.args[1]!, e.args[2]!];
    const join = (kind: 'and' | 'or', parts: readonly Predicate[]): Predicate => ({ kind, parts, source });
    const choice = (k: Expr, x: Predicate, y: Predicate): Predicate =>
      join('or', [join('and', [this.of(k), x]), join('and', [this.of(k, false), y])]);
    switch (e.op) {
      case 'and':
      case 'or':
        return join((e.op === 'and') === holds ? 'and' : 'or', [this.of(a, holds), this.of(b, holds)]);
      case 'not':
        return this.of(a, !holds);
      case 'select':
        return choice(a, this.of(b, holds), this.of(c, holds));
      case 'cast':
        return a.type === 'bool' ? this.of(a, holds) : this.of(op('ne', a, constant(a.type, 0)), holds);
      case 'eq':
      case 'ne':
        if (a.type === 'bool') {
          const same = (e.op === 'eq') === holds;
          return choice(a, this.of(b, same), this.of(b, !same));
        }
        break;
      case 'lt':
      case 'le':
      case 'gt':
      case 'ge':
        break;
      default:
        return { kind: 'unknown', source };
    }
    if (a.type !== 'i32') return { kind: 'compare', of: e, holds, source };
    const compared = this.compare(e, holds);
    // The spelling of the source is what people read.
    return compared.kind === 'and' || compared.kind === 'or' || compared.kind === 'fixed'
      ? compared
      : { ...compared, source };
  }

  private compare(e: OpExpr, holds: boolean): Predicate {
    const [a, b] = [linear(e.args[0]!), linear(e.args[1]!)];
    const gap = combine(a, b, -1);
    const strict = combine(gap, one);
    const [reverse, reverseStrict] = [scaled(gap, -1), combine(scaled(gap, -1), one)];
    switch (e.op) {
      case 'le':
        return holds ? this.atMostZero(gap, FUEL) : this.atMostZero(reverseStrict, FUEL);
      case 'lt':
        return holds ? this.atMostZero(strict, FUEL) : this.atMostZero(reverse, FUEL);
      case 'ge':
        return holds ? this.atMostZero(reverse, FUEL) : this.atMostZero(strict, FUEL);
      case 'gt':
        return holds ? this.atMostZero(reverseStrict, FUEL) : this.atMostZero(gap, FUEL);
      default:
        return (e.op === 'eq') === holds ? this.zero(gap, FUEL) : this.nonZero(gap, FUEL);
    }
  }

  private atMostZero(x: Linear, fuel: number): Predicate {
    const source = notPositive(x);
    if (source.kind === 'const') return { kind: 'fixed', source };
    const open = this.open(x, fuel);
    if (open) return open((y) => this.atMostZero(y, fuel - 1), 'least');
    const p = place(x, this.box);
    if (!p) return { kind: 'fixed', source };
    return { kind: 'ends', form: p.form, ...endsWhereNotPositive(p), source };
  }

  private zero(x: Linear, fuel: number): Predicate {
    const source = this.equation('eq', x);
    if (source.kind === 'const') return { kind: 'fixed', source };
    const special = this.special(x, true);
    if (special) return special;
    const chosen = this.open(x, fuel);
    if (chosen) return chosen((y) => this.zero(y, fuel - 1), 'exact');
    const [p, q] = [place(x, this.box), place(scaled(x, -1), this.box)];
    if (!p || !q) return { kind: 'fixed', source };
    const [u, v] = [endsWhereNotPositive(p), endsWhereNotPositive(q)];
    return { kind: 'ends', form: p.form, los: [...u.los, ...v.los], his: [...u.his, ...v.his], source };
  }

  private nonZero(x: Linear, fuel: number): Predicate {
    const source = this.equation('ne', x);
    if (source.kind === 'const') return { kind: 'fixed', source };
    const special = this.special(x, false);
    if (special) return special;
    const open = this.open(x, fuel);
    const p = place(x, this.box);
    if (!p) return { kind: 'fixed', source };
    if (open || Math.abs(p.factor) !== 1)
      return {
        kind: 'or',
        parts: [this.atMostZero(combine(x, one), fuel), this.atMostZero(combine(scaled(x, -1), one), fuel)],
        source,
      };
    return { kind: 'differs', form: p.form, from: fromLinear(scaled(p.fixed, -p.factor)), source };
  }

  private equation(o: 'eq' | 'ne', x: Linear): Expr {
    if (x.terms.size === 0) return bool((x.constant === 0) === (o === 'eq'));
    const { constant: c } = x;
    return op(o, fromLinear({ terms: x.terms, constant: 0 }), i32(-c | 0));
  }

  /** Equal remainders of one divisor, and the test for a single bit. */
  private special(x: Linear, holds: boolean): Predicate | undefined {
    const terms = [...x.terms.values()];
    const [s, t] = terms;
    if (terms.length === 2 && x.constant === 0 && s!.by === -t!.by && Math.abs(s!.by) === 1) {
      const [u, v] = [remainderOf(s!.atom), remainderOf(t!.atom)];
      if (!u || !v || key(u.by) !== key(v.by)) return undefined;
      const rest = floorMod(fromLinear(combine(linear(u.of), linear(v.of), -1)), u.by);
      return rest.kind === 'const'
        ? { kind: 'fixed', source: bool((rest.value === 0) === holds) }
        : holds
          ? this.zero(linear(rest), 0)
          : this.nonZero(linear(rest), 0);
    }
    if (terms.length !== 1 || x.constant !== 0) return undefined;
    const bits = s!.atom;
    if (bits.kind !== 'op' || bits.op !== 'bitand' || !moves(bits, this.box)) return undefined;
    for (const [p, q] of [bits.args, [...bits.args].reverse()]) {
      const gap = combine(linear(p!), linear(q!), -1);
      if (gap.terms.size === 0 && gap.constant === 1)
        return { kind: 'one-bit', of: p!, holds, source: this.equation(holds ? 'eq' : 'ne', x) };
    }
    return undefined;
  }

  /**
   * A sum that is compared with zero, with one choice in it opened: absolute values, extremes that share variables with
   * the rest of the sum (alone, their range says as much), and selections.
   */
  private open(
    x: Linear,
    fuel: number,
  ): ((go: (y: Linear) => Predicate, ask: 'least' | 'exact') => Predicate) | undefined {
    if (fuel === 0) return undefined;
    const moving = [...x.terms].filter(([, t]) => moves(t.atom, this.box));
    for (const [k, t] of moving) {
      const { atom } = t;
      if (atom.kind !== 'op') continue;
      const rest: Linear = {
        terms: new Map([...x.terms].filter(([other]) => other !== k)),
        constant: x.constant,
      };
      const put = (e: Linear): Linear => combine(rest, e, t.by);
      if (atom.op === 'select' || (atom.op === 'cast' && atom.args[0]!.type === 'bool'))
        return (go) => this.choose(atom, (e) => go(put(linear(e))));
      const sides = sidesOf(atom);
      if (
        !sides ||
        !(
          moving.length === 1 ||
          this.overlaps(
            t,
            moving.map(([, m]) => m),
          )
        )
      )
        continue;
      const [p, q] = sides.map(put) as [Linear, Linear];
      const largest = atom.op !== 'min';
      return (go, ask) => {
        // max(p, q) <= 0 where both are; == 0 where both are at most 0 and one of them is at least 0.
        const up = (y: Linear): Predicate => (ask === 'least' ? go(y) : this.atMostZero(y, fuel - 1));
        const down = (y: Linear): Predicate => this.atMostZero(scaled(y, -1), fuel - 1);
        const grows = largest === t.by > 0;
        const join = (kind: 'and' | 'or', f: (y: Linear) => Predicate): Predicate => {
          const parts = [f(p), f(q)];
          const sources = parts.map((part) => part.source);
          return { kind, parts, source: kind === 'and' ? all(sources) : any(sources) };
        };
        const upper = join(grows ? 'and' : 'or', up);
        if (ask === 'least') return upper;
        const lower = join(grows ? 'or' : 'and', down);
        return { kind: 'and', parts: [upper, lower], source: this.equation('eq', x) };
      };
    }
    return undefined;
  }

  private choose(atom: OpExpr, go: (e: Expr) => Predicate): Predicate {
    const [c, a, b] = atom.op === 'select' ? atom.args : [atom.args[0], i32(1), i32(0)];
    const branch = (holds: boolean, e: Expr): Predicate => {
      const [when, then] = [this.of(c!, holds), go(e)];
      return { kind: 'and', parts: [when, then], source: all([when.source, then.source]) };
    };
    const parts = [branch(true, a!), branch(false, b!)];
    return { kind: 'or', parts, source: any(parts.map((p) => p.source)) };
  }

  private overlaps(t: Term, all: readonly Term[]): boolean {
    const mine = freeVars(t.atom);
    return all.some((o) => o !== t && [...freeVars(o.atom)].some((v) => mine.has(v) && this.box.has(v)));
  }
}

function remainderOf(e: Expr): { readonly of: Expr; readonly by: Expr } | undefined {
  return e.kind === 'op' && e.op === 'mod' ? { of: e.args[0]!, by: e.args[1]! } : undefined;
}

/** The two sums of which an absolute value or an extreme is one. */
function sidesOf(e: OpExpr): readonly [Linear, Linear] | undefined {
  const a = linear(e.args[0]!);
  if (e.op === 'abs') return [a, scaled(a, -1)];
  return e.op === 'min' || e.op === 'max' ? [a, linear(e.args[1]!)] : undefined;
}
