import { afterAll, describe, expect, test } from 'vitest';
import { f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { StorageType } from '../../src/expr/types.ts';
import {
  accumulate,
  arrayS,
  assign,
  BARRIER,
  forS,
  ifS,
  LANE,
  letS,
  store,
  varS,
  WORKGROUP,
} from '../../src/kernel/build.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Kernel, Stmt } from '../../src/kernel/kernel.ts';
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
} from './kernel-sample.ts';
import { runOnWebgpu } from '../../src/runtime/webgpu.ts';
import { moduleOf, runValues, tryOpen } from './wgsl-device.ts';

const gpu = await tryOpen();
const half = await tryOpen({ shaderF16: true });
afterAll(() => {
  gpu?.close();
  half?.close();
});

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((m, x, n) => Math.max(m, x === b[n] ? 0 : Math.abs(x - b[n]!)), 0);
const TOLERANCE: Readonly<Record<string, number>> = { f32: 3e-6, f16: 2e-3, bf16: 1.6e-2 };

describe.skipIf(!gpu)('on the device', () => {
  test.each([
    ['f32', 2, 64, true],
    ['f16', 1, 37, true],
    ['bf16', 3, 33, false],
  ] as const)('attention in %s, BH=%i N=%i causal=%s', async (storage, BH, N, causal) => {
    const inputs = { q: values(BH * N * 16, 1), k: values(BH * N * 16, 2), v: values(BH * N * 16, 3) };
    const program = attentionProgram({ storage, causal });
    const { o, lse } = await runValues(gpu!, program, inputs, { BH, N });
    const expected = attentionReference(inputs, BH, N, causal);
    expect(worst(o!, expected.o)).toBeLessThan(TOLERANCE[storage]!);
    expect(worst(lse!, expected.lse)).toBeLessThan(TOLERANCE[storage]! * 4);
  });

  test.skipIf(!half)('attention with shader-f16 gives the same', async () => {
    const [BH, N] = [1, 37];
    const inputs = { q: values(BH * N * 16, 1), k: values(BH * N * 16, 2), v: values(BH * N * 16, 3) };
    const program = attentionProgram({ storage: 'f16', shared: 'f16', causal: true });
    const { o } = await runValues(half!, program, inputs, { BH, N }, { shaderF16: true });
    const plain = await runValues(gpu!, program, inputs, { BH, N });
    expect(worst(o!, plain['o']!)).toBeLessThan(1e-3);
  });

  /** One lane per element of y = body over x, both of the given storage. */
  function elementwise(storage: StorageType, body: (x: Expr) => Expr, over: Partial<Kernel> = {}) {
    const type = storage === 'bool' ? 'bool' : storage === 'i32' || storage === 'u32' ? storage : 'f32';
    const at = add(mul(WORKGROUP, i32(32)), LANE);
    const element = variable('value', type);
    const stmts: Stmt[] = [
      letS('at', at),
      ifS(lt(v('at'), v('n')), [
        letS('value', read('x', [v('at')], type)),
        store('y', v('at'), body(element)),
      ]),
    ];
    const buffers = [
      { name: 'x', storage, access: 'read', elements: v('n') },
      { name: 'y', storage, access: 'write', elements: v('n') },
    ] as const;
    const grid = op('quot', add(v('n'), i32(31)), i32(32));
    const program = tinyProgram(stmts, { buffers, grid, ...over });
    verifyProgram(program);
    return program;
  }

  test.each(['f32', 'f16', 'bf16', 'i32', 'u32', 'bool'] as const)(
    'odd numbers of %s elements are copied, and nothing beside them is touched',
    async (storage) => {
      for (const n of [1, 2, 3, 5, 31, 67]) {
        const integer = storage === 'i32' || storage === 'u32' || storage === 'bool';
        const x = Array.from(values(n, n), (e, k) => (integer ? (storage === 'bool' ? k % 2 : k * 7) : e));
        const program = elementwise(storage, (e) => e);
        const { y } = await runValues(gpu!, program, { x }, { n });
        expect(Array.from(y!)).toEqual(Array.from(interpretProgram(program, { x }, { n }).outputs['y']!));
      }
    },
  );

  test('16-bit stores round to nearest even, to subnormals and to infinity', async () => {
    const x = [
      0,
      -0,
      1,
      65504,
      65519,
      65520,
      1e6,
      -7e4,
      2 ** -24,
      2 ** -25,
      1.5 * 2 ** -25,
      6e-5,
      1e-7,
      -3e-6,
      1.00048828125,
      1.00146484375,
      3e38,
    ];
    for (const storage of ['f16', 'bf16'] as const) {
      const buffers = [
        { name: 'x', storage: 'f32', access: 'read', elements: v('n') },
        { name: 'y', storage, access: 'write', elements: v('n') },
      ] as const;
      const program = elementwise('f32', (e) => e, { buffers });
      const whole = { ...program, outputs: [{ name: 'y', storage, shape: [v('n')] }] };
      const { y } = await runValues(gpu!, whole, { x }, { n: x.length });
      expect(Array.from(y!)).toEqual(
        Array.from(interpretProgram(whole, { x }, { n: x.length }).outputs['y']!),
      );
    }
  });

  test.each(['f32', 'f16', 'bf16'] as const)('infinities reach %s memory', async (storage) => {
    const x = [1, -1, 2, -2, 0.5];
    const program = elementwise(storage, (e) =>
      op('select', op('gt', e, f32(1)), f32(Infinity), op('select', lt(e, f32(-1)), f32(-Infinity), e)),
    );
    const { y } = await runValues(gpu!, program, { x }, { n: 5 });
    expect(Array.from(y!)).toEqual([1, -1, Infinity, -Infinity, 0.5]);
  });

  test('more than 65,535 workgroups are folded', async () => {
    const n = 70000;
    const body = [ifS(op('eq', LANE, i32(0)), [store('y', WORKGROUP, read('x', [WORKGROUP]))])];
    const program = tinyProgram(body, { lanes: 1, grid: v('n') });
    const x = Float32Array.from({ length: n }, (_, k) => k % 1000);
    const { y } = await runValues(gpu!, program, { x }, { n });
    expect(worst(y!, x)).toBe(0);
  });

  test('a kernel that fixes its sizes needs no uniforms', async () => {
    const cast = { kind: 'op', type: 'f32', op: 'cast', args: [v('n')] } as const;
    const program = {
      ...tinyProgram([store('y', LANE, add(read('x', [LANE]), cast))], { uniforms: [] }),
      fixed: { n: 32 },
    };
    verifyProgram(program);
    const x = values(32, 3);
    const { y } = await runValues(gpu!, program, { x }, {});
    expect(
      worst(
        y!,
        Float32Array.from(x, (e) => e + 32),
      ),
    ).toBe(0);
  });

  test('a size of zero launches nothing', async () => {
    const program = elementwise('f32', (e) => e);
    const { y } = await runValues(gpu!, program, { x: [] }, { n: 0 });
    expect(y!.length).toBe(0);
  });

  test('params of every type arrive', async () => {
    const uniforms = [
      { name: 'n', type: 'i32' },
      { name: 'a', type: 'f32' },
      { name: 'b', type: 'bool' },
      { name: 'c', type: 'u32' },
    ] as const;
    const c = { kind: 'op', type: 'f32', op: 'cast', args: [variable('c', 'u32')] } as const;
    const body = [
      store('y', LANE, op('select', variable('b', 'bool'), add(variable('a', 'f32'), c), f32(0))),
    ];
    const program = tinyProgram(body, { uniforms });
    const run = (b: number) =>
      runValues(gpu!, program, { x: values(32, 1) }, { n: 32, a: 0.5, b, c: 3000000000 });
    expect((await run(1))['y']![0]).toBe(Math.fround(3000000000.5));
    expect((await run(0))['y']![0]).toBe(0);
  });

  test('exchange through a buffer and a barrier', async () => {
    const body = [
      store('y', LANE, read('x', [LANE])),
      BARRIER,
      letS('t', read('y', [op('sub', i32(31), LANE)])),
      BARRIER,
      store('y', LANE, variable('t', 'f32')),
    ];
    const x = values(32, 6);
    const { y } = await runValues(gpu!, tinyProgram(body), { x }, { n: 32 });
    expect(Array.from(y!)).toEqual(Array.from(x).reverse());
  });

  test('an array declared in a loop is zero on each turn', async () => {
    const body = [
      forS('t', { to: i32(3) }, [
        arrayS('a', 'f32', 4),
        forS('k', { to: i32(4) }, [accumulate('a', v('k'), f32(1))]),
        store('y', add(mul(v('t'), i32(8)), op('rem', LANE, i32(8))), read('a', [i32(1)])),
      ]),
    ];
    const { y } = await runValues(gpu!, tinyProgram(body, { lanes: 8 }), { x: values(24, 6) }, { n: 24 });
    expect(Array.from(y!)).toEqual(new Array(24).fill(1));
  });

  test('many conditions in a loop compile in reasonable time', async () => {
    const keep = (n: number): Expr =>
      op(
        'and',
        op('and', lt(v('t'), i32(n)), lt(LANE, v('n'))),
        op('or', lt(v('t'), LANE), lt(i32(n), v('n'))),
      );
    const body = [
      varS('s', f32(0)),
      forS('t', { to: v('n') }, [
        ...Array.from({ length: 40 }, (_, n) =>
          assign('s', add(variable('s', 'f32'), op('select', keep(n), f32(1), f32(0)))),
        ),
      ]),
      store('y', LANE, variable('s', 'f32')),
    ];
    const program = tinyProgram(body);
    const { y } = await runValues(gpu!, program, { x: values(32, 6) }, { n: 32 });
    const { outputs } = interpretProgram(program, { x: values(32, 6) }, { n: 32 });
    expect(Array.from(y!)).toEqual(Array.from(outputs['y']!));
  }, 20_000);

  test('guards notice a store past the end', async () => {
    const body = [forS('t', { from: LANE, to: i32(40), step: i32(32) }, [store('y', v('t'), f32(1))])];
    const run = runValues(gpu!, tinyProgram(body), { x: values(32, 6) }, { n: 32 });
    await expect(run).rejects.toThrow(/wrote outside y: byte 12\d of 128/);
  });

  test('text that the device refuses is our bug, with the line', async () => {
    const module = moduleOf(tinyProgram([store('y', LANE, f32(1))]));
    const broken = { ...module, source: module.source.replace('let lane', 'let line') };
    await expect(runOnWebgpu(gpu!, broken, { x: new Uint8Array(128) }, { n: 32 })).rejects.toThrow(
      /the device refuses the module\nline \d+: .*lane/,
    );
  });
});
