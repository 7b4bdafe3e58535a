/**
 * Law: for every predicate and box, `may` is true if the predicate holds somewhere in the box, and the predicate holds
 * everywhere in the box if `must` is true. Brute force over all points.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { compileExpr, evaluate } from '../../src/expr/evaluate.ts';
import { variable, type Expr } from '../../src/expr/expr.ts';
import { truthOf, type Box, type Truth } from '../../src/expr/interval.ts';
import { printExpr } from '../../src/expr/print.ts';
import { masks, predicates } from '../support/predicate-arbitrary.ts';
import { catches, demand, holds } from './law.ts';

type Ends = readonly [number, number];
interface Case {
  readonly predicate: Expr;
  /** Least and greatest value of what is in the box. */
  readonly ends: Readonly<Record<string, Ends>>;
  readonly params: { readonly w: number; readonly m: number };
  /** Divisors are promised to be positive, and are. */
  readonly fitting: boolean;
}

const range = (length: number): fc.Arbitrary<Ends> =>
  fc.tuple(fc.integer({ min: -4, max: 12 }), fc.nat(length)).map(([low, n]): Ends => [low, low + n]);
const point = range(1);
const cases: fc.Arbitrary<Case> = fc
  .record({
    predicate: fc.oneof(predicates, masks),
    ends: fc.record({ i: range(5), j: range(5), k: point, l: point, u: range(2), v: range(2) }),
    params: fc.record({ w: fc.integer({ min: -3, max: 8 }), m: fc.integer({ min: -2, max: 6 }) }),
    fitting: fc.constant(false),
  })
  .map((c) => (c.fitting ? { ...c, params: { ...c.params, m: Math.abs(c.params.m) + 1 } } : c));

const boxOf = (change: (name: string, side: 0 | 1) => string = (n, side) => `${n}${side}`): Box =>
  new Map(
    ['i', 'j', 'k', 'l', 'u', 'v'].map((n) => [
      n,
      { lo: variable(change(n, 0)), hi: variable(change(n, 1)) },
    ]),
  );

/** Calls `visit` at every point; `at` holds the values of the variables, in the order of `names`. */
function everywhere(ends: readonly Ends[], frame: Float64Array, visit: () => void, axis = 0): void {
  if (axis === ends.length) return visit();
  const [lo, hi] = ends[axis]!;
  for (let x = lo; x <= hi; x++) {
    frame[axis] = x;
    everywhere(ends, frame, visit, axis + 1);
  }
}

function law(c: Case, box = boxOf(), change: (t: Truth) => Truth = (t) => t): void {
  const t = change(truthOf(c.predicate, box, c.fitting));
  const names = Object.keys(c.ends);
  const bounds = new Map(Object.entries(c.params));
  for (const n of names) for (const side of [0, 1] as const) bounds.set(`${n}${side}`, c.ends[n]![side]);
  const may = evaluate(t.may, bounds) !== 0;
  const must = evaluate(t.must, bounds) !== 0;
  if (may && !must) return;
  const all = [...names, ...Object.keys(c.params)];
  const frame = new Float64Array(all.length);
  frame.set(Object.values(c.params), names.length);
  const value = compileExpr(c.predicate, { frame, slot: (n) => all.indexOf(n) });
  const at = (): string =>
    `${printExpr(c.predicate)} at ${all.map((n, x) => `${n} = ${frame[x]}`).join(', ')}`;
  everywhere(
    names.map((n) => c.ends[n]!),
    frame,
    () => {
      const here = value() !== 0;
      demand(may || !here, () => `may is false, but true is ${at()}`);
      demand(!must || here, () => `must is true, but false is ${at()}`);
    },
  );
}

describe('interval analysis', () => {
  it('is sound', () => holds(cases, (c) => law(c), 1500));

  it('notices a box that is taken to end early', () =>
    catches(
      cases,
      (c) =>
        law(
          c,
          boxOf((n, side) => (n === 'i' && side === 1 ? 'i0' : `${n}${side}`)),
        ),
      1500,
    ));
  it('notices must taken for may', () =>
    catches(cases, (c) => law(c, boxOf(), (t) => ({ may: t.must, must: t.must })), 1500));
  it('notices may taken for must', () =>
    catches(cases, (c) => law(c, boxOf(), (t) => ({ may: t.may, must: t.may })), 1500));
});
