/**
 * Storage buffers with guards. A binding covers the tensor and a guard behind it: WebGPU clamps stray accesses to the
 * binding, so a stray write lands in the guard, and a stray read gives NaN.
 */
import { userError } from '../diagnostics/diagnostic.ts';

/** NaN as f32, and as both halves in f16 and bf16; as an integer far beyond any index. */
const PATTERN = 0x7fc07fc0;
const GUARD_BYTES = 256;

export interface GuardedBuffer {
  readonly name: string;
  readonly buffer: GPUBuffer;
  /** Bytes of the tensor itself. */
  readonly bytes: number;
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4 + GUARD_BYTES;

/** Makes a buffer for a tensor; without `data` all of it holds the guard's pattern. */
export function guardedBuffer(
  device: GPUDevice,
  name: string,
  bytes: number,
  data?: Uint8Array,
): GuardedBuffer {
  const size = padded(bytes);
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (size > limit) {
    throw userError(
      'E0733',
      `${name} needs ${bytes} bytes, and the device binds at most ${limit - GUARD_BYTES}`,
    );
  }
  const buffer = device.createBuffer({
    label: name,
    size,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    mappedAtCreation: true,
  });
  const mapped = buffer.getMappedRange();
  new Uint32Array(mapped).fill(PATTERN);
  if (data) new Uint8Array(mapped).set(data);
  buffer.unmap();
  return { name, buffer, bytes };
}

/** Puts the pattern back everywhere, as before a first launch. */
export function clearGuarded(device: GPUDevice, g: GuardedBuffer): void {
  device.queue.writeBuffer(g.buffer, 0, new Uint32Array(g.buffer.size / 4).fill(PATTERN));
}

/** The tensor's bytes; throws E0733 when the guard behind it has changed. */
export async function readGuarded(device: GPUDevice, g: GuardedBuffer): Promise<Uint8Array> {
  const { size } = g.buffer;
  const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(g.buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const all = new Uint8Array(staging.getMappedRange().slice(0));
  staging.unmap();
  staging.destroy();
  const changed = firstChange(all, g.bytes);
  if (changed !== undefined) {
    throw userError('E0733', `a kernel wrote outside ${g.name}: byte ${changed} of ${g.bytes} has changed`);
  }
  return all.slice(0, g.bytes);
}

function firstChange(all: Uint8Array, from: number): number | undefined {
  const pattern = new Uint8Array(new Uint32Array([PATTERN]).buffer);
  for (let n = from; n < all.length; n++) if (all[n] !== pattern[n % 4]) return n;
  return undefined;
}
