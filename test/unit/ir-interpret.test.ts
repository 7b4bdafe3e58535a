import { describe, expect, it } from 'vitest';
import { CompilerBug, UserError } from '../../src/diagnostics/diagnostic.ts';
import { f32, i32, op, read, variable, type Expr, type ReduceExpr } from '../../src/expr/expr.ts';
import type { ReduceOp } from '../../src/expr/ops.ts';
import type { ScalarType } from '../../src/expr/types.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import type { IrDef, IrKernel, IrTensor } from '../../src/ir/ir.ts';
import { printIr } from '../../src/ir/print.ts';
import { checkRequires, inferSizes, paramValues } from '../../src/ir/sizes.ts';
import { verifyIr } from '../../src/ir/verify.ts';

const v = (name: string, type: ScalarType = 'i32'): Expr => variable(name, type);
const reduce = (
  name: ReduceOp,
  axes: string[],
  body: Expr,
  where?: Expr,
  type: ScalarType = body.type,
): ReduceExpr => ({
  kind: 'reduce',
  type: name === 'argmax' || name === 'argmin' ? 'i32' : type,
  op: name,
  axes,
  body,
  ...(where ? { where } : {}),
});
const tensor = (name: string, axes: string[], storage: IrTensor['storage'] = 'f32'): IrTensor => ({
  name,
  storage,
  optional: false,
  dims: axes.map((a) => ({ axis: a, extent: v(a.toUpperCase()) })),
});
const def = (name: string, indices: string[], value: Expr): IrDef => ({
  name,
  role: 'let',
  indices,
  type: value.type,
  value,
});
function kernel(axes: string[], tensors: IrTensor[], defs: IrDef[], outputs = [defs.at(-1)!.name]): IrKernel {
  const k: IrKernel = {
    name: 'k',
    sizes: axes.map((a) => a.toUpperCase()),
    axes: axes.map((a) => ({ name: a, extent: v(a.toUpperCase()) })),
    params: [],
    requires: [],
    tensors,
    states: [],
    masks: [],
    defs,
    outputs: outputs.map((name) => {
      const d = defs.find((x) => x.name === name)!;
      return {
        name,
        def: name,
        indices: d.indices,
        storage: d.type === 'i32' ? 'i32' : d.type === 'bool' ? 'bool' : 'f32',
      };
    }),
  };
  verifyIr(k);
  return k;
}
const row = (name: ReduceOp, where?: Expr): IrKernel => {
  const x =
    name === 'any' || name === 'all'
      ? op('gt', read('x', [v('i'), v('j')]), f32(0))
      : read('x', [v('i'), v('j')]);
  return kernel(['i', 'j'], [tensor('x', ['i', 'j'])], [def('y', ['i'], reduce(name, ['j'], x, where))]);
};
const x23 = { shape: [2, 3], data: [1, 5, 2, -4, 0, 5] };
const run = (
  k: IrKernel,
  inputs: Record<string, { shape: number[]; data: number[] }>,
  sizes: Record<string, number>,
) => Array.from(Object.values(interpretKernel(k, inputs, sizes))[0]!.data);

