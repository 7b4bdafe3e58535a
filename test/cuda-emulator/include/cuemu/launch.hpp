// What the host side needs: device memory, launches and their reports.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include "language.hpp"

namespace cuemu {

enum class Order : uint8_t { Forward, Reverse, Random };

struct Schedule {
  std::string name;
  Order order = Order::Forward;
  bool eager_copies = false;  // async copies land at issue instead of at the wait
  uint64_t seed = 1;
};

struct LaunchConfig {
  dim3 grid, block;
  size_t dynamic_shared = 0;
  Schedule schedule;
  bool check = true;  // races and uninitialised reads; has an effect in instrumented builds only
  int os_threads = 1;
  size_t stack_bytes = 128 << 10;
};

struct Error {
  std::string kind, message;
};

struct Report {
  std::vector<Error> errors;
  uint64_t switches = 0, barriers = 0, warp_ops = 0, accesses = 0;
  uint64_t ldmatrix_phases = 0, ldmatrix_conflicts = 0;
  double ms = 0;
  bool aborted = false;  // an error ended the launch early
  Report& operator+=(const Report& part);
};

// True when the kernel translation unit was compiled with -fsanitize=thread.
bool instrumented();

// Device memory starts as NaNs. An `undefined` buffer may not be read before it is written.
char* device_allocate(size_t bytes, const std::string& name, bool undefined);
void device_free_all();

Report launch(const LaunchConfig& config, const std::function<void()>& thread_body);

}  // namespace cuemu
