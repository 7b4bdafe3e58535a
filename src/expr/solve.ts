/** Solves a predicate for one variable: where on that axis can it hold, as a union of intervals in closed form. */
import { all, any, atMost, below, conjuncts, implies, surelyAtMost } from './compare.ts';
import { combinations, partsOf, Possibility } from './conjunction.ts';
import { bool, freeVars, i32, isFalse, key, op, substitute, type Expr } from './expr.ts';
import { moves, opposite, within, type Context, type Ends, type Form } from './forms.ts';
import type { Box, Range } from './interval.ts';
import {
  floorDiv,
  fromLinear,
  greatest,
  least,
  linear,
  minus,
  plus,
  product,
  type Linear,
} from './linear.ts';
import { predicate, type Leaf, type Predicate } from './predicate.ts';
import { make, Ranges } from './ranges.ts';
import { simplify } from './simplify.ts';

/** Values lo … hi, both inclusive, over what the box leaves free; an absent end is open. Empty unless `when` holds. */
export interface Interval {
  readonly lo?: Expr;
  readonly hi?: Expr;
  readonly when?: Expr;
}
export interface Solution {
  /** At least one. Their union holds every value for which the predicate may hold; they may overlap, in any order. */
  readonly ranges: readonly Interval[];
  /** What the ranges do not express: the predicate may hold only where the ranges and this both allow it. */
  readonly rest: Expr;
}

/** More ranges than this become one. */
const RANGES = 4;
/** Conjunctions that are solved one by one before alternatives are left to the rest. */
const PIECES = 24;

/**
 * Values of `name` for which `e` can hold for some choice of the other variables of the box. Sound as long as
 * `fits(e, box)` holds.
 * @param outer variables of the box that have their range for as long as the loop over `name` runs. Of the others only
 *   constant ends are used, and what depends on them stays in the rest. Absent: all but `name` keep their range, and only
 *   what does not mention `name` stays in the rest.
 */
export function solveFor(e: Expr, name: string, box: Box, outer?: ReadonlySet<string>): Solution {
  return new Solver(e, name, box, outer).solve(e);
}

interface Piece extends Ends {
  readonly when: Expr;
}

class Solver {
  private readonly box: Box;
  private readonly ranges: Ranges;
  private readonly possible: Possibility;
  private pieces = 0;

  constructor(
    e: Expr,
    private readonly name: string,
    box: Box,
    private readonly outer: ReadonlySet<string> | undefined,
  ) {
    const constants = ({ lo, hi }: Range): Range =>
      make(lo?.kind === 'const' ? lo : undefined, hi?.kind === 'const' ? hi : undefined);
    const known = (n: string): boolean => n !== name && (outer === undefined || outer.has(n));
    this.box = new Map([...box].map(([n, r]) => [n, known(n) ? r : constants(r)]));
    this.ranges = new Ranges(this.box, e);
    this.possible = new Possibility(this.ranges);
  }

  solve(e: Expr): Solution {
    const p = predicate(e, this.box);
    const found = this.conjunction([p], new Map(), []);
    if (!found) return { ranges: [{}], rest: e };
    const kept = withoutCovered(found);
    if (kept.length === 0) return { ranges: [{ when: bool(false) }], rest: bool(false) };
    const whole = kept.length > RANGES;
    const ranges = (whole ? [hull(kept)] : kept).map((x) => this.interval(x));
    return { ranges, rest: whole ? e : this.rest(p) };
  }

  private interval(p: Piece): Interval {
    const when = simplify(p.when);
    const { lo: first, hi: last } = this.box.get(this.name) ?? {};
    // Only the nearest ends say something.
    const nearest = (
      ends: readonly Expr[],
      nearer: (a: Expr, b: Expr) => boolean,
      outer?: Expr,
    ): readonly Expr[] =>
      ends.filter(
        (e, n) =>
          !(outer && nearer(outer, e)) &&
          !ends.some((o, m) => m !== n && nearer(o, e) && (m < n || !nearer(e, o))),
      );
    const los = nearest(p.los, (a, b) => surelyAtMost(b, a), first);
    const his = nearest(p.his, surelyAtMost, last);
    return {
      ...(los.length > 0 ? { lo: simplify(los.reduce(greatest)) } : {}),
      ...(his.length > 0 ? { hi: simplify(his.reduce(least)) } : {}),
      ...(when.kind === 'const' && when.value !== 0 ? {} : { when }),
    };
  }

  private mentions(e: Expr): boolean {
    return freeVars(e).has(this.name);
  }

  /** Undefined when there are too many alternatives to solve them one by one. */
  private conjunction(
    parts: readonly Predicate[],
    outer: Context,
    pending: readonly Leaf[],
  ): readonly Piece[] | undefined {
    const { leaves, choices } = partsOf(parts);
    const context = within(
      outer,
      leaves.filter((l) => l.kind === 'ends'),
    );
    const tests = [...pending, ...leaves.filter((l) => l.kind !== 'ends')];
    // Alternatives that express nothing would only repeat the others.
    const solved = choices.filter((c) => this.restricts(c));
    const together = combinations(solved, PIECES);
    if (solved.length === 0 || !together)
      return ++this.pieces > PIECES ? undefined : this.piece(context, tests);
    const found: Piece[] = [];
    for (const chosen of together) {
      const some = this.conjunction(chosen, context, tests);
      if (!some) return undefined;
      found.push(...some);
    }
    return found;
  }

