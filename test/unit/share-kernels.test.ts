import { describe, expect, it } from 'vitest';
import { explainText } from '../../src/compile.ts';
import { manifestOf as cudaManifest } from '../../backends/cuda/manifest.ts';
import { printLauncher } from '../../backends/cuda/launcher.ts';
import { infiniteTensors } from '../../backends/wgsl/infinite.ts';
import { manifestOf as wgslManifest } from '../../backends/wgsl/manifest.ts';
import { printModule } from '../../backends/wgsl/print.ts';
import { printExplanation } from '../../src/explain/print.ts';
import { f32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { LANE, store } from '../../src/kernel/build.ts';
import type { Buffer, Kernel, Program } from '../../src/kernel/kernel.ts';
import { launchesOf } from '../../src/kernel/launches.ts';
import { shareKernels } from '../../src/kernel/passes/share-kernels.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { buffer, chain, FIRST, kernel, n, program, SECOND } from './kernel-chain.ts';

const count = (...kernels: readonly Kernel[]): number => {
  const shared = shareKernels(program(...kernels));
  verifyProgram(shared);
  expect(launchesOf(shared).map((l) => l.name)).toEqual(kernels.map((k) => k.name));
  return shared.kernels.length;
};

const shared = shareKernels(chain());

describe('kernels that are equal but for names', () => {
  it('become one, whatever the order of their buffers', () => {
    verifyProgram(shared);
    expect(shared.kernels.map((k) => k.name)).toEqual(['k_1', 'k_3']);
    expect(shared.launches!.map((l) => [l.name, l.kernel, l.tensors])).toEqual([
      ['k_1', 'k_1', { m: 'm', x: 'x' }],
      ['k_2', 'k_1', { m: 'b', x: 'm' }],
      ['k_3', 'k_3', { b: 'b', y: 'y' }],
    ]);
    expect(shareKernels(shared)).toBe(shared);
  });

  it('say what they are launched on', () => {
    expect(shared.kernels[0]!.doc).toBe('Launched 2 times:\n  k_1\n  k_2: b for m, m for x');
    expect(printModule(shared)).toContain('//   k_2: b for m, m for x');
  });

  it('are bound to other tensors by hosts', () => {
    const bound = (m: ReturnType<typeof wgslManifest>) =>
      m.launches.map((l) => [l.launch, l.name, l.bindings.map((b) => `${b.binding} ${b.name}`).join()]);
    const [first, second] = bound(wgslManifest(shared)) as [string[], string[]];
    expect([first.slice(0, 2), second.slice(0, 2)]).toEqual([
      ['k_1', 'k_1'],
      ['k_2', 'k_1'],
    ]);
    expect(first[2]).toMatch(/^(\d) m,(\d) x$/);
    expect(second[2]).toBe(first[2]!.replace('m', 'b').replace('x', 'm'));
    expect(bound(cudaManifest(shared)).slice(0, 2)).toEqual([
      ['k_1', 'k_1_kernel', '0 m,1 x'],
      ['k_2', 'k_1_kernel', '0 b,1 m'],
    ]);
    const calls = printLauncher(shared).match(/\w+<<<[^;]*/g)!;
    expect(calls.map((c) => [...c.matchAll(/static_cast<[^>]*>\((\S+?)\)/g)].map((x) => x[1]))).toEqual([
      ['m_place', 'args->x'],
      ['b_place', 'm_place'],
      ['b_place', 'args->y'],
    ]);
  });
});

describe('kernels stay apart', () => {
  const one = kernel('k_1', FIRST, op('mul', variable('p', 'f32'), f32(0)));
  const two = (more: Expr, over: Partial<Kernel> = {}): Kernel => kernel('k_2', SECOND, more, over);
  const same = op('mul', variable('p', 'f32'), f32(0));

  it('only if they differ', () => expect(count(one, two(same))).toBe(1));
  it('where a number differs, if only by its sign', () =>
    expect(count(one, two(op('mul', variable('p', 'f32'), f32(-0))))).toBe(2));
  it('where infinities differ', () =>
    expect(count(kernel('k_1', FIRST, f32(Infinity)), two(f32(-Infinity)))).toBe(2));
  it('where params differ', () => expect(count(one, two(op('mul', variable('q', 'f32'), f32(0))))).toBe(2));
  it('where the number of lanes or workgroups differs', () => {
    expect(count(one, two(same, { lanes: 8 }))).toBe(2);
    expect(count(one, two(same, { grid: n }))).toBe(2);
  });
  it('where tensors have other extents', () =>
    expect(
      count(
        one,
        two(same, { buffers: [buffer('m', 'read'), { ...buffer('b', 'write'), elements: op('add', n, n) }] }),
      ),
    ).toBe(2));
  it('where copies of tiles are of other types', () => {
    const copies = (tensor: string): Partial<Kernel> => ({
      buffers: [buffer('b', 'write')],
      maps: [{ name: 'map', tensor, extents: [n], box: [64] }],
      body: [store('b', LANE, f32(1))],
    });
    const tensors = (second: 'f16' | 'bf16'): Program => ({
      ...program(kernel('k_1', FIRST, f32(1), copies('x')), kernel('k_2', FIRST, f32(1), copies('z'))),
      inputs: [
        { name: 'x', storage: 'f16', shape: [n] },
        { name: 'z', storage: second, shape: [n] },
      ],
    });
    expect(shareKernels(tensors('f16')).kernels).toHaveLength(1);
    expect(shareKernels(tensors('bf16')).kernels).toHaveLength(2);
  });
  it('where one buffer stands for two', () => {
    const [from, to] = [read('m', [LANE]), read('x', [LANE])];
    const twice = (name: string, a: Expr, b: Expr, buffers: readonly Buffer[], into: string): Kernel => ({
      ...kernel(name, FIRST),
      buffers,
      body: [store(into, LANE, op('add', a, b))],
    });
    const reads = [buffer('m', 'read'), buffer('x', 'read')];
    expect(
      count(
        kernel('k_0', FIRST),
        twice('k_1', from, to, [...reads, buffer('b', 'write')], 'b'),
        twice('k_2', to, to, [...reads, buffer('b', 'write')], 'b'),
      ),
    ).toBe(3);
  });
  it('where one writes for callers, who are given infinities', () => {
    const toCallers = kernel('k_2', { from: 'm', to: 'y', local: 'v' }, f32(Infinity));
    expect(count(kernel('k_1', FIRST, f32(Infinity)), toCallers)).toBe(2);
  });
});

describe('explanations', () => {
  const rounds = `kernel k {
  axes b: B, l: N, m: N, a: N
  in A: f32[b, l, m]
  state X: f32[b, l, m] = A
  repeat 4 {
    X = tanh(0.5 * sum[a](X[b, l, a] * X[b, a, m]))
  }
  out X
}`;
  it('say which launches have the same code', () => {
    const { value } = explainText(rounds, { target: 'wgsl', set: { N: 24 } });
    const text = printExplanation(value!);
    expect([value!.launches, value!.kernels]).toEqual([5, 3]);
    expect(value!.stages.map((s) => s.sharesCode)).toEqual([
      undefined,
      { kernel: 'k_2', with: ['k_3', 'k_4'] },
      { kernel: 'k_2', with: ['k_2', 'k_4'] },
      { kernel: 'k_2', with: ['k_2', 'k_3'] },
      undefined,
    ]);
    expect(text).toContain('kernel k: 5 launches of 3 kernels');
    expect(text).toContain('  code         kernel k_2, also for k_2, k_4');
  });
});

describe('launches', () => {
  const bound = (tensors: Readonly<Record<string, string>>, name = 'k_2', of = 'k_1'): Program => ({
    ...shared,
    launches: [shared.launches![0]!, { name, kernel: of, tensors }, shared.launches![2]!],
  });

  it.each([
    ['both stand for', bound({ m: 'b', x: 'b' })],
    ['says nothing of buffer x', bound({ m: 'b' })],
    ['not a tensor of the program', bound({ m: 'z', x: 'm' })],
    ['which is no kernel', bound({ m: 'b', x: 'm' }, 'k_2', 'k_9')],
    ['two launches are called k_1', bound({ m: 'b', x: 'm' }, 'k_1')],
    ['k_3 is never launched', { ...shared, launches: shared.launches!.slice(0, 2) }],
    [
      'buffer x is f32, tensor x f16',
      { ...shared, inputs: [{ name: 'x', storage: 'f16', shape: [n] } as const] },
    ],
  ])('are refused: %s', (message, p) => expect(() => verifyProgram(p)).toThrow(message));

  it('that write infinities make those of the same kernel write them', () => {
    const outputs = ['y', 'z'].map((name) => ({ name, storage: 'f32', shape: [n] }) as const);
    const [x] = [{ name: 'x', storage: 'f32', shape: [n] } as const];
    const p: Program = {
      ...program(
        kernel('k_1', { from: 'x', to: 'y', local: 'v' }, f32(-Infinity)),
        kernel('k_2', { from: 'x', to: 'z', local: 'v' }, f32(-Infinity)),
      ),
      inputs: [x],
      outputs,
      workspace: [],
    };
    const made = shareKernels(p);
    expect(made.kernels).toHaveLength(1);
    expect([...infiniteTensors(made)].sort()).toEqual(['y', 'z']);
  });
});
