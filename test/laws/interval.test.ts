/**
 * Laws of the analysis of predicates, by brute force over all points of a box, in 32-bit arithmetic that wraps:
 *
 *   where a predicate holds at some point, `may` is true; where `must` is true, it holds at every point;
 *   every value of a variable at which it holds lies in a range of its solution, and the rest holds there;
 *   for any params, or else `fits` is false.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { compileExpr, evaluate } from '../../src/expr/evaluate.ts';
import { bool, i32, op, rewrite, variable, type Expr } from '../../src/expr/expr.ts';
import { fits } from '../../src/expr/fits.ts';
import { truthOf, type Box, type Truth } from '../../src/expr/interval.ts';
import { printExpr } from '../../src/expr/print.ts';
import { solveFor, type Solution } from '../../src/expr/solve.ts';
import { masks, predicates } from '../support/predicate-arbitrary.ts';
import { catches, demand, holds } from './law.ts';

type Ends = readonly [number, number];
interface Case {
  readonly predicate: Expr;
  /** Least and greatest value of what is in the box. */
  readonly ends: Readonly<Record<string, Ends>>;
  readonly params: { readonly w: number; readonly m: number };
}

const range = (least: number, most: number, length: number): fc.Arbitrary<Ends> =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.nat(length)).map(([low, n]): Ends => [low, low + n]);
const extreme = fc.constantFrom(
  ...[
    2147483647, 2147483640, 2147483000, -2147483648, -2147483641, 1073741825, 536870912, -1073741900, 65536,
  ],
);
const extremeEnds = extreme.map((x): Ends => [x, x]);

const casesOf = (
  predicate: fc.Arbitrary<Expr>,
  w: fc.Arbitrary<number>,
  u: fc.Arbitrary<Ends>,
): fc.Arbitrary<Case> =>
  fc.record({
    predicate,
    ends: fc.record({
      i: range(0, 30, 5),
      j: range(0, 36, 5),
      k: range(0, 9, 1),
      l: range(0, 9, 1),
      u,
      v: range(-4, 12, 2),
    }),
    params: fc.record({ w, m: fc.oneof({ arbitrary: fc.integer({ min: -2, max: 6 }), weight: 4 }, w) }),
  });
const language = fc.oneof(predicates, masks);
const small = casesOf(language, fc.integer({ min: -3, max: 12 }), range(-4, 12, 2));
const large = casesOf(
  language,
  fc.oneof(fc.integer({ min: -3, max: 12 }), extreme),
  fc.oneof(range(-4, 12, 2), extremeEnds),
);

const NAMES = ['i', 'j', 'k', 'l', 'u', 'v'];
const box: Box = new Map(NAMES.map((n) => [n, { lo: variable(`${n}0`), hi: variable(`${n}1`) }]));
const natural = (name: string): boolean | Expr =>
  /^[ijkl]$/.test(name) ? i32(45) : /^[ijkl][01]$/.test(name);

/** What is looked at, and where a fault can be planted. */
interface Claims {
  readonly fits: Expr;
  readonly truth: Truth;
  readonly solution: Solution;
}
const claimsOf = (predicate: Expr): Claims => ({
  fits: fits(predicate, box, natural),
  truth: truthOf(predicate, box),
  solution: solveFor(predicate, 'j', box, new Set(['i', 'u', 'v'])),
});

/** Calls `visit` at every point; `frame` holds the values of the variables in order. */
function everywhere(ends: readonly Ends[], frame: Float64Array, visit: () => void, axis = 0): void {
  if (axis === ends.length) return visit();
  const [lo, hi] = ends[axis]!;
  for (let x = lo; x <= hi; x++) {
    frame[axis] = x;
    everywhere(ends, frame, visit, axis + 1);
  }
}

function law(c: Case, change: (claims: Claims) => Claims = (x) => x): void {
  const claims = change(claimsOf(c.predicate));
  const outside = new Map(Object.entries(c.params));
  for (const n of NAMES) for (const side of [0, 1] as const) outside.set(`${n}${side}`, c.ends[n]![side]);
  const number = (e: Expr): number => evaluate(e, outside);
  if (number(claims.fits) === 0) return;
  const [may, must] = [number(claims.truth.may) !== 0, number(claims.truth.must) !== 0];
  const ranges = claims.solution.ranges
    .filter((r) => !r.when || number(r.when) !== 0)
    .map((r) => [r.lo ? number(r.lo) : -Infinity, r.hi ? number(r.hi) : Infinity] as const);

  const all = [...NAMES, ...Object.keys(c.params)];
  const frame = new Float64Array(all.length);
  frame.set(Object.values(c.params), NAMES.length);
  const env = { frame, slot: (n: string) => all.indexOf(n) };
  const value = compileExpr(c.predicate, env);
  const rest = compileExpr(claims.solution.rest, env);
  const at = (): string =>
    `${printExpr(c.predicate)} at ${all.map((n, x) => `${n} = ${frame[x]}`).join(', ')}`;
  const text = (e: Expr): string => printExpr(e);
  everywhere(
    NAMES.map((n) => c.ends[n]!),
    frame,
    () => {
      const here = value() !== 0;
      const j = frame[1]!;
      demand(may || !here, () => `may is false (${text(claims.truth.may)}), but true is ${at()}`);
      demand(!must || here, () => `must is true (${text(claims.truth.must)}), but false is ${at()}`);
      if (!here) return;
      demand(
        ranges.some(([lo, hi]) => lo <= j && j <= hi),
        () => `${JSON.stringify(ranges)} miss ${at()}`,
      );
      demand(rest() !== 0, () => `the rest ${text(claims.solution.rest)} is false, but true is ${at()}`);
    },
  );
}

/** The first comparison of a condition turned round. */
function turned(e: Expr): Expr {
  let done = false;
  return rewrite(e, (x) => {
    if (done || x.kind !== 'op' || (x.op !== 'le' && x.op !== 'lt')) return x;
    done = true;
    return op('not', x);
  });
}
const ranged =
  (f: (r: Solution['ranges'][number]) => Solution['ranges'][number]) =>
  (x: Claims): Claims => ({
    ...x,
    solution: { ...x.solution, ranges: x.solution.ranges.map(f) },
  });
const FAULTS: Readonly<Record<string, (x: Claims) => Claims>> = {
  'a range that begins one late': ranged((r) => (r.lo ? { ...r, lo: op('add', r.lo, i32(1)) } : r)),
  'a range that ends one early': ranged((r) => (r.hi ? { ...r, hi: op('sub', r.hi, i32(1)) } : r)),
  'a condition of a range turned round': ranged((r) => (r.when ? { ...r, when: turned(r.when) } : r)),
  'a range too few': (x) => ({ ...x, solution: { ...x.solution, ranges: x.solution.ranges.slice(1) } }),
  'a comparison of may turned round': (x) => ({ ...x, truth: { ...x.truth, may: turned(x.truth.may) } }),
  'may taken for must': (x) => ({ ...x, truth: { ...x.truth, must: x.truth.may } }),
};

describe('analysis of predicates', () => {
  it('is sound', () => holds(small, (c) => law(c), 1200));
  it('is sound for params at the limits of 32 bits', () => holds(large, (c) => law(c), 800));

  for (const [name, fault] of Object.entries(FAULTS))
    it(`notices ${name}`, () => catches(small, (c) => law(c, fault), 1200));
  it('notices that overflow is thought impossible', () =>
    catches(large, (c) => law(c, (x) => ({ ...x, fits: bool(true) })), 800));
});