  /** Every alternative says something about the variable or about what holds for all of its values. */
  private restricts(p: Predicate): boolean {
    if (p.kind === 'and') return p.parts.some((x) => this.restricts(x));
    if (p.kind === 'or') return p.parts.every((x) => this.restricts(x));
    if (p.kind === 'unknown') return false;
    return !this.mentions(p.source) || p.kind === 'ends';
  }

  private piece(context: Context, tests: readonly Leaf[]): readonly Piece[] {
    const whens = tests.filter((l) => !this.mentions(l.source)).map((l) => this.possible.test(l, context));
    let found: Piece[] = [{ los: [], his: [], when: bool(true) }];
    for (const { form, los, his } of context.values()) {
      if (!form.terms.some((t) => this.mentions(t.atom))) {
        whens.push(this.possible.inhabited(form, context));
        continue;
      }
      whens.push(...los.flatMap((l) => his.map((h) => atMost(l, h))));
      const ends = this.ends(form, los, his, context);
      found = found.flatMap((p) => ends.map((x) => both(p, x)));
    }
    return found
      .map((p): Piece => ({ ...p, when: all([...whens, p.when]) }))
      .map((p): Piece => ({ ...p, when: all([p.when, ...this.meeting(p)]) }))
      .filter((p) => !isFalse(p.when) && !p.los.some((l) => p.his.some((h) => isFalse(atMost(l, h)))));
  }

  /** Some end may lie beyond another: where that is said in a few words. */
  private meeting(p: Piece): readonly Expr[] {
    const short = (e: Expr): boolean =>
      conjuncts(e).every((c) => c.kind !== 'op' || c.args.every(isPlainSum));
    return p.los
      .flatMap((l) => p.his.map((h) => [atMost(l, h), atMost(this.pointwise(l), this.pointwise(h))] as const))
      .filter(([meet, point]) => short(meet) && !implies(p.when, point))
      .map(([meet]) => meet);
  }

  /** With the greatest values of the box taken down to the least: ends that meet there meet everywhere. */
  private pointwise(e: Expr): Expr {
    const down = new Map<string, Expr>();
    for (const { lo, hi } of this.box.values()) if (hi?.kind === 'var' && lo) down.set(hi.name, lo);
    return substitute(e, down);
  }

  /** Where the variable can be while the form is between the ends: alternatives. */
  private ends(form: Form, los: readonly Expr[], his: readonly Expr[], context: Context): readonly Piece[] {
    const sum: Linear = { terms: new Map(form.terms.map((t) => [key(t.atom), t])), constant: 0 };
    return this.invert(sum, los, his, context);
  }

  /** los ≤ x ≤ his */
  private invert(x: Linear, los: readonly Expr[], his: readonly Expr[], context: Context): readonly Piece[] {
    const open: readonly Piece[] = [{ los: [], his: [], when: bool(true) }];
    const mine = [...x.terms].filter(([, t]) => this.mentions(t.atom));
    const [first] = mine;
    if (mine.length !== 1 || !first) return open;
    const [name, term] = first;
    const rest: Linear = { terms: new Map([...x.terms].filter(([k]) => k !== name)), constant: x.constant };
    const r =
      rest.terms.size === 0
        ? { lo: fromLinear(rest), hi: fromLinear(rest) }
        : this.ranges.of(fromLinear(rest), context);
    // by · atom is between l - r.hi and h - r.lo.
    const [low, high] = [
      r.hi ? los.map((l) => minus(l, r.hi!)) : [],
      r.lo ? his.map((h) => minus(h, r.lo!)) : [],
    ];
    const by = i32(Math.abs(term.by));
    const down = (e: Expr): Expr => floorDiv(e, by);
    const up = (e: Expr): Expr => opposite(floorDiv(opposite(e), by));
    return term.by > 0
      ? this.atom(term.atom, low.map(up), high.map(down), context)
      : this.atom(term.atom, high.map(opposite).map(up), low.map(opposite).map(down), context);
  }

