/** Whether a predicate can hold somewhere in a box: its conjunctions narrow what each of their parts can be. */
import { all, any, atMost, below, conjuncts, implies } from './compare.ts';
import { bool, children, i32, key, op, type Expr } from './expr.ts';
import { opposite, place, within, type Context, type Form } from './forms.ts';
import type { Range } from './interval.ts';
import { floorDiv, floorMod, greatest, least, linear, minus, multiple, plus, type Term } from './linear.ts';
import type { Leaf, Predicate } from './predicate.ts';
import type { Ranges } from './ranges.ts';

const TRUE = bool(true);
const FALSE = bool(false);
const ZERO = i32(0);
const ONE = i32(1);
/** Alternatives of several disjunctions are tried together up to this number of combinations. */
const COMBINATIONS = 9;
/** Conjunctions that are looked at before the rest of a predicate is taken to be possible. */
const STEPS = 50;

/** Leaves and alternatives of a conjunction, nested ones included. */
export function partsOf(parts: readonly Predicate[]): {
  readonly leaves: readonly Leaf[];
  readonly choices: readonly Predicate[];
} {
  const leaves: Leaf[] = [];
  const choices: Predicate[] = [];
  const go = (x: Predicate): void => {
    if (x.kind === 'and') x.parts.forEach(go);
    else if (x.kind === 'or') choices.push(x);
    else leaves.push(x);
  };
  parts.forEach(go);
  return { leaves, choices };
}

const alternatives = (p: Predicate): readonly Predicate[] =>
  p.kind === 'or' ? p.parts.flatMap(alternatives) : [p];

/** One alternative of every choice, in all combinations; undefined when these are too many. */
export function combinations(
  choices: readonly Predicate[],
  limit = COMBINATIONS,
): readonly (readonly Predicate[])[] | undefined {
  let found: readonly (readonly Predicate[])[] = [[]];
  for (const c of choices) {
    found = found.flatMap((f) => alternatives(c).map((a) => [...f, a]));
    if (found.length > limit) return undefined;
  }
  return found;
}

export class Possibility {
  private steps = 0;

  constructor(private readonly ranges: Ranges) {}

  /** False where no point of the box satisfies the predicate. */
  of(p: Predicate): Expr {
    this.steps = 0;
    return this.conjunction([p], new Map(), [], []);
  }

  /**
   * @param pending tests of the conjunctions around, which a narrower context may decide
   * @param known what holds already where the result is asked
   */
  private conjunction(
    parts: readonly Predicate[],
    outer: Context,
    pending: readonly Leaf[],
    known: readonly Expr[],
  ): Expr {
    if (++this.steps > STEPS) return TRUE;
    const { leaves, choices } = partsOf(parts);
    const context = within(
      outer,
      leaves.filter((l) => l.kind === 'ends'),
    );
    const tests = [...pending, ...leaves.filter((l) => l.kind !== 'ends')];
    const found = all([
      ...[...context.values()].map(({ form }) => this.inhabited(form, context)),
      ...tests.map((l) => this.test(l, context)),
    ]);
    const fresh = all(conjuncts(found).filter((c) => !known.some((k) => implies(k, c))));
    if (choices.length === 0 || (fresh.kind === 'const' && fresh.value === 0)) return fresh;
    const established = [...known, ...conjuncts(fresh)];
    const branch = (chosen: readonly Predicate[]): Expr =>
      this.conjunction(chosen, context, tests, established);
    const together = combinations(choices);
    const rest = together
      ? [any(together.map(branch))]
      : choices.map((c) => any(alternatives(c).map((a) => branch([a]))));
    return all([fresh, ...rest]);
  }

  /** Something lies between all ends of a form. */
  inhabited(form: Form, context: Context): Expr {
    const { los, his } = context.get(form.key)!;
    const bare = this.bare(form, context);
    const among = los.flatMap((l) => his.map((h) => atMost(l, h)));
    const low = bare.lo ? his.map((h) => atMost(bare.lo!, h)) : [];
    const high = bare.hi ? los.map((l) => atMost(l, bare.hi!)) : [];
    const positive = this.divisor(form);
    const holds = positive ? atMost(ONE, positive) : TRUE;
    const between = [...low, ...high, ...among].filter((c) => !implies(holds, c));
    return all([...between, this.residue(form, los, his, context)]);
  }

  /** For a remainder: between the ends of its dividend lies a number that leaves one of the wanted remainders. */
  private residue(form: Form, los: readonly Expr[], his: readonly Expr[], context: Context): Expr {
    const by = this.divisor(form);
    if (!by) return TRUE;
    const x = this.narrowed(children(form.terms[0]!.atom)[0]!, context);
    if (!x.lo || !x.hi) return TRUE;
    const same = los.find((l) => his.some((h) => key(l) === key(h)));
    const first = same ?? [ZERO, ...los].reduce(greatest);
    const last = same ?? [minus(by, ONE), ...his].reduce(least);
    return below(floorDiv(minus(minus(x.lo, ONE), last), by), floorDiv(minus(x.hi, first), by));
  }

  /** What a form that is a remainder divides by. */
  private divisor(form: Form): Expr | undefined {
    const [{ atom }] = form.terms as readonly [Term];
    const by = form.terms.length === 1 && atom.kind === 'op' && atom.op === 'mod' ? atom.args[1] : undefined;
    return by && this.divides(by) ? by : undefined;
  }

