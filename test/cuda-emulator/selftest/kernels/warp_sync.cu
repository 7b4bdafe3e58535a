// Lanes exchange values through shared memory with __syncwarp, then blocks meet in global atomics.
// Mutants: 1 no __syncwarp, 2 reads another warp's part, 3 a lane outside its mask, 4 deadlock,
// 5 bits depend on the order of the threads, 6 wild store.
#include "helpers.cuh"
extern "C" __global__ void __launch_bounds__(96) warp_sync(const int* __restrict__ x, int* __restrict__ y,
                                                           int* __restrict__ total) {
  __shared__ int values[96];
  __shared__ int last;
  const int t = threadIdx.x, lane = t & 31;
  for (int round = 0; round < 3; round++) {
    values[t] = x[t] + round;
#if MUTANT != 1
    __syncwarp();
#endif
#if MUTANT == 2
    const int other = values[(t + 32) % 96];
#else
    const int other = values[(t & ~31) | (31 - lane)];
#endif
    if (round == 2) y[t] = other;
    __syncwarp();
  }
#if MUTANT == 3
  if (lane < 8) __syncwarp(0xfffffff0u);
#endif
#if MUTANT == 4
  if (t == 32) __syncwarp(0x3u);
#endif
#if MUTANT == 5
  y[t] = atomicAdd(&total[1], 1);
#endif
#if MUTANT == 6
  y[t * 1000000] = 1;
#endif
  const int sum = __shfl_xor_sync(0xffffffffu, y[t], 1);
  const int low = lane < 16 ? __shfl_up_sync(0x0000ffffu, sum, 1, 16) : 0;
  const int any = __any_sync(0xffffffffu, low > 0);
  if (t == 0) last = any;
  __syncthreads();
  if (last == 1) atomicAdd(total, sum + low);
}