  private atom(e: Expr, los: readonly Expr[], his: readonly Expr[], context: Context): readonly Piece[] {
    if (e.kind === 'var') return [{ los, his, when: bool(true) }];
    if (e.kind !== 'op') return [{ los: [], his: [], when: bool(true) }];
    const [a, b] = e.args as readonly [Expr, Expr];
    switch (e.op) {
      case 'idiv': {
        if (this.mentions(b) || moves(b, this.box) || (b.kind === 'const' && b.value <= 0)) break;
        const last = (h: Expr): Expr => minus(product(plus(h, i32(1)), b), i32(1));
        return this.invert(
          linear(a),
          los.map((l) => product(l, b)),
          his.map(last),
          context,
        );
      }
      case 'mul': {
        const [x, by] = this.mentions(a) ? [a, b] : [b, a];
        if (this.mentions(by) || moves(by, this.box)) break;
        const up = (l: Expr): Expr => opposite(floorDiv(opposite(l), by));
        const positive = this.invert(
          linear(x),
          los.map(up),
          his.map((h) => floorDiv(h, by)),
          context,
        );
        if (this.ranges.isPositive(by)) return positive;
        // A factor that is not positive says nothing, here.
        return [
          ...positive.map((p): Piece => ({ ...p, when: all([p.when, atMost(i32(1), by)]) })),
          { los: [], his: [], when: below(by, i32(1)) },
        ];
      }
      case 'abs':
        return this.invert(linear(a), his.map(opposite), his, context);
      case 'max':
      case 'min': {
        // Below a maximum both sides are, above a minimum as well.
        const [l, h] = e.op === 'max' ? [[], his] : [los, []];
        return this.invert(linear(a), l, h, context).flatMap((p) =>
          this.invert(linear(b), l, h, context).map((q) => both(p, q)),
        );
      }
      default:
    }
    return [{ los: [], his: [], when: bool(true) }];
  }

  /** What the ranges do not say, and what narrows it. */
  private rest(p: Predicate): Expr {
    const { leaves, choices } = partsOf([p]);
    const parts = [...leaves, ...choices];
    const open = parts.filter((x) => !this.expressed(x));
    const names = new Set(open.flatMap((x) => [...this.analysed(x)]));
    const narrowing = (x: Predicate): boolean =>
      x.kind === 'ends' && [...freeVars(x.source)].some((v) => this.box.has(v) && names.has(v));
    const kept = parts.filter((x) => open.includes(x) || narrowing(x));
    return simplify(kept.map((x) => x.source).reduce((a, b) => op('and', a, b), bool(true) as Expr));
  }

  private analysed(p: Predicate): ReadonlySet<string> {
    if (p.kind === 'unknown') return new Set();
    if (p.kind === 'and' || p.kind === 'or') return new Set(p.parts.flatMap((x) => [...this.analysed(x)]));
    return freeVars(p.source);
  }

  private expressed(p: Predicate): boolean {
    if (p.kind === 'and' || p.kind === 'or') return p.parts.every((x) => this.expressed(x));
    const others = [...freeVars(p.source)].filter((v) => v !== this.name && this.box.has(v));
    const settled = this.outer
      ? others.every((v) => this.outer!.has(v))
      : this.mentions(p.source) || others.length === 0;
    if (!settled) return false;
    if (!this.mentions(p.source)) return true;
    return (
      p.kind === 'ends' &&
      this.solvable({ terms: new Map(p.form.terms.map((t) => [key(t.atom), t])), constant: 0 })
    );
  }

  /** Whether the ends of the sum become exact ends of the variable. */
  private solvable(x: Linear): boolean {
    const mine = [...x.terms.values()].filter((t) => this.mentions(t.atom));
    const [term] = mine;
    if (mine.length !== 1 || !term) return false;
    const rest = [...x.terms.values()].filter((t) => t !== term);
    if (
      !rest.every((t) => !moves(t.atom, this.box) || (this.ranges.of(t.atom).lo && this.ranges.of(t.atom).hi))
    )
      return false;
    const e = term.atom;
    if (e.kind === 'var') return true;
    return (
      e.kind === 'op' && e.op === 'idiv' && !moves(e.args[1]!, this.box) && this.solvable(linear(e.args[0]!))
    );
  }
}

const isPlainSum = (e: Expr): boolean => [...linear(e).terms.values()].every((t) => t.atom.kind !== 'op');
const both = (p: Piece, q: Piece): Piece => ({
  los: [...p.los, ...q.los],
  his: [...p.his, ...q.his],
  when: all([p.when, q.when]),
});

/** One piece is inside another if it has all of its ends and conditions, or nearer ones. */
function covers(a: Piece, b: Piece): boolean {
  return (
    a.los.every((l) => b.los.some((m) => surelyAtMost(l, m))) &&
    a.his.every((h) => b.his.some((m) => surelyAtMost(m, h))) &&
    implies(b.when, a.when)
  );
}

function withoutCovered(pieces: readonly Piece[]): readonly Piece[] {
  const kept: Piece[] = [];
  for (const p of pieces) {
    if (kept.some((k) => covers(k, p))) continue;
    kept.splice(0, kept.length, ...kept.filter((k) => !covers(p, k)), p);
  }
  return kept;
}

/** One range from the least to the greatest end. */
function hull(pieces: readonly Piece[]): Piece {
  const end = (of: 'los' | 'his'): readonly Expr[] => {
    const inner = of === 'los' ? greatest : least;
    const outer = of === 'los' ? least : greatest;
    if (pieces.some((p) => p[of].length === 0)) return [];
    return [pieces.map((p) => p[of].reduce(inner)).reduce(outer)];
  };
  return { los: end('los'), his: end('his'), when: any(pieces.map((p) => p.when)) };
}
