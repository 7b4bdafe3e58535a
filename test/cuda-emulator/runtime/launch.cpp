// Spreads the blocks of a launch over OS threads, in the order that the schedule asks for.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <thread>
#include "block_runner.hpp"

namespace cuemu {

namespace {

std::vector<uint32_t> block_order(uint32_t blocks, const Schedule& schedule) {
  std::vector<uint32_t> order(blocks);
  std::iota(order.begin(), order.end(), 0u);
  if (schedule.order == Order::Reverse) std::reverse(order.begin(), order.end());
  if (schedule.order == Order::Random) {
    std::mt19937_64 random(schedule.seed);
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random() % i]);
  }
  return order;
}

std::string invalid(const LaunchConfig& c) {
  const uint64_t threads = uint64_t(c.block.x) * c.block.y * c.block.z, blocks = uint64_t(c.grid.x) * c.grid.y * c.grid.z;
  if (threads == 0 || threads > 1024 || c.block.z > 64) return "a block has 1 to 1024 threads, at most 64 along z";
  if (blocks == 0 || c.grid.x > 0x7fffffffu || c.grid.y > 65535 || c.grid.z > 65535 || blocks > 0xffffffffu)
    return "the grid is empty or too large";
  if (c.dynamic_shared > kDynamicSharedLimit) return "more dynamic shared memory than a block can have";
  return "";
}

}  // namespace

Report& Report::operator+=(const Report& part) {
  errors.insert(errors.end(), part.errors.begin(), part.errors.end());
  switches += part.switches;
  barriers += part.barriers;
  warp_ops += part.warp_ops;
  accesses += part.accesses;
  ldmatrix_phases += part.ldmatrix_phases;
  ldmatrix_conflicts += part.ldmatrix_conflicts;
  ms += part.ms;
  aborted |= part.aborted;
  return *this;
}

char* device_allocate(size_t bytes, const std::string& name, bool undefined) {
  return device_memory().allocate(bytes, name, undefined);
}
void device_free_all() { device_memory().free_all(); }

Report launch(const LaunchConfig& requested, const std::function<void()>& thread_body) {
  Report total;
  if (const std::string problem = invalid(requested); !problem.empty()) {
    total.errors.push_back({"launch", problem});
    total.aborted = true;
    return total;
  }
  LaunchConfig config = requested;
  // The shadow of global memory is shared by all blocks and has no locks.
  if (config.check && instrumented()) config.os_threads = 1;

  const auto start = std::chrono::steady_clock::now();
  const dim3 grid = config.grid;
  const std::vector<uint32_t> order = block_order(grid.x * grid.y * grid.z, config.schedule);
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  auto work = [&] {
    BlockRunner runner(config, thread_body);
    set_current_runner(&runner);
    install_fault_handlers();
    for (size_t i; !stop && (i = next++) < order.size();) {
      const uint32_t b = order[i];
      runner.run(dim3(b % grid.x, b / grid.x % grid.y, b / (grid.x * grid.y)), b);
      if (runner.aborted()) stop = true;
    }
    set_current_runner(nullptr);
    std::lock_guard<std::mutex> guard(mutex);
    total += runner.report();
  };
  std::vector<std::thread> helpers;
  for (int i = 1; i < config.os_threads; i++) helpers.emplace_back(work);
  work();
  for (std::thread& t : helpers) t.join();

  device_memory().reset_shadows();
  for (const std::string& name : device_memory().damaged_margins()) {
    total.errors.push_back({"out-of-bounds", "the memory around " + name + " was overwritten"});
    total.aborted = true;
  }
  total.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return total;
}

}  // namespace cuemu
