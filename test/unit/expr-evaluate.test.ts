import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpr, evaluate } from '../../src/expr/evaluate.ts';
import { bool, constant, f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { printExpr } from '../../src/expr/print.ts';
import { castValue, roundBf16, roundF16 } from '../../src/expr/scalar.ts';
import { simplify } from '../../src/expr/simplify.ts';
import type { OpName } from '../../src/expr/ops.ts';
import type { ScalarType } from '../../src/expr/types.ts';

const VARS = { i32: ['i', 'j'], u32: ['u', 'w'], f32: ['x', 'y'], bool: ['p', 'r'] } as const;
const LITERALS: Record<ScalarType, readonly number[]> = {
  i32: [-2147483648, -3, -1, 0, 1, 2, 7, 2147483647],
  u32: [0, 1, 2, 31, 4294967295],
  f32: [-2.5, -1, 0, 0.5, 1, 3],
  bool: [0, 1],
};
const node = (type: ScalarType, name: OpName, args: Expr[]): Expr => ({ kind: 'op', type, op: name, args });

const arbitraries = new Map<string, fc.Arbitrary<Expr>>();
/** Well-typed expressions without reads, a few operations deep. */
function exprOf(type: ScalarType, depth: number): fc.Arbitrary<Expr> {
  const made = arbitraries.get(`${type}${depth}`) ?? makeExprOf(type, depth);
  arbitraries.set(`${type}${depth}`, made);
  return made;
}
function makeExprOf(type: ScalarType, depth: number): fc.Arbitrary<Expr> {
  const leaf = fc.oneof(
    fc.constantFrom(...LITERALS[type]).map((v): Expr => constant(type, v)),
    fc.constantFrom(...VARS[type]).map((n): Expr => variable(n, type)),
  );
  if (depth === 0) return leaf;
  const sub = (t: ScalarType): fc.Arbitrary<Expr> => exprOf(t, depth - 1);
  const binary = (names: readonly OpName[], from: ScalarType): fc.Arbitrary<Expr> =>
    fc.tuple(fc.constantFrom(...names), sub(from), sub(from)).map(([n, a, b]) => node(type, n, [a, b]));
  const select = fc.tuple(sub('bool'), sub(type), sub(type)).map((args) => node(type, 'select', args));
  const arith: readonly OpName[] = ['add', 'sub', 'mul', 'min', 'max'];
  if (type === 'f32')
    return fc.oneof(
      leaf,
      select,
      binary([...arith, 'div'], 'f32'),
      sub('i32').map((a) => node('f32', 'cast', [a])),
      sub('f32').map((a) => node('f32', 'neg', [a])),
    );
  if (type === 'bool') {
    const compare: readonly OpName[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
    return fc.oneof(
      leaf,
      select,
      binary(['and', 'or'], 'bool'),
      binary(compare, 'i32'),
      binary(compare, 'f32'),
      sub('bool').map((a) => node('bool', 'not', [a])),
    );
  }
  return fc.oneof(
    leaf,
    select,
    binary([...arith, 'idiv', 'mod', 'quot', 'rem', 'bitand', 'bitor', 'bitxor', 'shl', 'shr'], type),
    sub('f32').map((a) => node(type, 'cast', [a])),
    sub(type).map((a) => node(type, 'neg', [a])),
  );
}
const anyExpr = fc.oneof(exprOf('i32', 4), exprOf('u32', 4), exprOf('f32', 4), exprOf('bool', 4));
const values = fc.record({
  i: fc.constantFrom(...LITERALS.i32),
  j: fc.integer({ min: -9, max: 9 }),
  u: fc.constantFrom(...LITERALS.u32),
  w: fc.integer({ min: 0, max: 9 }),
  x: fc.integer({ min: -300, max: 300 }).map((n) => n / 100),
  y: fc.constantFrom(...LITERALS.f32),
  p: fc.constantFrom(0, 1),
  r: fc.constantFrom(0, 1),
});

describe('evaluation', () => {
  it('gives the same value compiled as walked', () => {
    fc.assert(
      fc.property(anyExpr, values, (e, v) => {
        const names = Object.keys(v);
        const frame = Float64Array.from(Object.values(v));
        const f = compileExpr(e, { frame, slot: (n) => names.indexOf(n) });
        expect(f()).toBe(evaluate(e, new Map(Object.entries(v))));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps integers within their type', () => {
    fc.assert(
      fc.property(exprOf('i32', 4), values, (e, v) => {
        const x = evaluate(e, new Map(Object.entries(v)));
        expect(Object.is(x, x | 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('wraps, rounds down and divides by zero as the table says', () => {
    const at = (e: Expr): number => evaluate(e, new Map());
    expect(at(op('mul', i32(65536), i32(65536)))).toBe(0);
    expect(at(op('add', i32(2147483647), i32(1)))).toBe(-2147483648);
    expect(at(op('idiv', i32(-7), i32(2)))).toBe(-4);
    expect(at(op('mod', i32(-7), i32(2)))).toBe(1);
    expect(at(op('idiv', i32(5), i32(0)))).toBe(0);
    expect(at(op('shr', constant('u32', 4294967295), constant('u32', 28)))).toBe(15);
    expect(at(op('shr', i32(-16), i32(2)))).toBe(-4);
    expect(castValue('f32', 'i32', -1.9)).toBe(-1);
    expect(castValue('f32', 'u32', -5)).toBe(0);
    expect(castValue('i32', 'u32', -1)).toBe(4294967295);
  });

  it('leaves the branch that is not taken alone', () => {
    const frame = Float64Array.of(0);
    const fail = (): never => {
      throw new Error('evaluated');
    };
    const env = { frame, slot: () => 0, read: () => fail };
    const bad = op('gt', read('t', [i32(0)]), f32(0));
    expect(compileExpr(op('and', variable('c', 'bool'), bad), env)()).toBe(0);
    expect(compileExpr(op('select', variable('c', 'bool'), read('t', []), f32(2)), env)()).toBe(2);
  });

  it('rounds to 16-bit floats with ties to even', () => {
    expect(roundF16(1 + 2 ** -11)).toBe(1);
    expect(roundF16(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
    expect(roundF16(65519)).toBe(65504);
    expect(roundF16(65520)).toBe(Infinity);
    expect(roundF16(-(2 ** -25))).toBe(-0);
    expect(roundF16(1.5 * 2 ** -24)).toBe(2 ** -23);
    expect(roundBf16(1 + 2 ** -8)).toBe(1);
    expect(roundBf16(3.14159)).toBe(3.140625);
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (x) => {
        const y = roundBf16(x);
        const bits = new DataView(new ArrayBuffer(4));
        bits.setFloat32(0, y);
        return (
          !Number.isFinite(y) || ((bits.getUint32(0) & 0xffff) === 0 && Object.is(bits.getFloat32(0), y))
        );
      }),
    );
  });
});

describe('simplify', () => {
  it('keeps the meaning of every expression', () => {
    fc.assert(
      fc.property(anyExpr, values, (e, v) => {
        const vars = new Map(Object.entries(v));
        expect(evaluate(simplify(e), vars)).toBe(evaluate(e, vars));
      }),
      { numRuns: 3000 },
    );
  });

  it('removes what has no effect, but no read', () => {
    const x = read('x', [variable('i')]);
    const keep = op('lt', x, f32(1));
    expect(printExpr(simplify(op('mul', x, f32(1))))).toBe('x[i]');
    expect(printExpr(simplify(op('and', keep, bool(true))))).toBe('x[i] < 1.0');
    expect(printExpr(simplify(op('and', keep, bool(false))))).toBe('x[i] < 1.0 && false');
    expect(printExpr(simplify(op('add', op('add', variable('i'), i32(2)), i32(-2))))).toBe('i');
    expect(printExpr(simplify(op('add', op('sub', variable('i'), i32(5)), i32(2))))).toBe('i - 3');
    expect(printExpr(simplify(op('sub', op('add', variable('i'), variable('j')), variable('i'))))).toBe('j');
    expect(printExpr(simplify(op('max', op('max', variable('i'), i32(0)), i32(0))))).toBe('max(i, 0)');
    expect(printExpr(simplify(op('select', bool(false), x, f32(0))))).toBe('0.0');
  });
});

describe('printExpr', () => {
  it('writes as few parentheses as precedence allows', () => {
    const [a, b, c] = [variable('a', 'f32'), variable('b', 'f32'), variable('c', 'f32')];
    expect(printExpr(op('mul', op('add', a, b), c))).toBe('(a + b) * c');
    expect(printExpr(op('add', a, op('mul', b, c)))).toBe('a + b * c');
    expect(printExpr(op('sub', a, op('sub', b, c)))).toBe('a - (b - c)');
    expect(printExpr(op('pow', op('neg', a), op('neg', b)))).toBe('(-a) ** -b');
    expect(printExpr(op('neg', op('pow', a, b)))).toBe('-a ** b');
    expect(printExpr(op('select', op('lt', a, b), a, f32(-0.5)))).toBe('if a < b then a else -0.5');
    expect(printExpr(op('add', op('select', bool(true), a, b), c))).toBe('(if true then a else b) + c');
    expect(printExpr({ kind: 'op', type: 'f32', op: 'cast', args: [variable('n')] })).toBe('f32(n)');
    expect(
      printExpr({
        kind: 'reduce',
        type: 'f32',
        op: 'sum',
        axes: ['j'],
        where: op('le', variable('j'), i32(3)),
        body: a,
      }),
    ).toBe('sum[j where j <= 3](a)');
  });
});
