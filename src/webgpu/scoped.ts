/** What a device thinks of what it was told: WebGPU reports errors later, to scopes. */
import { KernelError } from './error.ts';

/**
 * Does something at once, and tells afterwards what came of it. Scopes are a stack of the whole device, so that nothing may
 * wait inside: what others do meanwhile would be counted as ours.
 * @param refused the error for what WebGPU's checks refuse
 * @throws KernelError E0763 when memory is short, E0764 when the device is lost
 */
export async function scoped<T>(
  device: GPUDevice,
  place: string,
  f: () => T,
  refused: (message: string) => Error,
): Promise<T> {
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  let value: T;
  let told: Promise<readonly [GPUError | null, GPUError | null]>;
  try {
    value = f();
  } finally {
    told = Promise.all([device.popErrorScope(), device.popErrorScope()]);
    // Whether somebody waits for it depends on `f`.
    told.catch(() => undefined);
  }
  const [invalid, memory] = await told.catch(() => {
    throw gone(place, 'the device is lost');
  });
  if (memory) throw outOfMemory(place, memory.message);
  if (invalid) throw refused(invalid.message);
  return value;
}

export const outOfMemory = (place: string, message: string): KernelError =>
  new KernelError({
    code: 'E0763',
    place,
    message: `the device is out of memory${message ? `: ${message}` : ''}`,
    hint: 'destroy what is no longer used, share a Workspace between kernels, or take smaller sizes',
  });

export const gone = (place: string, message: string): KernelError =>
  new KernelError({
    code: 'E0764',
    place,
    message,
    hint: 'ask for a device and create the kernels again',
  });
