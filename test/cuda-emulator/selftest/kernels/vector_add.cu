// y = a * x + y over n elements, with a tail. Mutants: 1 no tail guard, 2 division by zero,
// 3 reads a buffer that nothing wrote, 4 two blocks store to one place.
#include "helpers.cuh"
struct vector_add_sizes { int n; unsigned stride; float a; };
extern "C" __global__ void __launch_bounds__(128) vector_add(const __half* __restrict__ x, float* __restrict__ y,
                                                             float* __restrict__ scratch, const vector_add_sizes sizes) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
#if MUTANT == 2
  if (i / (sizes.stride - 1u) == 12345u) return;
#endif
#if MUTANT == 3
  y[0] = scratch[i % 7];
#endif
#if MUTANT == 4
  if (threadIdx.x == 0) scratch[0] = 1.0f;
#endif
#if MUTANT != 1
  if (i < static_cast<unsigned>(sizes.n))
#endif
    y[i * sizes.stride] = fmaf(sizes.a, __half2float(x[i]), y[i * sizes.stride]);
}
