/** Shared arrays of 16-bit floats become f32: WGSL cannot address half words. It costs memory and gains precision. */
import type { StorageType } from '../../../src/expr/types.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import type { Limits } from '../../backend.ts';

export function widenShared(k: Kernel, limits: Limits): Kernel {
  const widen = (s: StorageType): StorageType =>
    (s === 'f16' && !limits.nativeF16) || (s === 'bf16' && !limits.nativeBf16) ? 'f32' : s;
  return { ...k, shared: k.shared.map((s) => ({ ...s, storage: widen(s.storage) })) };
}
