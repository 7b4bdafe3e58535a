/** Shapes and bytes of a kernel's tensors for one choice of sizes. */
import type { Manifest } from '../../backends/backend.ts';
import { evaluateFormula } from '../../backends/formula.ts';
import { STORAGE, type StorageType } from '../expr/types.ts';
import { KernelError } from './error.ts';

export interface TensorOfKernel {
  readonly name: string;
  readonly role: 'input' | 'output' | 'workspace';
  readonly storage: StorageType;
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  readonly count: number;
  readonly bytes: number;
  /** For errors: `gated_window, input q: f16[B, H, N, D] = [1, 8, 1024, 64]`. */
  readonly place: string;
}

/**
 * All tensors, by name.
 * @param values sizes, those that were fixed among them
 * @throws KernelError E0761 for shapes that cannot be
 */
export function tensorsOf(
  manifest: Manifest,
  values: Readonly<Record<string, number>>,
): ReadonlyMap<string, TensorOfKernel> {
  const tensors = new Map<string, TensorOfKernel>();
  const add = (role: TensorOfKernel['role'], list: Manifest['inputs']): void => {
    for (const { name, storage, shape: formulas } of list) {
      const shape = formulas.map((formula) => evaluateFormula(formula, values));
      const place = `${manifest.kernel}, ${role} ${name}: ${storage}[${formulas.join(', ')}] = [${shape.join(', ')}]`;
      const count = shape.reduce((a, b) => a * b, 1);
      if (shape.some((n) => !Number.isInteger(n) || n < 0) || count > 2 ** 31 - 1)
        throw new KernelError({
          code: 'E0761',
          place,
          message: 'a tensor cannot have this shape',
          hint: 'extents are whole numbers, and a tensor has fewer than 2^31 elements',
        });
      tensors.set(name, { name, role, storage, shape, count, bytes: count * STORAGE[storage].bytes, place });
    }
  };
  add('input', manifest.inputs);
  add('output', manifest.outputs);
  add('workspace', manifest.workspace);
  return tensors;
}

/** @throws KernelError E0761 for a tensor that the device cannot bind */
export function checkBindable(device: GPUDevice, t: TensorOfKernel): void {
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (t.bytes > limit)
    throw new KernelError({
      code: 'E0761',
      place: t.place,
      message: `it needs ${t.bytes} bytes, and the device binds at most ${limit}`,
      hint: 'requestDevice of attnc/webgpu asks for as much as the adapter has; otherwise split the batch',
    });
}
