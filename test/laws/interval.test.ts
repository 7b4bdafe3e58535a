/**
 * Law: for every predicate and box, `may` is true if the predicate holds somewhere in the box, and the predicate holds
 * everywhere in the box if `must` is true. Brute force over all points.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { evaluate } from '../../src/expr/evaluate.ts';
import { bool, f32, i32, op, variable, type Expr } from '../../src/expr/expr.ts';
import { truthOf, type Box, type Truth } from '../../src/expr/interval.ts';
import { printExpr } from '../../src/expr/print.ts';
import { catches, demand, holds } from './law.ts';

interface Case {
  readonly predicate: Expr;
  /** Least and greatest value of i and j, and what `w`, `t` and the unknown `u` are. */
  readonly i: readonly [number, number];
  readonly j: readonly [number, number];
  readonly w: number;
}

const cast = (e: Expr): Expr => ({ kind: 'op', type: 'f32', op: 'cast', args: [e] });
const toInt = (e: Expr): Expr => ({ kind: 'op', type: 'i32', op: 'cast', args: [e] });

const { truth } = fc.letrec<{ integer: Expr; float: Expr; truth: Expr }>((tie) => {
  const depth = { maxDepth: 4, depthSize: 'small' as const };
  const integer = tie('integer');
  const truth = tie('truth');
  const float = tie('float');
  return {
    integer: fc.oneof(
      depth,
      fc.constantFrom(variable('i'), variable('j'), variable('i'), variable('j'), variable('w')),
      fc.integer({ min: -6, max: 9 }).map(i32),
      fc
        .tuple(fc.constantFrom('add', 'sub', 'min', 'max', 'mul', 'bitand', 'bitor'), integer, integer)
        .map(([o, a, b]) => op(o, a, b)),
      fc
        .tuple(fc.constantFrom('idiv', 'mod', 'quot', 'shr', 'rem'), integer, fc.integer({ min: -2, max: 5 }))
        .map(([o, a, b]) => op(o, a, i32(o === 'shr' ? Math.abs(b) : b))),
      fc.tuple(fc.constantFrom('idiv', 'mod'), integer, integer).map(([o, a, b]) => op(o, a, b)),
      fc.tuple(fc.constantFrom('neg', 'abs', 'bitnot'), integer).map(([o, a]) => op(o, a)),
      fc.tuple(truth, integer, integer).map(([c, a, b]) => op('select', c, a, b)),
      truth.map(toInt),
      float.map(toInt),
    ),
    float: fc.oneof(
      depth,
      integer.map(cast),
      fc.integer({ min: -30, max: 30 }).map((n) => f32(n / 4)),
      fc
        .tuple(fc.constantFrom('add', 'sub', 'mul', 'min', 'max'), float, float)
        .map(([o, a, b]) => op(o, a, b)),
      // Not by zero: what is no number compares with nothing, and a mask over it means nothing.
      fc.tuple(float, fc.constantFrom(-2, 0.5, 3)).map(([a, b]) => op('div', a, f32(b))),
      fc
        .tuple(fc.constantFrom('floor', 'ceil', 'round', 'abs', 'neg', 'tanh'), float)
        .map(([o, a]) => op(o, a)),
    ),
    truth: fc.oneof(
      depth,
      fc
        .tuple(fc.constantFrom('lt', 'le', 'gt', 'ge', 'eq', 'ne'), integer, integer)
        .map(([o, a, b]) => op(o, a, b)),
      fc
        .tuple(fc.constantFrom('lt', 'le', 'gt', 'ge', 'eq', 'ne'), float, float)
        .map(([o, a, b]) => op(o, a, b)),
      fc.tuple(fc.constantFrom('and', 'or', 'eq', 'ne'), truth, truth).map(([o, a, b]) => op(o, a, b)),
      truth.map((a) => op('not', a)),
      fc.tuple(truth, truth, truth).map(([c, a, b]) => op('select', c, a, b)),
      // A value that differs inside the box in a way that nothing is known about.
      fc.constantFrom(op('gt', variable('u'), i32(0)), bool(true), bool(false)),
    ),
  };
});

const range = fc
  .tuple(fc.integer({ min: -4, max: 12 }), fc.nat(5))
  .map(([low, length]): readonly [number, number] => [low, low + length]);
const cases: fc.Arbitrary<Case> = fc.record({
  predicate: truth,
  i: range,
  j: range,
  w: fc.integer({ min: -3, max: 8 }),
});

const boxOf = (shift = 0): Box =>
  new Map([
    ['i', { lo: variable('i0'), hi: op('sub', variable('i1'), i32(shift)) }],
    ['j', { lo: variable('j0'), hi: variable('j1') }],
    ['u', {}],
  ]);

function law(c: Case, box = boxOf(), change: (t: Truth) => Truth = (t) => t): void {
  const t = change(truthOf(c.predicate, box));
  const bounds = new Map([
    ['i0', c.i[0]],
    ['i1', c.i[1]],
    ['j0', c.j[0]],
    ['j1', c.j[1]],
    ['w', c.w],
  ]);
  const may = evaluate(t.may, bounds) !== 0;
  const must = evaluate(t.must, bounds) !== 0;
  for (let i = c.i[0]; i <= c.i[1]; i++)
    for (let j = c.j[0]; j <= c.j[1]; j++)
      for (const u of [0, 1]) {
        const here = new Map([...bounds, ['i', i] as const, ['j', j] as const, ['u', u] as const]);
        const value = evaluate(c.predicate, here) !== 0;
        const at = (): string => `${printExpr(c.predicate)} at i = ${i}, j = ${j}, u = ${u}`;
        demand(may || !value, () => `may is false, but true is ${at()}`);
        demand(!must || value, () => `must is true, but false is ${at()}`);
      }
}

describe('interval analysis', () => {
  it('is sound', () => holds(cases, (c) => law(c), 6000));

  it('notices a box that ends one early', () => catches(cases, (c) => law(c, boxOf(1)), 4000));
  it('notices must taken for may', () =>
    catches(cases, (c) => law(c, boxOf(), (t) => ({ may: t.must, must: t.must })), 4000));
  it('notices may taken for must', () =>
    catches(cases, (c) => law(c, boxOf(), (t) => ({ may: t.may, must: t.may })), 4000));
});
