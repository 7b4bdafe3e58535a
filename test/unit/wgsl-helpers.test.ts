/** Every scalar operation as the device computes it, against its row in `ops.ts`. */
import { afterAll, describe, expect, test } from 'vitest';
import { i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { OPS, type OpName } from '../../src/expr/ops.ts';
import type { ScalarType } from '../../src/expr/types.ts';
import { ifS, LANE, letS, store, WORKGROUP } from '../../src/kernel/build.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Program } from '../../src/kernel/kernel.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { add, lt, mul, tinyProgram, v } from './kernel-sample.ts';
import { runValues, tryOpen } from './wgsl-device.ts';

const gpu = await tryOpen();
afterAll(() => gpu?.close());

/** y0[n] = f0(a[n], b[n]) and so on, over buffers of the given types. */
function mapped(
  from: ScalarType,
  to: ScalarType,
  functions: Readonly<Record<string, (a: Expr, b: Expr) => Expr>>,
) {
  const at = v('at');
  const [a, b] = [read('a', [at], from), read('b', [at], from)];
  const names = Object.keys(functions);
  const body = [
    letS('at', add(mul(WORKGROUP, i32(64)), LANE)),
    ifS(
      lt(at, v('n')),
      names.map((name) => store(name, at, functions[name]!(a, b))),
    ),
  ];
  const program = tinyProgram(body, {
    lanes: 64,
    grid: op('quot', add(v('n'), i32(63)), i32(64)),
    buffers: [
      { name: 'a', storage: from, access: 'read', elements: v('n') },
      { name: 'b', storage: from, access: 'read', elements: v('n') },
      ...names.map((name) => ({ name, storage: to, access: 'write' as const, elements: v('n') })),
    ],
  });
  verifyProgram(program);
  return program;
}
const binary = (from: ScalarType, to: ScalarType, f: (a: Expr, b: Expr) => Expr): Program =>
  mapped(from, to, { y: f });
const several = (type: ScalarType, list: readonly ((a: Expr, b: Expr) => Expr)[]): Program =>
  mapped(type, type, Object.fromEntries(list.map((f, n) => [`y${n}`, f])));

const steps = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, n) => Math.fround(from + ((to - from) * n) / (count - 1)));
/** Magnitudes from 2^low to 2^high, both signs. */
const powers = (low: number, high: number): number[] =>
  Array.from({ length: (high - low) * 4 + 1 }, (_, n) => Math.fround(2 ** (low + n / 4))).flatMap((x) => [
    x,
    -x,
  ]);

interface Case {
  readonly op: OpName;
  readonly xs: readonly number[];
  /** Largest |error| allowed, relative to max(|expected|, floor). */
  readonly relative: number;
  readonly floor?: number;
}

// Units: 2^-23 is one f32 ulp at 1. Device transcendentals are allowed what WGSL allows; our helpers only a few ulp.
const ULP = 2 ** -23;
const CASES: readonly Case[] = [
  { op: 'exp', xs: steps(-80, 80, 400), relative: 170 * ULP },
  { op: 'exp2', xs: steps(-120, 120, 400), relative: 250 * ULP },
  { op: 'log', xs: powers(-60, 60).map(Math.abs), relative: 4 * ULP, floor: 1 },
  { op: 'log2', xs: powers(-60, 60).map(Math.abs), relative: 4 * ULP, floor: 1 },
  {
    op: 'log1p',
    xs: [...powers(-60, -1), ...steps(-0.95, 4, 300), ...powers(2, 60).map(Math.abs)],
    relative: 6 * ULP,
  },
  { op: 'tanh', xs: [...powers(-60, 6), ...steps(-3, 3, 400)], relative: 4 * ULP },
  { op: 'erf', xs: [...powers(-60, 6), ...steps(-3, 3, 400)], relative: 4 * ULP },
  {
    op: 'sin',
    xs: [...powers(-60, -2), ...steps(-10, 10, 400), ...powers(3, 16)],
    relative: 4 * ULP,
    floor: 0.05,
  },
  {
    op: 'cos',
    xs: [...powers(-60, -2), ...steps(-10, 10, 400), ...powers(3, 16)],
    relative: 4 * ULP,
    floor: 0.05,
  },
  { op: 'sqrt', xs: powers(-60, 60).map(Math.abs), relative: 3 * ULP },
  { op: 'rsqrt', xs: powers(-60, 60).map(Math.abs), relative: 4 * ULP },
  { op: 'floor', xs: [...steps(-5, 5, 101), 0.5, 1.5, -0.5, -1.5], relative: 0 },
  { op: 'ceil', xs: [...steps(-5, 5, 101), 0.5, 1.5, -0.5, -1.5], relative: 0 },
  { op: 'round', xs: [...steps(-5, 5, 101), 0.5, 1.5, 2.5, -0.5, -1.5, -2.5], relative: 0 },
];

