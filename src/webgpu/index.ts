/** `attnc/webgpu`: compiled kernels on a WebGPU device. Needs nothing but the device: no compiler, no Node.js. */
import { checkExtents } from '../ir/sizes.ts';
import { makeStored } from './bindings.ts';
import { checkAlive, checkDevice } from './device.ts';
import { at, KernelError } from './error.ts';
import { Kernel, type KernelParts } from './kernel.ts';
import type { AnyTypes, KernelModule, KernelTypes } from './module.ts';
import { compileOnWebgpu } from './pipelines.ts';
import { scoped } from './scoped.ts';
import { checkBindable, tensorsOf, type TensorOfKernel } from './tensors.ts';
import { paddedLength } from './values.ts';
import { Workspace } from './workspace.ts';

export { requestDevice } from './device.ts';
export { unitsOfAdapter } from './matrix-units.ts';
export { KernelError } from './error.ts';
export { Kernel, type Launch, type Run } from './kernel.ts';
export type { BufferOf } from './bindings.ts';
export type { AnyTypes, KernelModule, KernelTypes, Values } from './module.ts';
export { Timer, type LaunchTime } from './timer.ts';
export { Workspace } from './workspace.ts';

export interface KernelOptions {
  /** Scratch memory that is shared with kernels of the same queue; by default the kernel has its own. */
  readonly workspace?: Workspace;
}

/**
 * Compiles a module for a device and makes its buffers, for one choice of sizes. Pipelines are made without holding up the
 * page, and only once per device and module. When anything fails, nothing that was made is left.
 * @throws KernelError (as a rejection) E0508 and E0760 for sizes, E0761 for tensors too large, E0762, E0763, E0764
 */
export async function createKernel<T extends KernelTypes = AnyTypes>(
  device: GPUDevice,
  module: KernelModule<T>,
  sizes: T['sizes'],
  options: KernelOptions = {},
): Promise<Kernel<T>> {
  const { manifest } = module;
  checkAlive(device, manifest.kernel);
  checkDevice(device, module);
  const all = allSizes(module, sizes as Readonly<Record<string, number>>);
  const tensors = tensorsOf(manifest, all);
  for (const t of tensors.values()) checkBindable(device, t);
  const entries = await compileOnWebgpu(device, module).catch((e: unknown) => {
    checkAlive(device, manifest.kernel);
    throw e;
  });
  checkAlive(device, manifest.kernel);
  const buffers = await makeBuffers(device, manifest.kernel, tensors, options.workspace);
  return new Kernel<T>({ device, module, sizes: all, tensors, entries, ...buffers });
}

/** The sizes that were given and those that the module was compiled for. */
function allSizes(
  { manifest, signature }: Pick<KernelModule, 'manifest' | 'signature'>,
  given: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const { kernel, fixed } = manifest;
  const missing = signature.sizes.filter((name) => given[name] === undefined && !Object.hasOwn(fixed, name));
  if (missing.length > 0)
    throw new KernelError({
      code: 'E0760',
      place: kernel,
      message: `the size ${missing.join(', ')} has no value`,
      hint: `createKernel(device, module, { ${signature.sizes.filter((n) => !Object.hasOwn(fixed, n)).join(', ')} })`,
    });
  for (const [name, value] of Object.entries(given)) {
    const wrong = (message: string, hint: string): KernelError =>
      new KernelError({ code: 'E0760', place: kernel, message, hint });
    if (!signature.sizes.includes(name))
      throw wrong(`it has no size ${name}`, `there are ${signature.sizes.join(', ')}`);
    if (Object.hasOwn(fixed, name) && fixed[name] !== value)
      throw wrong(
        `it was compiled for ${name} = ${fixed[name]}, not ${value}`,
        `compile it with set: { ${name}: ${value} }`,
      );
  }
  const all = { ...given, ...fixed };
  at(kernel, () => checkExtents(signature, all));
  return all;
}

/** Outputs and workspace, all or none. */
async function makeBuffers(
  device: GPUDevice,
  kernel: string,
  tensors: ReadonlyMap<string, TensorOfKernel>,
  shared: Workspace | undefined,
): Promise<Pick<KernelParts<AnyTypes>, 'outputs' | 'workspace' | 'own'>> {
  const of = (role: TensorOfKernel['role']): readonly TensorOfKernel[] =>
    [...tensors.values()].filter((t) => t.role === role);
  const made: GPUBuffer[] = [];
  const make = (): Pick<KernelParts<AnyTypes>, 'outputs' | 'workspace' | 'own'> => {
    const outputs = new Map<string, GPUBuffer>();
    for (const t of of('output')) {
      const buffer = makeStored(device, t);
      made.push(buffer);
      outputs.set(t.name, buffer);
    }
    const sizes = of('workspace').map((t) => paddedLength(t.bytes));
    const scratch = (shared ?? new Workspace(device)).take(sizes, made);
    const workspace = new Map(of('workspace').map((t, n) => [t.name, scratch[n]!]));
    return { outputs, workspace, own: [...outputs.values(), ...(shared ? [] : scratch)] };
  };
  const refused = (message: string): KernelError =>
    new KernelError({ code: 'E0765', place: kernel, message });
  try {
    return await scoped(device, `${kernel}, making its buffers`, make, refused);
  } catch (e) {
    for (const buffer of made) buffer.destroy();
    shared?.forget(made);
    throw e;
  }
}
