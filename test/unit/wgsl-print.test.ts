import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { wgslBackend } from '../../backends/wgsl/index.ts';
import { legalizeWgsl } from '../../backends/wgsl/legalize/legalize.ts';
import { checkLimits } from '../../backends/check-limits.ts';
import { wgslLimits } from '../../backends/wgsl/limits.ts';
import { manifestOf } from '../../backends/wgsl/manifest.ts';
import { printModule } from '../../backends/wgsl/print.ts';
import type { BackendOptions } from '../../backends/backend.ts';
import { bool, f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import {
  arrayS,
  assign,
  BARRIER,
  broadcast,
  comment,
  forS,
  ifS,
  LANE,
  letS,
  mma,
  store,
  varS,
  WORKGROUP,
} from '../../src/kernel/build.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { add, attentionProgram, f, lt, mul, sub, tinyProgram, v } from './kernel-sample.ts';
import { runValues, tryOpen } from './wgsl-device.ts';

const gpu = await tryOpen();
afterAll(() => gpu?.close());

const module = (program: Program, options: BackendOptions = {}): string => {
  verifyProgram(program);
  return printModule(legalizeWgsl(program, options), options);
};
const text = (body: readonly Stmt[], over: Partial<Kernel> = {}): string => module(tinyProgram(body, over));
const NAMES: readonly Stmt[] = [
  ...['a', 'b', 'c'].map((name, n) => letS(name, add(LANE, i32(n)))),
  ...['p', 'q'].map((name, n) => letS(name, read('x', [i32(n)]))),
];
/** The text of an expression over i32 a, b, c and f32 p, q. */
const shown = (e: Expr): string => /let result = (.*);/.exec(text([...NAMES, letS('result', e)]))![1]!;
/** The same as the condition of a branch. */
const decided = (e: Expr): string => /if (.*a < b.*) \{/.exec(text([...NAMES, ifS(e, [])]))![1]!;
const [a, b, c, p, q] = [v('a'), v('b'), v('c'), f('p'), f('q')];

describe('expressions', () => {
  test('parentheses only where WGSL needs them', () => {
    expect(shown(mul(add(a, b), c))).toBe('(a + b) * c');
    expect(shown(add(a, add(b, c)))).toBe('a + b + c');
    expect(shown(add(p, add(q, p)))).toBe('p + (q + p)');
    expect(shown(sub(sub(a, b), c))).toBe('a - b - c');
    expect(shown(sub(a, sub(b, c)))).toBe('a - (b - c)');
    expect(shown(add(a, i32(-3)))).toBe('a - 3');
    expect(shown(op('neg', op('neg', a)))).toBe('-(-a)');
    expect(shown(mul(op('neg', add(a, b)), c))).toBe('-(a + b) * c');
  });
  test('logic, bits, shifts and comparisons do not mix', () => {
    const less = lt(a, b);
    expect(decided(op('and', op('and', less, less), less))).toBe('a < b && a < b && a < b');
    expect(decided(op('or', op('and', less, less), less))).toBe('(a < b && a < b) || a < b');
    expect(decided(op('not', op('and', less, less)))).toBe('!(a < b && a < b)');
    expect(shown(op('not', less))).toBe('!(a < b)');
    expect(shown(op('bitand', op('bitor', a, b), c))).toBe('(a | b) & c');
    expect(shown(op('bitxor', op('bitxor', a, b), c))).toBe('a ^ b ^ c');
    expect(shown(op('bitand', add(a, b), c))).toBe('(a + b) & c');
    expect(shown(lt(op('shr', a, i32(1)), b))).toBe('(a >> 1u) < b');
    expect(shown(op('eq', less, op('lt', b, c)))).toBe('(a < b) == (b < c)');
    expect(shown(op('select', less, op('gt', b, c), less))).toBe('select((a < b), (b > c), (a < b))');
  });
  test('logic in values does not branch', () => {
    const less = lt(a, b);
    expect(shown(op('and', op('and', less, less), op('not', less)))).toBe('(a < b) & (a < b) & !(a < b)');
    expect(shown(op('or', op('and', less, less), less))).toBe('((a < b) & (a < b)) | (a < b)');
    expect(shown(op('and', less, op('gt', read('x', [a]), p)))).toBe('(a < b) & (x[a] > p)');
    expect(decided(op('eq', op('and', less, less), less))).toBe('((a < b) & (a < b)) == (a < b)');
  });
  test('divisions take the shortest form that is right', () => {
    expect(shown(op('quot', a, i32(6)))).toBe('a / 6');
    expect(shown(op('rem', a, b))).toBe('rem_or_zero(a, b)');
    expect(shown(op('idiv', a, i32(16)))).toBe('a >> 4u');
    expect(shown(op('mod', a, i32(16)))).toBe('a & 15');
    expect(shown(op('idiv', a, i32(6)))).toBe('floor_div(a, 6)');
    expect(shown(op('mod', a, b))).toBe('floor_mod(a, b)');
  });
  test('growing functions are guarded unless their argument is known', () => {
    expect(shown(op('exp', p))).toBe('exp(min(p, 88.0))');
    expect(shown(op('exp', op('neg', op('abs', p))))).toBe('exp(-abs(p))');
    expect(shown(op('exp2', op('min', p, f32(0))))).toBe('exp2(min(p, 0.0))');
  });
  test('constants are folded and short', () => {
    expect(shown(mul(f32(0.1), p))).toBe('0.1 * p');
    expect(shown(mul(i32(6), i32(7)))).toBe('42');
    expect(shown(op('select', bool(false), p, q))).toBe('q');
    expect(shown(op('pow', p, f32(-0.5)))).toBe('inverseSqrt(p)');
    expect(shown(op('pow', p, f32(2)))).toBe('p * p');
  });
});

describe('statements', () => {
  test('updates, loops and branches', () => {
    const printed = text([
      varS('m', f32(0)),
      comment('Walk.'),
      forS('t', { from: LANE, to: v('n'), step: i32(32) }, [assign('m', add(f('m'), read('x', [v('t')])))]),
      ifS(
        lt(LANE, i32(1)),
        [store('y', LANE, f('m'))],
        [ifS(lt(LANE, i32(2)), [store('y', LANE, f32(1))], [assign('m', f32(2))])],
      ),
      BARRIER,
    ]);
    expect(printed).toContain(`\
  var m = 0.0;
  // Walk.
  for (var t = lane; t < u.n; t += 32) {
    m += x[t];
  }
  if lane < 1 {
    y[lane] = m;
  } else if lane < 2 {
    y[lane] = 1.0;
  } else {
    m = 2.0;
  }
  storageBarrier();
  workgroupBarrier();
}
`);
  });
  test('a bound that costs or changes is evaluated once', () => {
    const printed = text([
      varS('m', i32(3)),
      forS('t', { to: v('m') }, [assign('m', add(v('m'), i32(1)))]),
      forS('s', { to: op('quot', add(v('n'), i32(31)), i32(32)) }, []),
    ]);
    expect(printed).toContain('let t_end = m;\n  for (var t = 0; t < t_end; t++) {');
    expect(printed).toContain('let s_end = (u.n + 31) / 32;\n  for (var s = 0; s < s_end; s++) {');
  });
  test('names that WGSL keeps for itself, and names of ours', () => {
    const printed = text(
      [
        letS('loop', i32(1)),
        letS('p.m', v('loop')),
        letS('min', v('p.m')),
        letS('erf', v('min')),
        letS('u', v('erf')),
        store('y', v('u'), f32(0)),
      ],
      {},
    );
    expect(printed).toContain('let loop_2 = 1;');
    expect(printed).toContain('let p_m = loop_2;');
    expect(printed).toContain('let min_2 = p_m;');
    expect(printed).toContain('let erf_2 = min_2;');
    expect(printed).toContain('let u_2 = erf_2;');
  });
  test('long lines break at the outermost operators', () => {
    const long = Array.from({ length: 9 }, (_, n) => lt(add(mul(v('n'), i32(n + 2)), LANE), i32(1000 + n)));
    const printed = text([
      ifS(
        long.reduce((x, y) => op('and', x, y)),
        [store('y', LANE, f32(0))],
      ),
    ]);
    expect(printed).toContain(`\
  if u.n * 2 + lane < 1000 && u.n * 3 + lane < 1001 && u.n * 4 + lane < 1002 && u.n * 5 + lane < 1003
      && u.n * 6 + lane < 1004 && u.n * 7 + lane < 1005 && u.n * 8 + lane < 1006 && u.n * 9 + lane < 1007
      && u.n * 10 + lane < 1008 {
    y[lane] = 0.0;
`);
    expect(printed.split('\n').every((l) => l.length <= 110)).toBe(true);
  });
  test('collectives must be lowered before', () => {
    const body = [
      arrayS('d', 'f32', 4),
      arrayS('w', 'u32', 4),
      mma({ storage: 'f16', d: 'd', dOffset: i32(0), a: 'w', aOffset: i32(0), b: 'w', bOffset: i32(0) }),
    ];
    expect(() => text(body)).toThrow(/mma is not lowered/);
  });
});

describe('modules', () => {
  test('the sample is printed the same each time, and as committed', async () => {
    const printed = module(attentionProgram({ storage: 'f16', causal: true }));
    expect(printed).toBe(module(attentionProgram({ storage: 'f16', causal: true })));
    await expect(printed).toMatchFileSnapshot('../golden/kernel-sample.wgsl');
  });
  test('shader-f16 is used only when allowed', () => {
    const program = attentionProgram({ storage: 'f16', shared: 'f16' });
    expect(module(program)).not.toContain('enable f16');
    const native = module(program, { shaderF16: true });
    expect(native).toMatch(/^[^\n]*\n\nenable f16;\n/);
    expect(native).toContain('q: array<f16>');
    expect(native).toContain('var<workgroup> k_tile: array<f16, 512>;');
  });
  test('lanes that exchange values ask for subgroups that hold them all', () => {
    const program = tinyProgram([
      broadcast('s', read('x', [LANE]), i32(3)),
      store('y', LANE, variable('s', 'f32')),
    ]);
    const text = module(program);
    expect(text).toMatch(
      /^[^\n]*\n\/\/ Needs a device whose subgroups have at least 32 lanes\.\n\nenable subgroups;\n/,
    );
    expect(text).toContain('@builtin(subgroup_invocation_id) lane_index: u32');
    expect(text).toContain('subgroupShuffle(x[lane], u32(3))');
    expect(manifestOf(legalizeWgsl(program)).subgroup).toBe(32);
    expect(manifestOf(legalizeWgsl(tinyProgram([]))).subgroup).toBeUndefined();
  });
  test('two kernels share one module', () => {
    const first = tinyProgram([store('y', LANE, read('x', [LANE]))]).kernels[0]!;
    const shared = [{ name: 'tile', storage: 'f32', length: 32 }] as const;
    const program: Program = {
      ...tinyProgram([]),
      kernels: [
        { ...first, name: 'one', shared },
        {
          ...first,
          name: 'two',
          shared: [{ ...shared[0], length: 64 }],
          body: [store('tile', LANE, f32(1)), ...first.body],
        },
      ],
    };
    const printed = module(program);
    expect(printed).toContain('fn one(');
    expect(printed).toContain('fn two(');
    expect(printed).toContain('var<workgroup> tile: array<f32, 32>;\nvar<workgroup> tile_2: array<f32, 64>;');
    expect(printed.match(/var<storage/g)).toHaveLength(2);
  });
  test('infinities never appear as such', () => {
    const printed = module(attentionProgram());
    expect(printed).toContain('const INFINITY = 3.0e38;');
    expect(printed).toContain('lse: array<u32>');
    expect(printed).toContain('o: array<f32>');
  });
  test('the manifest says how to launch', () => {
    const manifest = manifestOf(legalizeWgsl(attentionProgram()));
    expect(manifest.launches[0]).toMatchObject({
      name: 'attention',
      lanes: 32,
      sharedBytes: 4096,
      grid: 'BH * ceil_div(N, 32)',
      uniformBinding: 0,
      uniforms: [
        { name: 'BH', type: 'i32', offset: 0 },
        { name: 'N', type: 'i32', offset: 4 },
      ],
    });
    expect(manifest.launches[0]!.bindings.map((x) => [x.name, x.role, x.binding])).toEqual([
      ['q', 'in', 1],
      ['k', 'in', 2],
      ['v', 'in', 3],
      ['o', 'out', 4],
      ['lse', 'out', 5],
    ]);
    expect(wgslBackend.emit(attentionProgram(), {}).map((x) => x.path)).toEqual([
      'attention.wgsl',
      'attention.wgsl.json',
    ]);
  });
  test('limits are checked, not met by luck', () => {
    const body = [store('y', LANE, f32(0))];
    const check = (over: Partial<Kernel>) =>
      checkLimits(tinyProgram(body, over), wgslLimits()).map((d) => d.code);
    expect(check({})).toEqual([]);
    expect(check({ shared: [{ name: 't', storage: 'f32', length: 4097 }] })).toEqual(['E0602']);
    expect(check({ lanes: 512 })).toEqual(['E0603']);
    const buffers = Array.from(
      { length: 9 },
      (_, n) => ({ name: `b${n}`, storage: 'f32', access: 'read', elements: i32(1) }) as const,
    );
    expect(check({ buffers })).toEqual(['E0601']);
  });
});

/** Random well-typed expressions over i32 a, b and f32 p. */
const arbitrary = fc.letrec<{ int: Expr; bool: Expr; float: Expr }>((tie) => {
  const binaryOf = (names: readonly OpName[], operand: 'int' | 'bool' | 'float'): fc.Arbitrary<Expr> =>
    fc.tuple(fc.constantFrom(...names), tie(operand), tie(operand)).map(([name, x, y]) => op(name, x, y));
  const choice = (kind: 'int' | 'float' | 'bool'): fc.Arbitrary<Expr> =>
    fc.tuple(tie('bool'), tie(kind), tie(kind)).map(([w, x, y]) => op('select', w, x, y));
  return {
    int: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<Expr>(a, b, a, b),
      fc.integer({ min: -9, max: 33 }).map(i32),
      binaryOf(
        [
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
        ],
        'int',
      ),
      fc.tuple(fc.constantFrom<OpName>('neg', 'bitnot'), tie('int')).map(([name, x]) => op(name, x)),
      choice('int'),
    ),
    bool: fc.oneof(
      { depthSize: 'small' },
      fc.constant(lt(a, b)),
      binaryOf(['eq', 'ne', 'lt', 'le', 'gt', 'ge'], 'int'),
      binaryOf(['lt', 'le', 'gt', 'ge'], 'float'),
      binaryOf(['and', 'or', 'eq', 'ne'], 'bool'),
      tie('bool').map((x) => op('not', x)),
    ),
    float: fc.oneof(
      { depthSize: 'small' },
      fc.constant(p),
      fc.integer({ min: -12, max: 12 }).map((n) => f32(n / 4)),
      binaryOf(['add', 'sub', 'min', 'max'], 'float'),
      fc
        .tuple(fc.constantFrom<OpName>('neg', 'abs', 'floor', 'ceil', 'round'), tie('float'))
        .map(([name, x]) => op(name, x)),
      choice('float'),
    ),
  };
});

describe.skipIf(!gpu)('law', () => {
  test('printed expressions mean what the interpreter says', async () => {
    const exprs = fc.sample(arbitrary.int, { numRuns: 120, seed: 7 });
    const inputs = { x: Float32Array.from({ length: 16 }, (_, n) => n / 4 - 2) };
    const at = mul(WORKGROUP, i32(16));
    const body: Stmt[] = [
      letS('a', sub(mul(LANE, i32(3)), i32(20))),
      letS('b', op('bitxor', mul(LANE, i32(5)), i32(6))),
      letS('p', read('x', [LANE])),
      ...exprs.map((e, n) => ifS(op('eq', WORKGROUP, i32(n)), [store('y', add(at, LANE), e)])),
    ];
    const program = tinyProgram(body, {
      lanes: 16,
      grid: i32(exprs.length),
      buffers: [
        { name: 'x', storage: 'f32', access: 'read', elements: i32(16) },
        { name: 'y', storage: 'i32', access: 'write', elements: i32(16 * exprs.length) },
      ],
    });
    verifyProgram(program);
    const { y } = await runValues(gpu!, program, inputs, { n: 0 });
    const { outputs, errors } = interpretProgram(program, inputs, { n: 0 });
    expect(errors).toEqual([]);
    const wrong = exprs.flatMap((e, n) => {
      const [got, want] = [y!, outputs['y']!].map((out) => Array.from(out.slice(n * 16, n * 16 + 16)));
      return String(got) === String(want) ? [] : [{ e: shown(e), got, want }];
    });
    expect(wrong).toEqual([]);
  });
});