const expected = (name: OpName, x: number): number => {
  const meaning: (x: number) => number = OPS[name].meaning;
  return meaning(x);
};

describe.skipIf(!gpu)('operations on the device', () => {
  test.each(CASES)('$op', async ({ op: name, xs, relative, floor = 0 }) => {
    const program = binary('f32', 'f32', (a) => op(name, a));
    const { y } = await runValues(gpu!, program, { a: xs, b: xs }, { n: xs.length });
    const bad = xs.flatMap((x, n) => {
      const want = expected(name, x);
      const error = Math.abs(y![n]! - want) / Math.max(Math.abs(want), floor, 2 ** -126);
      return error <= relative
        ? []
        : [`${name}(${x}) = ${y![n]}, not ${want}: ${(error / ULP).toFixed(1)} ulp`];
    });
    expect(bad).toEqual([]);
  });

  test('growing functions stay finite', async () => {
    for (const name of ['exp', 'exp2'] as const) {
      const xs = [200, 1000, 3e38];
      const { y } = await runValues(
        gpu!,
        binary('f32', 'f32', (a) => op(name, a)),
        { a: xs, b: xs },
        { n: 3 },
      );
      for (const value of y!) expect(value).toBeGreaterThan(1e38);
      expect(y!.every(Number.isFinite)).toBe(true);
    }
  });

  const SAMPLES = [
    0, 1, 2, 3, 5, 7, 16, 31, 33, 100, -1, -2, -3, -7, -16, -100, 2147483647, -2147483648, 65536,
  ];
  const pairs = SAMPLES.flatMap((a) => SAMPLES.map((b) => [a, b] as const));
  const same: readonly OpName[] = [
    'add',
    'sub',
    'mul',
    'idiv',
    'mod',
    'quot',
    'rem',
    'min',
    'max',
    'bitand',
    'bitor',
    'bitxor',
    'shl',
    'shr',
  ];

  test.each(same)('%s on integers, by variables and by constants', async (name) => {
    for (const type of ['i32', 'u32'] as const) {
      // The one quotient that overflows has no meaning on any machine.
      const used = pairs.filter(([a, b]) => !(a === -2147483648 && b === -1));
      const [a, b] = [0, 1].map((k) => used.map((p) => (type === 'u32' ? p[k]! >>> 0 : p[k]!)));
      const constants = [1, 2, 3, 8, 31].map((value) => ({ kind: 'const', type, value }) as const);
      const program = several(type, [
        (x, y) => op(name, x, y),
        ...constants.map((c) => (x: Expr) => op(name, x, c)),
      ]);
      await agree(program, { a: a!, b: b! }, a!.length);
    }
  });

  /** The device and the lockstep interpreter give the same bits. */
  async function agree(program: Program, inputs: Record<string, ArrayLike<number>>, n: number) {
    const device = await runValues(gpu!, program, inputs, { n });
    const { outputs, errors } = interpretProgram(program, inputs, { n });
    expect(errors).toEqual([]);
    for (const [name, values] of Object.entries(outputs)) {
      expect(Array.from(device[name]!), name).toEqual(Array.from(values));
    }
  }

  const floats = [0, 1, -1, 0.5, 2.5, -3.75, 1e9, -1e9, 4e9, -4e9, 1e20, 0.3333333, 70000, 1e-8].map(
    Math.fround,
  );
  const cast = (to: ScalarType, x: Expr): Expr => ({ kind: 'op', type: to, op: 'cast', args: [x] });
  test('casts', async () => {
    const inputs = { a: floats, b: floats };
    for (const to of ['i32', 'u32', 'bool', 'f32'] as const) {
      await agree(
        binary('f32', to, (a) => cast(to, a)),
        inputs,
        floats.length,
      );
    }
    const ints = { a: SAMPLES, b: SAMPLES };
    for (const to of ['u32', 'bool', 'f32'] as const) {
      await agree(
        binary('i32', to, (a) => cast(to, a)),
        ints,
        SAMPLES.length,
      );
    }
  });
  test('random words', async () => {
    const word = (b: Expr, n: number): Expr => op('bitxor', b, { kind: 'const', type: 'u32', value: n });
    await agree(
      binary('u32', 'u32', (a, b) =>
        op('philox', a, b, word(b, 0x85a308d3), word(a, 0x13198a2e), word(b, 0x3707344)),
      ),
      { a: pairs.map(([a]) => a >>> 0), b: pairs.map(([, b]) => b >>> 0) },
      pairs.length,
    );
  });
  test('rounding, packing and bits', async () => {
    const inputs = { a: floats, b: [...floats].reverse() };
    const n = floats.length;
    await agree(
      binary('f32', 'f32', (a) => op('round_f16', a)),
      inputs,
      n,
    );
    await agree(
      binary('f32', 'f32', (a) => op('round_bf16', a)),
      inputs,
      n,
    );
    await agree(
      binary('f32', 'u32', (a, b) => op('pack_f16', a, b)),
      inputs,
      n,
    );
    await agree(
      binary('f32', 'u32', (a, b) => op('pack_bf16', a, b)),
      inputs,
      n,
    );
    await agree(
      binary('f32', 'i32', (a) => op('f32_to_bits', a)),
      inputs,
      n,
    );
    await agree(
      binary('f32', 'f32', (a) => op('bits_to_f32', op('f32_to_bits', a))),
      inputs,
      n,
    );
  });
  test('logic, comparison and choice', async () => {
    const inputs = { a: floats, b: [...floats].reverse() };
    const n = floats.length;
    for (const name of ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const) {
      await agree(
        binary('f32', 'bool', (a, b) => op(name, a, b)),
        inputs,
        n,
      );
    }
    await agree(
      binary('f32', 'bool', (a, b) =>
        op(
          'or',
          op('and', op('lt', a, b), op('not', op('gt', a, b))),
          op('eq', op('lt', b, a), op('ge', a, b)),
        ),
      ),
      inputs,
      n,
    );
    await agree(
      binary('f32', 'f32', (a, b) => op('select', op('lt', a, b), op('neg', a), op('abs', b))),
      inputs,
      n,
    );
  });

  test('powers', async () => {
    const xs = [0.5, 2, 3, -2, -1.5, 10, 1, 0.001];
    const constants = [0, 1, 2, 3, -1, -2, 0.5, -0.5, 10, 1.5];
    for (const c of constants) {
      const a = c % 1 === 0 ? xs : xs.map(Math.abs);
      const { y } = await runValues(
        gpu!,
        binary('f32', 'f32', (x) => op('pow', x, { kind: 'const', type: 'f32', value: c })),
        { a, b: a },
        { n: 8 },
      );
      a.forEach((x, n) => expect(y![n]! / x ** c).toBeCloseTo(1, 4));
    }
    const b = [2, -2, 3, 3, 2, 1.5, 77, -3];
    const { y } = await runValues(
      gpu!,
      binary('f32', 'f32', (x, e) => op('pow', x, e)),
      { a: xs, b },
      { n: 8 },
    );
    xs.forEach((x, n) => expect(y![n]! / x ** b[n]!).toBeCloseTo(1, 4));
    const zero = await runValues(
      gpu!,
      binary('f32', 'f32', (x, e) => op('pow', x, e)),
      { a: [0, 0], b: [2, 0] },
      { n: 2 },
    );
    expect(Array.from(zero['y']!)).toEqual([0, 1]);
  });

  test('constants that WGSL would refuse to compute', async () => {
    const huge = op('exp', { kind: 'const', type: 'f32', value: 1000 });
    const nan = op('sqrt', { kind: 'const', type: 'f32', value: -1 });
    const third = { kind: 'const', type: 'f32', value: 1 / 3 } as const;
    const body = [
      store('y', i32(0), op('select', op('lt', read('x', [i32(0)]), huge), huge, nan)),
      store('y', i32(1), nan),
      store('y', i32(2), variable('z', 'f32')),
    ];
    const program = tinyProgram([letS('z', third), ...body], {
      lanes: 1,
    });
    const { y } = await runValues(gpu!, program, { x: [1, 2, 3] }, { n: 3 });
    expect(Array.from(y!)).toEqual([Infinity, NaN, Math.fround(1 / 3)]);
  });
});
