import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cudaBackend } from '../../backends/cuda/index.ts';
import { printExpr, type Scope } from '../../backends/cuda/expression.ts';
import { identifier, makeNamer } from '../../backends/cuda/names.ts';
import { wrapLine } from '../../backends/cuda/wrap.ts';
import { evaluateFormula, printFormula } from '../../backends/formula.ts';
import { constant, f32, i32, op, read, variable as v, type Expr } from '../../src/expr/expr.ts';
import { assign, forS, ifS, LANE, letS, shuffle, store, varS } from '../../src/kernel/build.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';
import { packageRoot } from '../../src/runtime/package-root.ts';
import { expectGolden } from '../support/golden.ts';
import { axpy, rowSums, tiledMatmul } from './cuda-programs.ts';

const scope: Scope = { name: makeNamer(), storage: new Map([['h', 'f16']]), locals: new Map() };
const text = (e: Expr): string => printExpr(e, scope);
const emit = (p: Program): string => cudaBackend.emit(cudaBackend.legalize(p, {}), {})[0]!.text;
const body = (statements: readonly Stmt[]): string => {
  const kernel: Kernel = {
    name: 'k',
    buffers: [
      { name: 'out', storage: 'f32', access: 'write', elements: i32(32) },
      { name: 'h', storage: 'f16', access: 'read_write', elements: i32(32) },
    ],
    uniforms: [],
    shared: [],
    lanes: 32,
    grid: i32(1),
    body: statements,
  };
  const all = emit({
    name: 'k',
    kernels: [kernel],
    inputs: [],
    outputs: [],
    workspace: [],
    uniforms: [],
    fixed: {},
  });
  return /__half\* __restrict__ h\) \{\n([\s\S]*?)\n\}/.exec(all)![1]!;
};

describe('expressions as CUDA C++', () => {
  const [a, b, c] = [v('a'), v('b'), v('c')];
  it('keeps the tree with few parentheses', () => {
    expect(text(op('sub', a, op('sub', b, c)))).toBe('a - (b - c)');
    expect(text(op('sub', op('sub', a, b), c))).toBe('a - b - c');
    expect(text(op('mul', op('add', a, b), c))).toBe('(a + b) * c');
    expect(text(op('or', op('and', op('lt', a, b), op('lt', b, c)), op('eq', a, c)))).toBe(
      '(a < b && b < c) || a == c',
    );
    expect(text(op('eq', op('bitand', a, i32(1)), i32(0)))).toBe('(a & 1) == 0');
    expect(text(op('neg', op('neg', a)))).toBe('-(-a)');
    expect(text(op('sub', a, i32(-1)))).toBe('a - -1');
    expect(text(op('select', op('lt', a, b), a, op('select', op('lt', b, c), b, c)))).toBe(
      'a < b ? a : b < c ? b : c',
    );
    expect(text(op('add', op('select', op('lt', a, b), a, b), c))).toBe('(a < b ? a : b) + c');
  });
  it('divides by machine operators only where they cannot trap', () => {
    expect(text(op('quot', a, i32(16)))).toBe('a / 16');
    expect(text(op('quot', a, b))).toBe('attn::quot(a, b)');
    expect(text(op('rem', a, i32(0)))).toBe('attn::rem(a, 0)');
    expect(text(op('idiv', a, i32(16)))).toBe('attn::floor_div(a, 16)');
    expect(text(op('mod', v('a', 'u32'), constant('u32', 16)))).toBe('a % 16u');
  });
  it('writes constants that are read back as the same value', () => {
    expect(text(f32(0.1))).toBe('0.1f');
    expect(text(f32(1))).toBe('1.0f');
    expect(text(f32(1e30))).toBe('1e30f');
    expect(text(f32(-Infinity))).toBe('-INFINITY');
    expect(text(f32(1 / 3))).toBe('0.33333334f');
    expect(text(i32(-(2 ** 31)))).toBe('(-2147483647 - 1)');
    expect(text(constant('u32', 2 ** 32 - 1))).toBe('4294967295u');
  });
  it('converts 16-bit storage where it is read', () => {
    expect(text(read('h', [a]))).toBe('__half2float(h[a])');
    expect(text(op('shl', a, op('add', b, i32(1))))).toBe('a << ((b + 1) & 31)');
  });
});

