/**
 * Symbolic intervals: what an expression can be while some variables range over boxes.
 *
 * Integers and floats get a lower and an upper bound as expressions over the remaining variables, where one is known;
 * booleans get `may` (true somewhere in the box is possible) and `must` (true everywhere in the box). Sound where `fits`
 * holds: a bound that cannot be derived is absent, `may` errs to true and `must` to false.
 */
import { negated } from './compare.ts';
import { Possibility } from './conjunction.ts';
import type { Expr } from './expr.ts';
import { predicate } from './predicate.ts';
import { Ranges } from './ranges.ts';
import { simplify } from './simplify.ts';

export interface Range {
  readonly lo?: Expr;
  readonly hi?: Expr;
}
export interface Truth {
  readonly may: Expr;
  readonly must: Expr;
}
/** What is not in the box is one value, everywhere in the box. Every range holds something. */
export type Box = ReadonlyMap<string, Range>;

export function rangeOf(e: Expr, box: Box): Range {
  return new Ranges(box, e).of(e);
}

/** `may` and `must` of a boolean expression over the box, simplified. */
export function truthOf(e: Expr, box: Box): Truth {
  const possible = new Possibility(new Ranges(box, e));
  const may = simplify(possible.of(predicate(e, box)));
  const must = simplify(negated(possible.of(predicate(e, box, false))));
  // A box is never empty.
  return { may, must: may.kind === 'const' && may.value === 0 ? may : must };
}
