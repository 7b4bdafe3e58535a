#include <algorithm>
#include <mutex>
#include "block_runner.hpp"

namespace cuemu {

namespace {
std::mutex g_atomics;

// Runs `update` on `*address` as one step, also when several OS threads run blocks.
template <class T, class F> T update_atomically(T* address, Loc where, F update) {
  BlockRunner& runner = *current_runner();
  if (reinterpret_cast<uintptr_t>(address) % sizeof(T)) fail("misaligned", "an atomic's address is not aligned", where);
  runner.access({reinterpret_cast<const char*>(address), sizeof(T), AccessKind::Atomic, site_of(where),
                 runner.current()->linear});
  std::unique_lock<std::mutex> lock(g_atomics, std::defer_lock);
  if (runner.several_os_threads()) lock.lock();
  const T old = *address;
  *address = update(old);
  return old;
}
}  // namespace

template <class T> T atomic_update(T* address, T value, AtomicOp op, Loc where) {
  return update_atomically(address, where, [&](T old) -> T {
    switch (op) {
      case AtomicOp::Add: return old + value;
      case AtomicOp::Max: return std::max(old, value);
      case AtomicOp::Min: return std::min(old, value);
      case AtomicOp::Exchange: return value;
      case AtomicOp::And:
      case AtomicOp::Or:
        if constexpr (std::is_integral_v<T>) return op == AtomicOp::And ? old & value : old | value;
    }
    return value;
  });
}
template float atomic_update(float*, float, AtomicOp, Loc);
template double atomic_update(double*, double, AtomicOp, Loc);
template int atomic_update(int*, int, AtomicOp, Loc);
template unsigned atomic_update(unsigned*, unsigned, AtomicOp, Loc);
template unsigned long long atomic_update(unsigned long long*, unsigned long long, AtomicOp, Loc);

unsigned atomic_compare_exchange(unsigned* address, unsigned expected, unsigned value, Loc where) {
  return update_atomically(address, where, [&](unsigned old) { return old == expected ? value : old; });
}

}  // namespace cuemu