  /** All that a remainder can be: where in there its dividend leads is for `residue` to say. */
  private bare(form: Form, context: Context): Range {
    const by = this.divisor(form);
    return by ? { lo: ZERO, hi: minus(by, ONE) } : this.ranges.bare(form, context);
  }

  /** Fixed, and no constant that is not positive. */
  private divides(by: Expr): boolean {
    return !place(linear(by), this.ranges.box) && !(by.kind === 'const' && by.value <= 0);
  }

  /** Whether a leaf that is no constraint on a form can hold. */
  test(l: Leaf, context: Context): Expr {
    switch (l.kind) {
      case 'fixed':
        return l.source;
      case 'differs':
        return this.differs(l.form, l.from, context);
      case 'one-bit':
        return oneBit(this.narrowed(l.of, context), l.holds);
      case 'compare': {
        const [a, b] = l.of.args;
        const t = comparison(l.of.op, this.ranges.of(a!, context), this.ranges.of(b!, context));
        return l.holds ? t.may : op('not', t.must);
      }
      default:
        return TRUE;
    }
  }

  private differs(form: Form, from: Expr, context: Context): Expr {
    const by = this.divisor(form);
    if (by) {
      const x = this.narrowed(children(form.terms[0]!.atom)[0]!, context);
      if (!x.lo || !x.hi) return TRUE;
      const other = op('ne', floorMod(x.lo, by), from);
      return any([other, all([below(x.lo, x.hi), negatedOne(by)])]);
    }
    const x = this.ranges.form(form, context);
    return any([x.lo ? below(x.lo, from) : TRUE, x.hi ? below(from, x.hi) : TRUE]);
  }

  /** The range of an expression with what sums that contain it say about it. */
  private narrowed(e: Expr, context: Context): Range {
    const x = this.ranges.of(e, context);
    const placed = place(linear(e), this.ranges.box);
    if (!placed || placed.form.terms.length !== 1) return x;
    let { lo, hi } = x;
    const [mine] = placed.form.terms;
    for (const { form, los, his } of context.values()) {
      const term = form.terms.find((t) => t.atom === mine!.atom || t === mine);
      if (!term || form.terms.length === 1 || Math.abs(term.by) !== 1) continue;
      const rest = this.restOf(form, term.atom, context);
      const [fromLow, fromHigh] = [
        los.flatMap((l) => (rest.hi ? [minus(l, rest.hi)] : [])),
        his.flatMap((h) => (rest.lo ? [minus(h, rest.lo)] : [])),
      ];
      const [ups, downs] =
        term.by > 0 ? [fromHigh, fromLow] : [fromLow.map(opposite), fromHigh.map(opposite)];
      const at = (v: Expr): Expr =>
        plus(multiple(v, placed.factor), minus(e, multiple(mine!.atom, placed.factor)));
      for (const u of placed.factor > 0 ? ups : downs) hi = hi ? least(hi, at(u)) : at(u);
      for (const d of placed.factor > 0 ? downs : ups) lo = lo ? greatest(lo, at(d)) : at(d);
    }
    return { ...(lo ? { lo } : {}), ...(hi ? { hi } : {}) };
  }

  private restOf(form: Form, without: Expr, context: Context): Range {
    const sum = form.terms.filter((t) => t.atom !== without).map((t) => multiple(t.atom, t.by));
    return this.ranges.of(sum.reduce(plus), context);
  }
}

const negatedOne = (by: Expr): Expr => (by.kind === 'const' ? bool(by.value !== 1) : op('ne', by, ONE));

/**
 * Whether some number in the range is 0 or a power of two, or that some is neither. In a range of positive numbers lies a
 * power of two if the least is one, or if the greatest has a higher bit.
 */
function oneBit(x: Range, holds: boolean): Expr {
  const { lo, hi } = x;
  if (!lo || !hi) return TRUE;
  const single = (e: Expr): Expr => op('eq', op('bitand', e, minus(e, ONE)), ZERO);
  if (!holds)
    return any([
      atMost(lo, i32(-1)),
      all([atMost(i32(3), hi), any([below(lo, hi), op('ne', op('bitand', lo, minus(lo, ONE)), ZERO)])]),
    ]);
  const positive = any([single(lo), op('lt', lo, op('bitxor', lo, hi))]);
  return all([atMost(ZERO, hi), any([atMost(lo, ZERO), positive])]);
}

/** Of words and floats by their ranges alone. */
function comparison(o: string, x: Range, y: Range): { readonly may: Expr; readonly must: Expr } {
  const test = (f: 'lt' | 'le', p: Expr | undefined, q: Expr | undefined, unknown: Expr): Expr =>
    p && q ? op(f, p, q) : unknown;
  switch (o) {
    case 'lt':
    case 'le':
      return { may: test(o, x.lo, y.hi, TRUE), must: test(o, x.hi, y.lo, FALSE) };
    case 'gt':
      return { may: test('lt', y.lo, x.hi, TRUE), must: test('lt', y.hi, x.lo, FALSE) };
    case 'ge':
      return { may: test('le', y.lo, x.hi, TRUE), must: test('le', y.hi, x.lo, FALSE) };
    default: {
      const meet = op('and', test('le', x.lo, y.hi, TRUE), test('le', y.lo, x.hi, TRUE));
      const same = op('and', test('le', x.hi, y.lo, FALSE), test('le', y.hi, x.lo, FALSE));
      return o === 'eq' ? { may: meet, must: same } : { may: op('not', same), must: op('not', meet) };
    }
  }
}
