/** Which buffer stands for which tensor in one launch, checked before anything is recorded. */
import { KernelError } from './error.ts';
import type { TensorOfKernel } from './tensors.ts';
import { paddedLength } from './values.ts';

/** A whole buffer, or a part of one: `{ buffer, offset }`. */
export type BufferOf = GPUBuffer | GPUBufferBinding;

/** Where a tensor lies. */
export interface Bound {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** What is said to every length that is wrong. */
export const DENSE =
  'tensors are dense, the last dimension innermost; bytes are filled up to a multiple of 4';

/** A buffer for a tensor that can be filled, read back and bound. */
export const makeStored = (device: GPUDevice, t: TensorOfKernel): GPUBuffer =>
  device.createBuffer({
    label: t.name,
    size: paddedLength(t.bytes),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });

const unfit = (t: TensorOfKernel, message: string, hint: string): KernelError =>
  new KernelError({ code: 'E0761', place: t.place, message, hint });

/** @throws KernelError E0761 */
export function boundTo(device: GPUDevice, t: TensorOfKernel, given: BufferOf | undefined): Bound {
  if (given === undefined) throw unfit(t, 'it is missing', `upload({ ${t.name}: … }), or give a GPUBuffer`);
  const { buffer, offset = 0 } = 'buffer' in given ? given : { buffer: given };
  if (typeof buffer?.size !== 'number' || typeof buffer.usage !== 'number')
    throw unfit(t, 'it is no GPUBuffer', 'arrays go through upload or run');
  const size = paddedLength(t.bytes);
  const alignment = device.limits.minStorageBufferOffsetAlignment;
  if (offset % alignment !== 0)
    throw unfit(t, `it begins at byte ${offset}`, `the device wants multiples of ${alignment}`);
  if (buffer.size - offset < size)
    throw unfit(
      t,
      `the buffer has ${buffer.size - offset} bytes${offset > 0 ? ` after byte ${offset}` : ''}, and ${size} are needed`,
      DENSE,
    );
  if ((buffer.usage & GPUBufferUsage.STORAGE) === 0)
    throw unfit(t, 'the buffer lacks the usage STORAGE', 'add GPUBufferUsage.STORAGE where it is created');
  return { buffer, offset, size };
}

/**
 * A launch writes its outputs and its workspace while it reads the rest, so each of them must be a buffer of its own.
 * @throws KernelError E0761
 */
export function checkAliases(
  tensors: ReadonlyMap<string, TensorOfKernel>,
  bound: ReadonlyMap<string, Bound>,
): void {
  const users = new Map<GPUBuffer, TensorOfKernel>();
  for (const t of [...tensors.values()].sort(
    (a, b) => Number(b.role !== 'input') - Number(a.role !== 'input'),
  )) {
    const { buffer } = bound.get(t.name)!;
    const other = users.get(buffer);
    if (other)
      throw unfit(
        other,
        `the same buffer is ${t.role} ${t.name}`,
        'a kernel cannot write where it reads, or twice to one place',
      );
    if (t.role !== 'input') users.set(buffer, t);
  }
}