describe('interpreter', () => {
  it('computes every reduction', () => {
    const got = (name: ReduceOp): number[] => run(row(name), { x: x23 }, { I: 2, J: 3 });
    expect(got('sum')).toEqual([8, 1]);
    expect(got('max')).toEqual([5, 5]);
    expect(got('min')).toEqual([1, -4]);
    expect(got('mean')).toEqual([8 / 3, 1 / 3]);
    expect(got('argmax')).toEqual([1, 2]);
    expect(got('argmin')).toEqual([0, 0]);
    expect(got('any')).toEqual([1, 1]);
    expect(got('all')).toEqual([1, 0]);
    const lse = got('logsumexp');
    expect(lse[0]).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(5) + Math.exp(2)), 12);
  });

  it('gives the value of an empty reduction where nothing is kept', () => {
    const never = op('lt', v('j'), i32(0));
    const got = (name: ReduceOp): number => run(row(name, never), { x: x23 }, { I: 2, J: 3 })[0]!;
    expect(got('sum')).toBe(0);
    expect(got('mean')).toBe(0);
    expect(got('max')).toBe(-Infinity);
    expect(got('min')).toBe(Infinity);
    expect(got('logsumexp')).toBe(-Infinity);
    expect([got('argmax'), got('argmin'), got('any'), got('all')]).toEqual([-1, -1, 0, 1]);
    expect(run(row('sum'), { x: { shape: [2, 0], data: [] } }, { I: 2, J: 0 })).toEqual([0, 0]);
  });

  it('takes the smallest flattened index among equals', () => {
    const x = read('x', [v('i'), v('j')]);
    const k = kernel(['i', 'j'], [tensor('x', ['i', 'j'])], [def('y', [], reduce('argmax', ['i', 'j'], x))]);
    expect(run(k, { x: x23 }, { I: 2, J: 3 })).toEqual([1]);
    const later = kernel(
      ['i', 'j'],
      [tensor('x', ['i', 'j'])],
      [def('y', [], reduce('argmax', ['i', 'j'], x, op('gt', v('i'), i32(0))))],
    );
    expect(run(later, { x: x23 }, { I: 2, J: 3 })).toEqual([5]);
  });

  it('refreshes the kept elements when an outer index changes', () => {
    expect(run(row('sum', op('le', v('j'), v('i'))), { x: x23 }, { I: 2, J: 3 })).toEqual([1, -4]);
  });

  it('never evaluates an element that a mask removes or no output needs', () => {
    const t = tensor('t', ['j']);
    const shifted = read('t', [op('add', v('j'), i32(1))]);
    const body = def('s', ['i', 'j'], op('mul', shifted, read('x', [v('i'), v('j')])));
    const sum = (where?: Expr): IrDef =>
      def('y', ['i'], reduce('sum', ['j'], read('s', [v('i'), v('j')]), where));
    const inputs = { x: x23, t: { shape: [3], data: [1, 10, 100] } };
    const inside = op('lt', v('j'), i32(2));
    const build = (where?: Expr): IrKernel =>
      kernel(['i', 'j'], [tensor('x', ['i', 'j']), t], [body, sum(where)]);
    expect(run(build(inside), inputs, { I: 2, J: 3 })).toEqual([510, -40]);
    try {
      run(build(), inputs, { I: 2, J: 3 });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).diagnostic.code).toBe('E0506');
      expect((error as UserError).message).toContain(
        'index 3 is outside of dimension 1 of tensor `t`, whose extent is 3',
      );
    }
  });

  it('binds nested reductions over one axis separately', () => {
    const x = read('x', [v('i'), v('j')]);
    const inner = reduce('max', ['j'], x);
    const k = kernel(
      ['i', 'j'],
      [tensor('x', ['i', 'j'])],
      [def('y', ['i'], reduce('sum', ['j'], op('mul', x, inner)))],
    );
    expect(run(k, { x: x23 }, { I: 2, J: 3 })).toEqual([40, 5]);
  });

  it('writes outputs in their own index order', () => {
    const k = kernel(
      ['i', 'j'],
      [tensor('x', ['i', 'j'])],
      [def('y', ['i', 'j'], read('x', [v('i'), v('j')]))],
    );
    const turned = { ...k, outputs: [{ ...k.outputs[0]!, indices: ['j', 'i'] }] };
    expect(interpretKernel(turned, { x: x23 }, { I: 2, J: 3 })['y']).toEqual({
      shape: [3, 2],
      data: Float64Array.from([1, -4, 5, 0, 2, 5]),
    });
  });
});

