// __half and __nv_bfloat16 with the conversions of <cuda_fp16.h> and <cuda_bf16.h>.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include "language.hpp"

namespace cuemu {

inline uint16_t f32_to_bf16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f);
  if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
}
inline float bf16_to_f32(uint16_t h) { return std::bit_cast<float>(static_cast<uint32_t>(h) << 16); }

inline uint16_t f32_to_f16(float f) {
  const uint32_t u = std::bit_cast<uint32_t>(f), sign = (u >> 16) & 0x8000, magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7fff;
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude < 0x38800000u) {
    // Below the smallest normal half: adding 0.5 makes the FPU round at the right bit.
    const float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(rounded) - 0x3f000000u));
  }
  return static_cast<uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13));
}
// Without branches, so that loops over it vectorise: the multiplication rescales the exponent and
// also normalises subnormals.
inline float f16_to_f32(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16, magnitude = h & 0x7fff;
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  const uint32_t special = magnitude >= 0x7c00 ? 0x7f800000u : 0u;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(scaled) | special);
}

}  // namespace cuemu

#define CUEMU_HALF(H, H2, FROM_FLOAT, TO_FLOAT)                                            \
  struct H {                                                                               \
    uint16_t bits;                                                                         \
    H() = default;                                                                         \
    H(float f) : bits(cuemu::FROM_FLOAT(f)) {}                                             \
    H(double f) : H(static_cast<float>(f)) {}                                              \
    H(int i) : H(static_cast<float>(i)) {}                                                 \
    operator float() const { return cuemu::TO_FLOAT(bits); }                               \
    H& operator+=(H b) { return *this = H(float(*this) + float(b)); }                      \
    H& operator-=(H b) { return *this = H(float(*this) - float(b)); }                      \
    H& operator*=(H b) { return *this = H(float(*this) * float(b)); }                      \
  };                                                                                       \
  struct alignas(4) H2 {                                                                   \
    H x, y;                                                                                \
  };                                                                                       \
  inline H operator+(H a, H b) { return H(float(a) + float(b)); }                          \
  inline H operator-(H a, H b) { return H(float(a) - float(b)); }                          \
  inline H operator*(H a, H b) { return H(float(a) * float(b)); }                          \
  inline H operator/(H a, H b) { return H(float(a) / float(b)); }                          \
  inline H operator-(H a) { return H(-float(a)); }                                         \
  inline H __hadd(H a, H b) { return a + b; }                                              \
  inline H __hsub(H a, H b) { return a - b; }                                              \
  inline H __hmul(H a, H b) { return a * b; }                                              \
  inline H __hfma(H a, H b, H c) { return H(fmaf(float(a), float(b), float(c))); }         \
  inline H __hmax(H a, H b) { return H(fmaxf(float(a), float(b))); }                       \
  inline H __hmin(H a, H b) { return H(fminf(float(a), float(b))); }                       \
  inline bool __hisnan(H a) { return float(a) != float(a); }                               \
  inline H2 __hadd2(H2 a, H2 b) { return {a.x + b.x, a.y + b.y}; }                         \
  inline H2 __hmul2(H2 a, H2 b) { return {a.x * b.x, a.y * b.y}; }                         \
  inline H2 __hfma2(H2 a, H2 b, H2 c) { return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)}; } \
  inline float __low2float(H2 v) { return v.x; }                                           \
  inline float __high2float(H2 v) { return v.y; }
CUEMU_HALF(__half, __half2, f32_to_f16, f16_to_f32)
CUEMU_HALF(__nv_bfloat16, __nv_bfloat162, f32_to_bf16, bf16_to_f32)
#undef CUEMU_HALF

using half = __half;
using half2 = __half2;
using nv_bfloat16 = __nv_bfloat16;
using nv_bfloat162 = __nv_bfloat162;

inline __half __float2half(float f) { return f; }
inline __half __float2half_rn(float f) { return f; }
inline float __half2float(__half h) { return h; }
inline __half2 __floats2half2_rn(float low, float high) { return {low, high}; }
inline __half2 __float22half2_rn(float2 v) { return {v.x, v.y}; }
inline __half2 __float2half2_rn(float f) { return {f, f}; }
inline __half2 __half2half2(__half h) { return {h, h}; }
inline __half2 __halves2half2(__half low, __half high) { return {low, high}; }
inline __half __low2half(__half2 v) { return v.x; }
inline __half __high2half(__half2 v) { return v.y; }
inline float2 __half22float2(__half2 v) { return {float(v.x), float(v.y)}; }
inline unsigned short __half_as_ushort(__half h) { return h.bits; }
inline __half __ushort_as_half(unsigned short bits) { return std::bit_cast<__half>(bits); }

inline __nv_bfloat16 __float2bfloat16(float f) { return f; }
inline __nv_bfloat16 __float2bfloat16_rn(float f) { return f; }
inline float __bfloat162float(__nv_bfloat16 h) { return h; }
inline __nv_bfloat162 __floats2bfloat162_rn(float low, float high) { return {low, high}; }
inline __nv_bfloat162 __float22bfloat162_rn(float2 v) { return {v.x, v.y}; }
inline __nv_bfloat162 __float2bfloat162_rn(float f) { return {f, f}; }
inline __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 h) { return {h, h}; }
inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high) { return {low, high}; }
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 v) { return v.x; }
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 v) { return v.y; }
inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {float(v.x), float(v.y)}; }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 h) { return h.bits; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return std::bit_cast<__nv_bfloat16>(bits); }
