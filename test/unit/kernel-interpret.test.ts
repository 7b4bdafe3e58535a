import { describe, expect, test } from 'vitest';
import { f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import {
  accumulate,
  arrayS,
  assign,
  BARRIER,
  broadcast,
  contract,
  forS,
  fragment,
  ifS,
  LANE,
  ldmatrix,
  letS,
  mma,
  shuffle,
  store,
  varS,
  WORKGROUP,
} from '../../src/kernel/build.ts';
import { interpretProgram, type InterpretOptions } from '../../src/kernel/interpret/interpret.ts';
import type { Kernel, Stmt } from '../../src/kernel/kernel.ts';
import { bf16Round, f16Round } from '../../src/kernel/rounding.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import {
  add,
  attentionProgram,
  attentionReference,
  lt,
  mul,
  tinyProgram,
  v,
  values,
  type SampleOptions,
} from './kernel-sample.ts';

function attention(BH: number, N: number, o: SampleOptions) {
  const inputs = { q: values(BH * N * 16, 1), k: values(BH * N * 16, 2), v: values(BH * N * 16, 3) };
  const program = attentionProgram(o);
  return { ...interpretProgram(program, inputs, { BH, N }), inputs };
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((m, x, n) => Math.max(m, x === b[n] ? 0 : Math.abs(x - b[n]!)), 0);

describe('attention', () => {
  test.each([
    [2, 64, false],
    [2, 64, true],
    [1, 37, true],
    [3, 1, false],
  ])('BH=%i N=%i causal=%s agrees with float64', (BH, N, causal) => {
    const { outputs, errors, inputs } = attention(BH, N, { causal });
    const expected = attentionReference(inputs, BH, N, causal);
    expect(errors).toEqual([]);
    expect(worst(outputs['o']!, expected.o)).toBeLessThan(2e-6);
    expect(worst(outputs['lse']!, expected.lse)).toBeLessThan(2e-6);
  });
  test('is fast enough to be used everywhere', () => {
    const start = performance.now();
    attention(1, 64, { causal: true });
    expect(performance.now() - start).toBeLessThan(1000);
  });
  test('rounds what is stored', () => {
    const { outputs } = attention(1, 33, { storage: 'bf16', shared: 'f16' });
    expect(Array.from(outputs['o']!)).toEqual(Array.from(outputs['o']!, bf16Round));
  });
  test('sees a missing barrier as a race', () => {
    const { errors } = attention(1, 64, { dropBarrier: true });
    expect(errors[0]).toMatchObject({ kind: 'race' });
    expect(errors[0]!.message).toMatch(/lane \d+ writes k_tile\[\d+\]/);
  });
  test('sees a missing guard as an access out of bounds', () => {
    const { errors, errorCount } = attention(1, 37, { dropGuard: true });
    expect(errors.every((e) => e.kind === 'out-of-bounds')).toBe(true);
    expect(errors.length).toBe(5);
    expect(errorCount).toBeGreaterThan(20);
  });
});

const x = values(64, 9);
const y = (body: readonly Stmt[], over: Partial<Kernel> = {}, options: InterpretOptions = {}) => {
  const program = tinyProgram(body, over);
  verifyProgram(program);
  const result = interpretProgram(program, { x }, { n: 64 }, options);
  return {
    y: Array.from(result.outputs['y'] ?? []),
    kinds: [...new Set(result.errors.map((e) => e.kind))],
    ...result,
  };
};
const X = (index: Expr): Expr => read('x', [index]);
const copy = [store('y', LANE, X(LANE))];
const whole = { lanes: 64 } as const;
const tile = { shared: [{ name: 'tile', storage: 'f32', length: 64 }], lanes: 64 } as const;
const tileAt = (index: Expr): Expr => read('tile', [index]);

describe('checks', () => {
  test('a copy is right and clean', () => {
    expect(y(copy, whole)).toMatchObject({ y: Array.from(x), errors: [] });
  });
  test('an output element that stays unwritten', () => {
    expect(y(copy).kinds).toEqual(['uninitialised']);
  });
  test('bounds of local arrays', () => {
    const r = y([arrayS('a', 'f32', 4), store('a', LANE, f32(1)), ...copy], whole);
    expect(r.kinds).toEqual(['out-of-bounds']);
    expect(r.errors[0]!.message).toBe('tiny, workgroup 0: lane 4 writes a[4] of 4');
  });
  test('shared memory is not initialised, nor kept from one workgroup to the next', () => {
    expect(y([store('y', LANE, tileAt(LANE))], tile).kinds).toEqual(['uninitialised']);
    const first = ifS(op('eq', WORKGROUP, i32(0)), [store('tile', LANE, f32(1))]);
    const at = add(mul(WORKGROUP, i32(32)), LANE);
    const r = y([first, store('y', at, tileAt(LANE))], { ...tile, lanes: 32, grid: i32(2) });
    expect(r.kinds).toEqual(['uninitialised']);
    expect(r.errors[0]!.message).toMatch(/workgroup 1/);
  });
  test('exchange through shared memory needs a barrier', () => {
    const put = store('tile', LANE, X(LANE));
    const get = store('y', LANE, tileAt(op('sub', i32(63), LANE)));
    expect(y([put, BARRIER, get], tile)).toMatchObject({ y: Array.from(x).reverse(), errors: [] });
    expect(y([put, get], tile).kinds).toContain('race');
    expect(y([put, BARRIER, get, put], tile).kinds).toEqual(['race']);
    expect(y([put, BARRIER, store('tile', i32(0), f32(0)), BARRIER, get], tile).kinds).toEqual(['race']);
  });
  test('buffers: lanes and workgroups', () => {
    const mirror = read('y', [op('sub', i32(63), LANE)]);
    expect(y([...copy, BARRIER, letS('t', mirror)], whole).errors).toEqual([]);
    expect(y([...copy, letS('t', mirror)], whole).kinds).toContain('race');
    const at = add(mul(WORKGROUP, i32(32)), LANE);
    const own = store('y', at, X(at));
    expect(y([own], { grid: i32(2) }).errors).toEqual([]);
    expect(y([own, BARRIER, store('y', i32(0), f32(1))], { grid: i32(2), lanes: 32 }).kinds).toContain(
      'race',
    );
    const swapped = add(mul(op('sub', i32(1), WORKGROUP), i32(32)), LANE);
    expect(y([own, BARRIER, letS('t', read('y', [swapped]))], { grid: i32(2) }).kinds).toContain('race');
  });
  test('a read by one workgroup and a later write by another', () => {
    const at = add(mul(WORKGROUP, i32(32)), LANE);
    const body = [letS('t', X(i32(40))), store('x', at, variable('t', 'f32'))];
    const buffers = [{ name: 'x', storage: 'f32', access: 'read_write', elements: v('n') }] as const;
    const program = {
      ...tinyProgram(body, { buffers, grid: i32(2) }),
      inputs: tinyProgram(copy).inputs,
      outputs: [],
    };
    const { errors } = interpretProgram(program, { x }, { n: 64 });
    expect(errors[0]).toMatchObject({
      kind: 'race',
      message: expect.stringContaining('x[40], which another lane reads'),
    });
  });
  test('divergence at a barrier is seen at run time too', () => {
    const program = tinyProgram([ifS(lt(LANE, i32(5)), [BARRIER])]);
    const { errors } = interpretProgram(program, { x }, { n: 64 });
    expect(errors[0]).toEqual({
      kind: 'divergence',
      message: 'tiny, workgroup 0: 5 of 32 lanes reach a barrier',
    });
  });
  test('loops around barriers run together', () => {
    const body = [
      varS('s', f32(0)),
      forS('t', { to: i32(3) }, [
        store('tile', LANE, X(LANE)),
        BARRIER,
        assign('s', add(variable('s', 'f32'), tileAt(op('bitxor', LANE, i32(1))))),
        BARRIER,
      ]),
      store('y', LANE, variable('s', 'f32')),
    ];
    const r = y(body, tile);
    expect(r.errors).toEqual([]);
    expect(r.y[4]).toBeCloseTo(3 * x[5]!, 5);
  });
  test('NaN on request', () => {
    const body = [store('y', LANE, op('sqrt', f32(-1)))];
    expect(y(body, whole).errors).toEqual([]);
    expect(y(body, whole, { refuseNan: true }).kinds).toEqual(['not-a-number']);
  });
  test('missing values are our bug', () => {
    expect(() => interpretProgram(tinyProgram(copy), {}, { n: 64 })).toThrow(/input x has no elements/);
    expect(() => interpretProgram(tinyProgram(copy), { x }, {})).toThrow(/n has no value/);
  });
});

describe('arithmetic', () => {
  const value = (e: Expr): number => y([store('y', LANE, e)], whole).y[0]!;
  const asFloat = (e: Expr): Expr => ({ kind: 'op', type: 'f32', op: 'cast', args: [e] });
  test('f32 after each operation', () => {
    expect(value(add(f32(2 ** 24), f32(1)))).toBe(2 ** 24);
    expect(value(op('exp', f32(1)))).toBe(Math.fround(Math.E));
    expect(value(op('round_bf16', f32(1.00390625)))).toBe(1);
    expect(value(op('round_f16', f32(65519)))).toBe(65504);
    // 1 + 3 / 2048 lies between two f16 values of which the upper one is even.
    expect(value(op('fma_f16', f32(3), f32(2 ** -11), f32(1)))).toBe(1 + 2 ** -9);
    expect(f16Round(2 ** -25)).toBe(0);
    expect(value(op('min', f32(3), f32(2)))).toBe(2);
    expect(value(op('max', f32(-3), f32(-2)))).toBe(-2);
  });
  test('integers wrap and divide without traps', () => {
    expect(value(asFloat(mul(i32(65536), i32(65536))))).toBe(0);
    expect(value(asFloat(op('idiv', i32(-7), i32(2))))).toBe(-4);
    expect(value(asFloat(op('quot', i32(-7), i32(2))))).toBe(-3);
    expect(value(asFloat(op('rem', i32(7), i32(0))))).toBe(0);
  });
  test('only the chosen branch of select is evaluated', () => {
    const r = y([store('y', LANE, op('select', lt(LANE, i32(64)), X(LANE), X(i32(99))))], whole);
    expect(r.errors).toEqual([]);
  });
});

describe('collectives', () => {
  test('shuffle', () => {
    const r = y([shuffle('s', X(LANE), 3), store('y', LANE, variable('s', 'f32'))], whole);
    expect(r.y).toEqual(Array.from(x, (_, n) => x[n ^ 3]));
    const part = tinyProgram([ifS(lt(LANE, i32(7)), [shuffle('s', f32(1), 1)])]);
    expect(interpretProgram(part, { x }, { n: 64 }).errors[0]).toMatchObject({ kind: 'divergence' });
  });

  test('broadcast', () => {
    const r = y([broadcast('s', X(LANE), i32(5)), store('y', LANE, variable('s', 'f32'))], whole);
    expect(r.errors).toEqual([]);
    expect(r.y).toEqual(Array.from(x, () => x[5]));
    const errors = (body: Stmt[]) => interpretProgram(tinyProgram(body), { x }, { n: 64 }).errors[0];
    expect(errors([ifS(lt(LANE, i32(7)), [broadcast('s', f32(1), i32(0))])])).toMatchObject({
      kind: 'divergence',
    });
    expect(errors([broadcast('s', f32(1), LANE)])).toMatchObject({ kind: 'divergence' });
    expect(errors([broadcast('s', f32(1), i32(64))])).toMatchObject({ kind: 'divergence' });
  });

  test('contract is its scalar meaning', () => {
    const body = [
      arrayS('a', 'f32', 8),
      arrayS('b', 'f32', 8),
      arrayS('c', 'f32', 4),
      forS('t', { to: i32(8) }, [store('a', v('t'), X(v('t'))), store('b', v('t'), X(add(v('t'), i32(8))))]),
      contract({
        rows: 2,
        cols: 2,
        depth: 4,
        acc: fragment('c', i32(0), 2, 1),
        a: fragment('a', i32(0), 4, 1),
        b: fragment('b', i32(0), 1, 2),
      }),
      accumulate('c', i32(3), f32(1)),
      forS('t', { to: i32(4) }, [ifS(op('eq', LANE, v('t')), [store('y', v('t'), read('c', [v('t')]))])]),
      ifS(op('ge', LANE, i32(4)), copy),
    ];
    const r = y(body, whole);
    expect(r.errors).toEqual([]);
    const expected = [0, 1, 2, 3].map((n) => {
      const [row, col] = [n >> 1, n & 1];
      return [0, 1, 2, 3].reduce((s, k) => s + x[row * 4 + k]! * x[8 + col + 2 * k]!, n === 3 ? 1 : 0);
    });
    r.y.slice(0, 4).forEach((value, n) => expect(value).toBeCloseTo(expected[n]!, 5));
  });

  /** Loads A (16×16) row-major and B (16×8) column-major by ldmatrix, multiplies, and stores D (16×8). */
  function matmul(storage: 'f16' | 'bf16', transposeB: boolean) {
    const a = values(256, 4).map(storage === 'f16' ? f16Round : bf16Round);
    const b = values(256, 5).map(storage === 'f16' ? f16Round : bf16Round);
    const row = op('rem', LANE, i32(8));
    const matrix = op('quot', LANE, i32(8));
    const aRow = add(row, mul(op('rem', matrix, i32(2)), i32(8)));
    const aCol = mul(op('quot', matrix, i32(2)), i32(8));
    const group = op('quot', LANE, i32(4));
    const pair = mul(op('rem', LANE, i32(4)), i32(2));
    // B lies as [n][k] (16 columns of 16), or as [k][n] for a transposed load: matrices 0 and 1 hold k 0-7 and 8-15.
    const bIndex = transposeB
      ? add(mul(add(row, mul(matrix, i32(8))), i32(8)), i32(0))
      : add(mul(row, i32(16)), mul(matrix, i32(8)));
    const clamp = op('min', bIndex, i32(248));
    const fill = (name: string, from: string): Stmt =>
      forS('t', { from: LANE, to: i32(256), step: i32(32) }, [store(name, v('t'), read(from, [v('t')]))]);
    const body: Stmt[] = [
      fill('sa', 'a'),
      fill('sb', 'b'),
      BARRIER,
      arrayS('fa', 'u32', 4),
      arrayS('fb', 'u32', 4),
      arrayS('d', 'f32', 4),
      ldmatrix({
        into: 'fa',
        intoOffset: i32(0),
        shared: 'sa',
        index: add(mul(aRow, i32(16)), aCol),
        transpose: false,
      }),
      ldmatrix({ into: 'fb', intoOffset: i32(0), shared: 'sb', index: clamp, transpose: transposeB }),
      mma({ storage, d: 'd', dOffset: i32(0), a: 'fa', aOffset: i32(0), b: 'fb', bOffset: i32(0) }),
      forS('r', { to: i32(4) }, [
        store(
          'o',
          add(
            mul(add(group, mul(op('quot', v('r'), i32(2)), i32(8))), i32(8)),
            add(pair, op('rem', v('r'), i32(2))),
          ),
          read('d', [v('r')]),
        ),
      ]),
    ];
    const program = tinyProgram(body, {
      lanes: 32,
      buffers: [
        { name: 'a', storage, access: 'read', elements: i32(256) },
        { name: 'b', storage, access: 'read', elements: i32(256) },
        { name: 'o', storage: 'f32', access: 'write', elements: i32(128) },
      ],
      shared: [
        { name: 'sa', storage, length: 256 },
        { name: 'sb', storage, length: 256 },
      ],
    });
    verifyProgram(program);
    const result = interpretProgram(program, { a, b }, { n: 0 });
    const expected = Float64Array.from({ length: 128 }, (_, n) => {
      const [i, j] = [n >> 3, n & 7];
      let sum = 0;
      for (let k = 0; k < 16; k++) sum += a[i * 16 + k]! * (transposeB ? b[k * 8 + j]! : b[j * 16 + k]!);
      return sum;
    });
    return { result, expected };
  }

  test.each([
    ['f16', false],
    ['bf16', false],
    ['f16', true],
  ] as const)('ldmatrix and mma multiply matrices (%s, transposed %s)', (storage, transpose) => {
    const { result, expected } = matmul(storage, transpose);
    expect(result.errors).toEqual([]);
    expect(worst(result.outputs['o']!, expected)).toBeLessThan(1e-5);
  });
});
