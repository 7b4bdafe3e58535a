// Sum and maximum per block with shuffles, votes, static shared memory and atomics.
// Mutants: 1 no barrier before the partial sums are read, 2 barrier inside a branch, 3 shuffle inside
// a divergent branch, 4 one partial sum is never stored, 5 index past the static array, 6 early exit,
// 7 plain store beside atomics.
#include "helpers.cuh"
template <int THREADS> __device__ __forceinline__ float block_sum(float v) {
  __shared__ float part[THREADS / 32];
#if MUTANT == 3
  if (threadIdx.x % 32 < 16)
#endif
  for (int o = 16; o; o >>= 1) v += __shfl_down_sync(0xffffffffu, v, o);
#if MUTANT == 4
  if (threadIdx.x % 32 == 0 && threadIdx.x > 0) part[threadIdx.x / 32] = v;
#elif MUTANT == 5
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32 + 1] = v;
#else
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
#endif
#if MUTANT == 2
  if (threadIdx.x < 64) __syncthreads();
#elif MUTANT != 1
  __syncthreads();
#endif
  float sum = 0.0f;
  for (int w = 0; w < THREADS / 32; w++) sum += part[w];
  return sum;
}
extern "C" __global__ void __launch_bounds__(128) block_reduce(const float4* __restrict__ x, float* __restrict__ sums,
                                                               int* __restrict__ counts, int n) {
  __shared__ int positives;
  __shared__ float4 tile[128];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
#if MUTANT == 6
  if (i >= n) return;
#endif
  if (threadIdx.x == 0) positives = 0;
  tile[threadIdx.x] = i < n ? x[i] : make_float4(0, 0, 0, 0);
  __syncthreads();
  const float4 v = tile[threadIdx.x ^ 1];
  const unsigned votes = __ballot_sync(0xffffffffu, v.x > 0.0f);
  if (threadIdx.x % 32 == 0) atomicAdd(&positives, __popc(votes));
#if MUTANT == 7
  if (threadIdx.x == 33) positives = 0;
#endif
  const float sum = block_sum<128>(v.x + v.y + v.z + v.w);
  if (threadIdx.x == 0) {
    sums[blockIdx.x] = sum;
    atomicAdd(&counts[0], positives);
  }
}
