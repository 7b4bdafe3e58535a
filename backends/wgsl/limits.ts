/** What WebGPU guarantees without asking. */
import type { BackendOptions, Limits } from '../backend.ts';

export function wgslLimits(options: BackendOptions = {}): Limits {
  const exchanges = (options.subgroups ?? 1) > 1;
  return {
    workgroupBytes: 16384,
    maxLanes: 256,
    maxBuffers: 8,
    maxGridPerDimension: 65535,
    mma: false,
    nativeF16: options.shaderF16 ?? false,
    nativeBf16: false,
    subgroup: options.device === 'cpu' ? (exchanges ? options.subgroups! : 8) : 32,
    ...(exchanges ? { exchanges } : {}),
    software: options.device === 'cpu',
    // WebGPU does not tell: a small discrete GPU, or the few cores of a CPU.
    cores: options.device === 'cpu' ? 2 : 32,
  };
}
