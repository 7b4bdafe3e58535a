// Every thread owns one byte, of words that another thread wrote as a whole before. Mutants: 1 two threads store to one byte,
// 2 no barrier between the words and the bytes.
#include "helpers.cuh"
extern "C" __global__ void __launch_bounds__(64) bytes(const uint8_t* __restrict__ x, uint8_t* __restrict__ y) {
  __shared__ __align__(4) uint8_t part[64];
  const unsigned t = threadIdx.x;
  if (t < 16u) reinterpret_cast<uint32_t*>(part)[t] = 0x01010101u;
#if MUTANT != 2
  __syncthreads();
#endif
  part[t] = static_cast<uint8_t>(part[t] + x[t]);
  __syncthreads();
#if MUTANT == 1
  y[t & ~1u] = part[t];
#endif
  y[t] = part[t ^ 1u];
}
