// CUDA's keywords and vector types, spelled so that g++ accepts the text unchanged.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdint.h>

#define __CUEMU__ 1

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
// A block runs on one OS thread, so per-thread storage is per-block storage. At block scope
// thread_local implies static, and `extern thread_local T a[];` is legal: both CUDA forms compile.
#define __shared__ thread_local
#define __constant__ static
#define __grid_constant__
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __align__(n) __attribute__((aligned(n)))

#define CUEMU_VECTOR(T, N, ALIGN1, ALIGN2, ALIGN4)                                  \
  struct alignas(ALIGN1) N##1 { T x; };                                             \
  struct alignas(ALIGN2) N##2 { T x, y; };                                          \
  struct N##3 { T x, y, z; };                                                       \
  struct alignas(ALIGN4) N##4 { T x, y, z, w; };                                    \
  inline N##1 make_##N##1(T x) { return {x}; }                                      \
  inline N##2 make_##N##2(T x, T y) { return {x, y}; }                              \
  inline N##3 make_##N##3(T x, T y, T z) { return {x, y, z}; }                      \
  inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
CUEMU_VECTOR(signed char, char, 1, 2, 4)
CUEMU_VECTOR(unsigned char, uchar, 1, 2, 4)
CUEMU_VECTOR(short, short, 2, 4, 8)
CUEMU_VECTOR(unsigned short, ushort, 2, 4, 8)
CUEMU_VECTOR(int, int, 4, 8, 16)
CUEMU_VECTOR(unsigned, uint, 4, 8, 16)
CUEMU_VECTOR(long long, longlong, 8, 16, 16)
CUEMU_VECTOR(unsigned long long, ulonglong, 8, 16, 16)
CUEMU_VECTOR(float, float, 4, 8, 16)
CUEMU_VECTOR(double, double, 8, 16, 16)
#undef CUEMU_VECTOR

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
constexpr int warpSize = 32;
