// One warp multiplies a 16x16 by a 16x8 tile: c (f16) and d (bf16) from row-major a and b.
// Mutants: 1 misaligned row address, 2 only half of the warp takes part.
#include "helpers.cuh"
extern "C" __global__ void __launch_bounds__(32) mma_tile(const uint16_t* __restrict__ a, const uint16_t* __restrict__ b,
                                                          float* __restrict__ c, int bf16) {
  extern __shared__ __align__(1024) unsigned char attn_smem[];
  uint16_t* sa = reinterpret_cast<uint16_t*>(attn_smem);
  uint16_t* sb = sa + 16 * 16;
  const int lane = threadIdx.x;
  for (int i = lane; i < 16 * 16; i += 32) sa[i] = a[i];
  for (int i = lane; i < 16 * 8; i += 32) sb[i] = b[i];
  __syncthreads();
#if MUTANT == 2
  if (lane >= 16) return;
#endif
  uint32_t fa[4], fb[2], again[1];
#if MUTANT == 1
  ldmatrix_x4(fa, shared_address(sa + (lane & 15) * 16 + (lane >> 4) * 8 + 1));
#else
  ldmatrix_x4(fa, shared_address(sa + (lane & 15) * 16 + (lane >> 4) * 8));
#endif
  ldmatrix_x2_trans(fb, shared_address(sb + (lane & 15) * 8));
  ldmatrix_x1(again, shared_address(sa + (lane & 7) * 16));
  float acc[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  if (bf16) mma_bf16(acc, fa, fb); else mma_f16(acc, fa, fb);
  const int row = lane >> 2, column = (lane & 3) * 2;
  for (int e = 0; e < 4; e++) c[(row + (e >> 1) * 8) * 8 + column + (e & 1)] = again[0] == fa[0] ? acc[e] : -1.0f;
}
