/** Kernels that pass a tensor on to each other, each with names of its own. */
import { f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { LANE, letS, store, WORKGROUP } from '../../src/kernel/build.ts';
import type { Buffer, Kernel, Program } from '../../src/kernel/kernel.ts';

export interface Names {
  readonly from: string;
  readonly to: string;
  readonly local: string;
}

export const n = variable('n');
export const buffer = (name: string, access: Buffer['access']): Buffer => ({
  name,
  storage: 'f32',
  access,
  elements: n,
});

const LANES = 4;
const AT = op('add', op('mul', WORKGROUP, i32(LANES)), LANE);

/** `to` = `from` + more, by way of a local. */
export function kernel(
  name: string,
  { from, to, local }: Names,
  more: Expr = f32(1),
  over: Partial<Kernel> = {},
): Kernel {
  return {
    name,
    // Programs list tensors in an order of their own.
    buffers: [buffer(from, 'read'), buffer(to, 'write')].sort((a, b) => (a.name < b.name ? -1 : 1)),
    uniforms: [
      { name: 'n', type: 'i32' },
      { name: 'p', type: 'f32' },
      { name: 'q', type: 'f32' },
    ],
    shared: [],
    lanes: LANES,
    grid: op('quot', n, i32(LANES)),
    body: [letS(local, op('add', read(from, [AT]), more)), store(to, AT, variable(local, 'f32'))],
    ...over,
  };
}

export const FIRST: Names = { from: 'x', to: 'm', local: 'v' };
export const SECOND: Names = { from: 'm', to: 'b', local: 'other' };

/** x → m → b → y. */
export function program(...kernels: readonly Kernel[]): Program {
  const tensor = (name: string) => ({ name, storage: 'f32', shape: [n] }) as const;
  return {
    name: 'tiny',
    kernels,
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    workspace: [tensor('m'), tensor('b')],
    uniforms: kernels[0]!.uniforms,
    fixed: {},
  };
}

/** y = x + 3, in three launches. */
export const chain = (): Program =>
  program(kernel('k_1', FIRST), kernel('k_2', SECOND), kernel('k_3', { from: 'b', to: 'y', local: 'v' }));
