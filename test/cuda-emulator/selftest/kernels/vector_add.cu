// y = a * x + y over n elements, with a tail. Mutants: 1 no tail guard, 2 division by zero,
// 3 reads a buffer that nothing wrote, 4 two blocks store to one place, 5 local array too large for the stack, 6 index past a local array,
// 7 misaligned vector load.
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
#if MUTANT == 5
  volatile float large[60000];
  large[i * sizes.stride] = 1.0f;
#endif
#if MUTANT == 6
  float few[4] = {1.0f, 2.0f, 3.0f, 4.0f};
  y[i] = few[sizes.stride + (i & 3u)];
#endif
#if MUTANT == 7
  if (i == 0) y[0] = reinterpret_cast<const float*>(reinterpret_cast<const char*>(x) + 2)[0];
#endif
#if MUTANT != 1
  if (i < static_cast<unsigned>(sizes.n))
#endif
    y[i * sizes.stride] = fmaf(sizes.a, __half2float(x[i]), y[i * sizes.stride]);
}
