/** Host code that makes tensor maps: how the copy engine sees a tensor ("Tensor Map Object Management" of the driver API). */
import type { Expr } from '../../src/expr/expr.ts';
import type { StorageType } from '../../src/expr/types.ts';
import type { Kernel, Program, TensorMap } from '../../src/kernel/kernel.ts';

export const mapsOf = (k: Kernel): readonly TensorMap[] => k.maps ?? [];
export const usesMaps = (p: Program): boolean => p.kernels.some((k) => mapsOf(k).length > 0);

/** The driver's function is asked for at run time, so that programs need not be linked with the driver's library. */
export const TENSOR_MAP_FUNCTION = `// Describes a contiguous tensor of 16-bit elements for copies in boxes with a 128-byte swizzle; extents innermost first.
template <int RANK>
static int attn_tensor_map(CUtensorMap* map, CUtensorMapDataType type, const void* base, const double (&extents)[RANK],
    const cuuint32_t (&box)[RANK]) {
  static const auto encode = [] {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result;
    const cudaError_t status =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, 12000, cudaEnableDefault, &result);
    if (status != cudaSuccess || result != cudaDriverEntryPointSuccess) found = nullptr;
    return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(found);
  }();
  if (encode == nullptr) return cudaErrorNotSupported;
  cuuint64_t sizes[RANK], strides[RANK];
  cuuint32_t steps[RANK];
  cuuint64_t bytes = 2;
  for (int i = 0; i < RANK; ++i) {
    if (extents[i] == 0.0) return 0;  // nothing will be read
    sizes[i] = static_cast<cuuint64_t>(extents[i]);
    bytes *= sizes[i];
    strides[i] = bytes;
    steps[i] = 1;
  }
  if (reinterpret_cast<uintptr_t>(base) % 16 != 0 || strides[0] % 16 != 0) return cudaErrorMisalignedAddress;
  const CUresult made = encode(map, type, RANK, const_cast<void*>(base), sizes, strides, box, steps,
      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
      CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return made == CUDA_SUCCESS ? 0 : static_cast<int>(cudaErrorInvalidValue);
}`;

const TYPE: Readonly<Partial<Record<StorageType, string>>> = {
  f16: 'CU_TENSOR_MAP_DATA_TYPE_FLOAT16',
  bf16: 'CU_TENSOR_MAP_DATA_TYPE_BFLOAT16',
};

/** Lines that make the maps of a launch. `name` gives the local variable of a map, `pointer` the address of a tensor. */
export function tensorMapLines(
  kernel: Kernel,
  program: Program,
  name: (m: TensorMap) => string,
  pointer: (tensor: string) => string,
  formula: (e: Expr) => string,
): string[] {
  const storage = new Map(
    [...program.inputs, ...program.outputs, ...program.workspace].map((t) => [t.name, t.storage]),
  );
  return mapsOf(kernel).flatMap((m) => [
    `CUtensorMap ${name(m)} = {};`,
    `status = attn_tensor_map(&${name(m)}, ${TYPE[storage.get(m.tensor)!]!}, ${pointer(m.tensor)}, {${m.extents.map((e) => (e.kind === 'const' ? `${e.value}.0` : formula(e))).join(', ')}}, {${m.box.join(', ')}});`,
    'if (status != 0) return status;',
  ]);
}
