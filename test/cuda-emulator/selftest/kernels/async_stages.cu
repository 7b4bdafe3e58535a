// Each block sums the rows of x ([rows, 512] floats) with a two-stage cp.async pipeline.
// Mutants: 1 waits for too few groups, 2 no barrier after the wait, 3 no barrier before a stage is
// filled again, 4 the last rows are not guarded, 5 store past the dynamic array, 6 no zero fill bound.
#include "helpers.cuh"
struct async_sizes { int rows; float scale; };
extern "C" __global__ void __launch_bounds__(128) async_stages(const float* __restrict__ x, float* __restrict__ y,
                                                               const async_sizes sizes) {
  extern __shared__ __align__(1024) unsigned char attn_smem[];
  const uint32_t base = shared_address(attn_smem);
  const float* stages = reinterpret_cast<const float*>(attn_smem);
  const int t = threadIdx.x;
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  auto fetch = [&](int row) {
    const bool in = MUTANT == 4 || row < sizes.rows;
    copy_async16(base + (row & 1) * 2048 + t * 16, x + (in ? row : 0) * 512 + t * 4, in ? 16 : 0);
    copy_commit();
  };
  fetch(0);
  for (int row = 0; row < sizes.rows; row++) {
    fetch(row + 1);
#if MUTANT == 1
    copy_wait<2>();
#else
    copy_wait<1>();
#endif
#if MUTANT != 2
    __syncthreads();
#endif
    // Every thread reads what its neighbour fetched.
    for (int i = 0; i < 4; i++) sum[i] += stages[(row & 1) * 512 + ((t + 1) % 128) * 4 + i];
#if MUTANT != 3
    __syncthreads();
#endif
  }
  copy_wait<0>();
#if MUTANT == 5
  attn_smem[4096 + t] = 0;
#endif
  for (int i = 0; i < 4; i++) y[((t + 1) % 128) * 4 + i] = sum[i] * sizes.scale;
}
