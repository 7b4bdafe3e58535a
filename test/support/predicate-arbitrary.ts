/** Random predicates over the positions i, j, k and l, the params w and m, and u, of which nothing but its range is known. */
import fc from 'fast-check';
import { bool, constant, f32, i32, op, variable, type Expr } from '../../src/expr/expr.ts';
import type { ScalarType } from '../../src/expr/types.ts';

const cast = (type: ScalarType, e: Expr): Expr => ({ kind: 'op', type, op: 'cast', args: [e] });
const [i, j] = [variable('i'), variable('j')];

/** What masks are made of: distances, blocks, residues, distances of blocks. */
const MASKS: readonly fc.Arbitrary<Expr>[] = [
  fc.constant(op('le', j, i)),
  fc.constantFrom('lt', 'le').map((o) => op(o, op('sub', i, j), variable('w'))),
  fc.constantFrom('lt', 'le', 'gt').map((o) => op(o, op('abs', op('sub', i, j)), variable('w'))),
  fc.constantFrom('lt', 'ge').map((o) => op(o, j, variable('w'))),
  fc.constantFrom('eq', 'ne').map((o) => op(o, op('mod', op('sub', i, j), variable('m')), i32(0))),
  fc
    .tuple(fc.constantFrom('eq', 'le', 'lt', 'ne'), fc.integer({ min: 1, max: 5 }))
    .map(([o, n]) => op(o, op('idiv', j, i32(n)), op('idiv', i, i32(n)))),
  fc.constantFrom('eq', 'le').map((o) => op(o, op('idiv', j, variable('m')), op('idiv', i, variable('m')))),
  fc.constantFrom('eq', 'ne').map((o) => {
    const x = op('sub', op('idiv', i, i32(2)), op('idiv', j, i32(2)));
    return op(o, op('bitand', x, op('sub', x, i32(1))), i32(0));
  }),
  fc.constantFrom('eq', 'ne', 'le').map((o) => op(o, variable('u'), variable('v'))),
];

const COMPARISONS = ['lt', 'le', 'gt', 'ge', 'eq', 'ne'] as const;

const tied = fc.letrec<{ integer: Expr; float: Expr; word: Expr; truth: Expr }>((tie) => {
  const depth = { maxDepth: 4, depthSize: 'small' as const };
  const [integer, truth, float, word] = [tie('integer'), tie('truth'), tie('float'), tie('word')];
  return {
    integer: fc.oneof(
      depth,
      fc.constantFrom(...['i', 'j', 'i', 'j', 'w', 'm', 'k', 'l', 'u'].map((n) => variable(n))),
      fc.integer({ min: -6, max: 9 }).map(i32),
      fc
        .tuple(
          fc.constantFrom('add', 'sub', 'sub', 'min', 'max', 'mul', 'bitand', 'bitor', 'bitxor'),
          integer,
          integer,
        )
        .map(([o, a, b]) => op(o, a, b)),
      fc
        .tuple(fc.constantFrom('idiv', 'mod', 'quot', 'rem'), integer, fc.integer({ min: -2, max: 5 }))
        .map(([o, a, b]) => op(o, a, i32(b))),
      fc.tuple(fc.constantFrom('shr', 'shl'), integer, fc.nat(3)).map(([o, a, b]) => op(o, a, i32(b))),
      fc.tuple(fc.constantFrom('idiv', 'mod'), integer, integer).map(([o, a, b]) => op(o, a, b)),
      fc.tuple(fc.constantFrom('idiv', 'mod'), integer).map(([o, a]) => op(o, a, variable('m'))),
      fc.tuple(fc.constantFrom('neg', 'abs', 'bitnot'), integer).map(([o, a]) => op(o, a)),
      fc.tuple(truth, integer, integer).map(([c, a, b]) => op('select', c, a, b)),
      truth.map((e) => cast('i32', e)),
      float.map((e) => cast('i32', e)),
      word.map((e) => cast('i32', e)),
    ),
    word: fc.oneof(
      depth,
      fc.nat(9).map((n) => constant('u32', n)),
      integer.map((e) => cast('u32', op('abs', e))),
      fc
        .tuple(
          fc.constantFrom('add', 'sub', 'min', 'max', 'mul', 'bitand', 'bitor', 'bitxor', 'idiv', 'mod'),
          word,
          word,
        )
        .map(([o, a, b]) => op(o, a, b)),
      fc
        .tuple(fc.constantFrom('idiv', 'mod', 'shr'), word, fc.nat(5))
        .map(([o, a, b]) => op(o, a, constant('u32', b))),
    ),
    float: fc.oneof(
      depth,
      integer.map((e) => cast('f32', e)),
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
      { arbitrary: fc.oneof(...MASKS), weight: 3 },
      fc.tuple(fc.constantFrom(...COMPARISONS), integer, integer).map(([o, a, b]) => op(o, a, b)),
      fc.tuple(fc.constantFrom(...COMPARISONS), float, float).map(([o, a, b]) => op(o, a, b)),
      fc.tuple(fc.constantFrom(...COMPARISONS), word, word).map(([o, a, b]) => op(o, a, b)),
      fc
        .tuple(fc.constantFrom('and', 'and', 'or', 'or', 'eq', 'ne'), truth, truth)
        .map(([o, a, b]) => op(o, a, b)),
      truth.map((a) => op('not', a)),
      fc.tuple(truth, truth, truth).map(([c, a, b]) => op('select', c, a, b)),
      fc.constantFrom(bool(true), bool(false)),
    ),
  };
});

/** Any predicate of the language. */
export const predicates: fc.Arbitrary<Expr> = tied.truth;

/** Conjunctions and disjunctions of the usual conditions alone, where constraints meet. */
export const masks: fc.Arbitrary<Expr> = fc.letrec<{ mask: Expr }>((tie) => ({
  mask: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(...MASKS),
    fc.tuple(fc.constantFrom('and', 'or'), tie('mask'), tie('mask')).map(([o, a, b]) => op(o, a, b)),
    tie('mask').map((a) => op('not', a)),
  ),
})).mask;