describe('statements as CUDA C++', () => {
  it('copies 16-bit elements without a round trip through float', () => {
    const element = read('h', [LANE]);
    const chosen = op('select', op('lt', LANE, i32(7)), element, f32(0));
    expect(body([store('h', i32(0), chosen)])).toContain(
      'h[0] = lane < 7 ? h[lane] : __float2half_rn(0.0f);',
    );
    expect(body([store('h', i32(0), op('neg', element))])).toContain(
      'h[0] = __float2half_rn(-__half2float(h[lane]));',
    );
  });
  it('computes a bound once when the body could change it', () => {
    const loop = forS('i', { to: v('n') }, [
      assign('n', op('add', v('n'), i32(1))),
      store('out', v('i'), f32(1)),
    ]);
    expect(body([varS('n', i32(4)), loop])).toContain('for (int i = 0, i_end = n; i < i_end; ++i) {');
  });
  it('drops values that nothing reads', () => {
    const text = body([
      letS('unused', op('add', LANE, i32(1))),
      varS('dead', f32(0)),
      assign('dead', op('add', v('dead', 'f32'), f32(1))),
      store('out', i32(0), f32(1)),
    ]);
    expect(text.trim()).toBe('out[0] = 1.0f;');
  });
  it('shuffles booleans as integers', () => {
    const text = body([
      shuffle('other', op('lt', LANE, i32(3)), 1),
      ifS(v('other', 'bool'), [store('out', i32(0), f32(1))]),
    ]);
    expect(text).toContain('const bool other = __shfl_xor_sync(0xffffffffu, int(lane < 3), 1) != 0;');
  });
  it('refuses collectives on part of a warp', () => {
    const p = axpy('f32');
    const kernel = { ...p.kernels[0]!, lanes: 40, body: [shuffle('o', LANE, 1)] };
    expect(() => cudaBackend.legalize({ ...p, kernels: [kernel] }, {})).toThrow(/whole warps/);
  });
});

describe('names', () => {
  it('turns every name into an identifier that nothing else has', () => {
    expect(['float', 'p.m', 'N_MAX', '__x', '2d', 'half', 'j0'].map(identifier)).toEqual([
      'float_',
      'p_m',
      'N_MAX_',
      'v_x',
      'v2d',
      'half_',
      'j0',
    ]);
    const name = makeNamer();
    expect([name('p.m'), name('p_m'), name('p.m'), name('p m')]).toEqual(['p_m', 'p_m_2', 'p_m', 'p_m_3']);
  });
});

describe('long lines', () => {
  it('break at the outermost operator and lose nothing but spaces', () => {
    const long = `const bool keep = ${Array.from({ length: 12 }, (_, n) => `(first${n} < second${n})`).join(' && ')};`;
    const lines = wrapLine(long, '  ').split('\n');
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.slice(1).every((l) => l.startsWith('      &&'))).toBe(true);
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThanOrEqual(110);
    expect(lines.map((l) => l.trim()).join(' ')).toBe(long);
  });
});

describe('launch formulas', () => {
  const [B, N] = [v('B'), v('N')];
  it.each([
    ['B * ceil_div(N, 64)', op('mul', B, op('quot', op('add', N, i32(63)), i32(64))), 15],
    ['(B + N) * 2', op('mul', op('add', B, N), i32(2)), 270],
    ['N - (B - 1)', op('sub', N, op('sub', B, i32(1))), 126],
    ['N / 2 % 10', op('mod', op('idiv', N, i32(2)), i32(10)), 5],
    ['select(B < N, max(B, 7), 0)', op('select', op('lt', B, N), op('max', B, i32(7)), i32(0)), 7],
  ])('%s', (expected, e, value) => {
    expect(printFormula(e)).toBe(expected);
    expect(evaluateFormula(expected, { B: 5, N: 130 })).toBe(value);
  });
  it('names what it cannot read', () => {
    expect(() => evaluateFormula('B * M', { B: 1 })).toThrow(/unknown size M/);
    expect(() => evaluateFormula('B +', { B: 1 })).toThrow(/launch formula/);
    expect(() => evaluateFormula('B B', { B: 1 })).toThrow(/unexpected B/);
  });
});

describe('whole files', () => {
  const golden = (name: string): string => join(packageRoot(), 'test', 'golden', 'cuda', name);
  it('prints a program in two launches as before', () => {
    expectGolden(golden('row_sums.cu'), emit(rowSums()));
  });
  it('prints shared arrays and fixed sizes as before', () => {
    expectGolden(golden('matmul.cu'), emit(tiledMatmul(40, 'f16')));
  });
});
