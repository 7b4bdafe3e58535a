/** Conditions and ranges end up in kernels that people read: what they look like for common masks. */
import { describe, expect, it } from 'vitest';
import { i32, op, variable, type Expr } from '../../src/expr/expr.ts';
import { fits } from '../../src/expr/fits.ts';
import { rangeOf, truthOf, type Box, type Range } from '../../src/expr/interval.ts';
import { printExpr } from '../../src/expr/print.ts';
import { solveFor } from '../../src/expr/solve.ts';

const v = (name: string): Expr => variable(name);
const [i, j, w, m] = [v('i'), v('j'), v('w'), v('m')] as const;
const ends = (name: string): [string, { lo: Expr; hi: Expr }] => [
  name,
  { lo: v(`${name}.first`), hi: v(`${name}.last`) },
];
const box: Box = new Map<string, Range>([ends('i'), ends('j'), ['id', {}]]);
const distance = op('sub', i, j);
const causal = op('le', j, i);

function texts(e: Expr): Record<string, string> {
  const { may, must } = truthOf(e, box);
  const { ranges, rest } = solveFor(e, 'j', box, new Set(['i']));
  const limit = (n: string): boolean | Expr =>
    n === 'i' || n === 'j' ? v('N') : n === 'N' || n.includes('.');
  const end = (x: Expr | undefined): string => (x ? printExpr(x) : '');
  return {
    may: printExpr(may),
    must: printExpr(must),
    ranges: ranges
      .map((r) => `${end(r.lo)}..${end(r.hi)}${r.when ? ` when ${printExpr(r.when)}` : ''}`)
      .join(', '),
    rest: printExpr(rest),
    fits: printExpr(fits(e, box, limit)),
  };
}

describe('texts of', () => {
  it('a half plane', () =>
    expect(texts(causal)).toEqual({
      may: 'j.first <= i.last',
      must: 'j.last <= i.first',
      ranges: '..i.last',
      rest: 'true',
      fits: 'true',
    }));

  it('a band', () =>
    expect(texts(op('and', causal, op('lt', distance, w)))).toEqual({
      may: 'i.first < j.last + w && j.first <= i.last && w > 0',
      must: 'j.last <= i.first && i.last < w + j.first',
      ranges: 'i.first - w + 1..i.last when w > 0',
      rest: 'true',
      fits: 'f32(N) * 2.0 + abs(f32(w)) + 1.0 < 1073741824.0',
    }));

  it('blocks of a size known at run time', () =>
    expect(texts(op('eq', op('idiv', i, m), op('idiv', j, m)))).toEqual({
      may: 'i.first / m <= j.last / m && j.first / m <= i.last / m',
      must: 'j.last / m <= i.first / m && i.last / m <= j.first / m',
      ranges: 'i.first / m * m..i.last / m * m + m - 1',
      rest: 'true',
      fits: 'm > 0',
    }));

  it('a choice', () =>
    expect(texts(op('or', op('lt', j, i32(4)), op('and', causal, op('lt', distance, i32(8)))))).toEqual({
      may: 'j.first <= 3 || i.first <= j.last + 7 && j.first <= i.last',
      must: 'j.last <= 3 || j.last <= i.first && i.last <= max(j.first, 4) + 7',
      ranges: '..3, i.first - 7..i.last',
      rest: 'true',
      fits: 'true',
    }));

  it('data beside positions', () =>
    expect(texts(op('and', causal, op('eq', v('id'), i32(3))))).toEqual({
      may: 'j.first <= i.last',
      must: 'false',
      ranges: '..i.last',
      rest: 'id == 3',
      fits: 'true',
    }));
});

describe('what is not known', () => {
  it('does not fit when something is added to it', () => {
    const e = op('eq', op('add', v('id'), i32(1)), j);
    expect(texts(e).fits).toBe('false');
    expect(texts(op('lt', op('shl', j, w), i)).fits).toBe('false');
  });

  it('has no ends', () => {
    expect(rangeOf(op('add', v('id'), i), box)).toEqual({});
    expect(rangeOf(op('mul', i, v('id')), box)).toEqual({});
  });

  it('nothing satisfies a contradiction', () => {
    const e = op('and', op('lt', j, i), op('lt', i, j));
    expect(texts(e)).toMatchObject({ may: 'false', must: 'false', ranges: '.. when false', rest: 'false' });
  });
});