describe('sizes', () => {
  const k: IrKernel = {
    ...kernel(
      ['i', 'j'],
      [tensor('x', ['i', 'j'])],
      [def('y', ['i'], reduce('sum', ['j'], read('x', [v('i'), v('j')])))],
    ),
    sizes: ['I', 'J', 'R'],
    tensors: [
      tensor('x', ['i', 'j']),
      {
        name: 'bias',
        storage: 'f32',
        optional: true,
        dims: [{ extent: op('add', op('mul', i32(2), v('R')), i32(1)) }],
      },
    ],
    params: [{ name: 'n', type: 'i32', default: op('mul', v('I'), i32(2)) }],
    requires: [{ condition: op('le', v('I'), v('n')), text: 'I <= n' }],
  };
  const code = (f: () => unknown): string => {
    try {
      f();
    } catch (error) {
      if (error instanceof UserError)
        return `${error.diagnostic.code} ${error.message} | ${error.diagnostic.hint ?? ''}`;
      throw error;
    }
    return 'no error';
  };
  it('solves axis extents and affine extents', () => {
    expect(inferSizes(k, { x: [2, 3], bias: [9] })).toEqual({ I: 2, J: 3, R: 4 });
    expect(inferSizes(k, { x: [2, 3] }, { R: 1 })).toEqual({ I: 2, J: 3, R: 1 });
  });
  it('names both sides of a mismatch', () => {
    expect(code(() => inferSizes(k, { x: [2, 3], bias: [8] }))).toContain(
      'E0502 dimension 1 of `bias` has extent 8',
    );
    expect(code(() => inferSizes(k, { x: [2, 3] }))).toContain('E0503 no input fixes the size `R`');
    expect(code(() => inferSizes(k, { x: [2], bias: [1] }))).toContain(
      'E0501 `x` has 1 dimensions, the kernel declares 2: [i, j]',
    );
    expect(code(() => inferSizes(k, { x: [65536, 65536], bias: [1] }))).toContain('E0507');
    const twice = { ...k, tensors: [tensor('x', ['i', 'j']), tensor('z', ['i'])], sizes: ['I', 'J'] };
    expect(code(() => inferSizes(twice, { x: [2, 3], z: [5] }))).toBe(
      'E0502 axis `i` of `z` has extent 5, but `I` is 2 | `I` is 2 from axis `i` of `x`',
    );
  });
  it('checks requirements and parameters with their values', () => {
    const sizes = { I: 2, J: 3, R: 1 };
    expect(paramValues(k, sizes, {})).toEqual({ n: 4 });
    expect(code(() => paramValues(k, sizes, { n: 1.5 }))).toContain('E0509');
    expect(code(() => checkRequires(k, sizes, { n: 4 }))).toBe('no error');
    expect(code(() => checkRequires(k, sizes, { n: 1 }))).toContain(
      'E0510 the requirement `I <= n` does not hold (I = 2, n = 1)',
    );
  });
});

describe('verify and print', () => {
  const good = row('sum');
  it('prints deterministic text', () => {
    expect(printIr(good)).toBe(
      'kernel k {\n  sizes I, J\n  axis i: I\n  axis j: J\n  in x: f32[i, j]\n  let y[i]: f32 = sum[j](x[i, j])\n  out y: f32[i] = y\n}\n',
    );
  });
  it.each<[string, (k: IrKernel) => IrKernel]>([
    [
      'unbound variable',
      (k) => ({ ...k, defs: [{ ...k.defs[0]!, value: v('i'), type: 'i32', indices: [] }] }),
    ],
    ['a type', (k) => ({ ...k, defs: [{ ...k.defs[0]!, type: 'i32' }] })],
    ['the number of indices', (k) => ({ ...k, defs: [{ ...k.defs[0]!, value: read('x', [v('i')]) }] })],
    ['dependence order', (k) => ({ ...k, defs: [def('a', ['i'], read('y', [v('i')])), ...k.defs] })],
    ['two of one name', (k) => ({ ...k, defs: [...k.defs, k.defs[0]!] })],
    ['output indices', (k) => ({ ...k, outputs: [{ ...k.outputs[0]!, indices: ['j'] }] })],
    [
      'operand types',
      (k) => ({
        ...k,
        defs: [{ ...k.defs[0]!, value: { kind: 'op', type: 'f32', op: 'add', args: [f32(1), i32(1)] } }],
      }),
    ],
  ])('refuses a wrong %s', (_, wrong) => {
    expect(() => verifyIr(good)).not.toThrow();
    expect(() => verifyIr(wrong(good))).toThrow(CompilerBug);
  });
});
