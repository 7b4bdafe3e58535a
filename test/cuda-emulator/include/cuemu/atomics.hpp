// Atomic updates: sequentially consistent, in the order in which the schedule reaches them.
#pragma once
#include "sync.hpp"

#define CUEMU_ATOMIC(NAME, T, OP) \
  inline T NAME(T* address, T value, CUEMU_WHERE) { \
    return cuemu::atomic_update(address, value, cuemu::AtomicOp::OP, where); \
  }
CUEMU_ATOMIC(atomicAdd, float, Add)
CUEMU_ATOMIC(atomicAdd, double, Add)
CUEMU_ATOMIC(atomicAdd, int, Add)
CUEMU_ATOMIC(atomicAdd, unsigned, Add)
CUEMU_ATOMIC(atomicAdd, unsigned long long, Add)
CUEMU_ATOMIC(atomicMax, int, Max)
CUEMU_ATOMIC(atomicMax, unsigned, Max)
CUEMU_ATOMIC(atomicMin, int, Min)
CUEMU_ATOMIC(atomicMin, unsigned, Min)
CUEMU_ATOMIC(atomicExch, int, Exchange)
CUEMU_ATOMIC(atomicExch, unsigned, Exchange)
CUEMU_ATOMIC(atomicExch, float, Exchange)
CUEMU_ATOMIC(atomicAnd, unsigned, And)
CUEMU_ATOMIC(atomicOr, unsigned, Or)
#undef CUEMU_ATOMIC

inline unsigned atomicCAS(unsigned* address, unsigned expected, unsigned value, CUEMU_WHERE) {
  return cuemu::atomic_compare_exchange(address, expected, value, where);
}
inline int atomicCAS(int* address, int expected, int value, CUEMU_WHERE) {
  return static_cast<int>(cuemu::atomic_compare_exchange(reinterpret_cast<unsigned*>(address),
      static_cast<unsigned>(expected), static_cast<unsigned>(value), where));
}
