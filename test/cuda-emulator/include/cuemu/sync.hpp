// Barriers, shuffles and votes.
#pragma once
#include <cstring>
#include "runtime_api.hpp"

#define CUEMU_WHERE ::cuemu::Loc where = ::cuemu::Loc::current()

inline void __syncthreads(CUEMU_WHERE) { cuemu::block_barrier(where); }
inline int __syncthreads_or(int predicate, CUEMU_WHERE) { return cuemu::block_any(predicate != 0, where); }
inline void __syncwarp(unsigned mask = 0xffffffffu, CUEMU_WHERE) { cuemu::warp_barrier(mask, where); }
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __nanosleep(unsigned) {}
[[noreturn]] inline void __trap(CUEMU_WHERE) { cuemu::fail("trap", "__trap()", where); }

namespace cuemu {
template <class T> T shuffle(unsigned mask, T value, int source_lane, Loc where) {
  static_assert(sizeof(T) <= 8, "shuffles move at most 64 bits");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = shuffle_bits(mask, bits, source_lane, where);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
}  // namespace cuemu

// A source outside the lane's segment of `width` lanes gives the lane its own value, as on hardware.
template <class T> T __shfl_sync(unsigned mask, T value, int source, int width = 32, CUEMU_WHERE) {
  const int lane = cuemu::lane_index();
  return cuemu::shuffle(mask, value, (lane & ~(width - 1)) | (source & (width - 1)), where);
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, CUEMU_WHERE) {
  const int lane = cuemu::lane_index(), segment = lane & ~(width - 1);
  const int source = lane ^ bits;
  return cuemu::shuffle(mask, value, source >= segment + width ? lane : source, where);
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, CUEMU_WHERE) {
  const int lane = cuemu::lane_index(), segment = lane & ~(width - 1);
  const int source = lane + static_cast<int>(delta);
  return cuemu::shuffle(mask, value, source >= segment + width ? lane : source, where);
}
template <class T> T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, CUEMU_WHERE) {
  const int lane = cuemu::lane_index(), segment = lane & ~(width - 1);
  const int source = lane - static_cast<int>(delta);
  return cuemu::shuffle(mask, value, source < segment ? lane : source, where);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, CUEMU_WHERE) {
  return cuemu::ballot(mask, predicate != 0, where);
}
inline int __any_sync(unsigned mask, int predicate, CUEMU_WHERE) {
  return cuemu::ballot(mask, predicate != 0, where) != 0;
}
inline int __all_sync(unsigned mask, int predicate, CUEMU_WHERE) {
  return cuemu::ballot(mask, predicate == 0, where) == 0;
}
