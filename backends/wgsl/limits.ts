/** What WebGPU guarantees without asking. */
import { EXCHANGING_LANES } from '../../src/kernel/subgroups.ts';
import type { BackendOptions, Limits } from '../backend.ts';

/** The feature of the language that has products of four bytes: `dot4I8Packed` and `dot4U8Packed`. */
export const PACKED_PRODUCTS = 'packed_4x8_integer_dot_product';

/** Bytes of workgroup memory that every device has. */
export const GUARANTEED_BYTES = 16384;

export function wgslLimits(options: BackendOptions = {}): Limits {
  const least = options.device === 'cpu' ? EXCHANGING_LANES : 2;
  // Who multiplies matrices of subgroups has subgroups; kernels for GPUs look how large they are.
  const lanes = options.subgroups ?? (options.matrixUnits?.length && options.device !== 'cpu' ? least : 1);
  const exchanges = lanes >= least;
  return {
    workgroupBytes: Math.max(GUARANTEED_BYTES, options.workgroupBytes ?? 0),
    maxLanes: 256,
    maxBuffers: 8,
    maxGridPerDimension: 65535,
    mma: false,
    vectors: true,
    nativeF16: options.shaderF16 ?? false,
    f16Arithmetic: (options.shaderF16 && options.f16Arithmetic) ?? false,
    nativeBf16: false,
    subgroup: options.device === 'cpu' ? (exchanges ? options.subgroups! : 8) : 32,
    ...(exchanges ? { exchanges } : {}),
    ...(options.matrixUnits?.length ? { matrixUnits: options.matrixUnits } : {}),
    software: options.device === 'cpu',
    // WebGPU does not tell: a small discrete GPU, or the few cores of a CPU.
    cores: options.device === 'cpu' ? 2 : 32,
  };
}
