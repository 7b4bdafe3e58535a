// Runs blocks one after another on one OS thread, each CUDA thread on a context of its own.
#pragma once
#include <deque>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <map>
#include <vector>
#include "../include/cuemu/launch.hpp"
#include "../include/cuemu/runtime_api.hpp"
#include "clocks.hpp"
#include "context_switch.hpp"
#include "device_memory.hpp"
#include "hopper.hpp"
#include "shared_memory.hpp"

namespace cuemu {

enum class FiberState : uint8_t { Ready, AtBarrier, AtWarpOp, AtMbarrier, AtWarpgroupOp, Exited };
enum class WarpOp : uint8_t { None, Barrier, Shuffle, Ballot, Mma, LoadMatrices, WarpgroupStep };

struct PendingCopy {
  char* destination;
  const char* source;
  int bytes, source_bytes;
  Stamp stamp;
};

struct Fiber {
  uint3 index;
  int linear, lane, warp;
  Context context;
  FiberState state = FiberState::Ready;
  unsigned mask = 0;  // of the warp operation that it waits in
  Loc where;          // of the barrier or warp operation that it waits in
  std::vector<PendingCopy> open_copies;               // not committed yet
  std::deque<std::vector<PendingCopy>> copy_groups;   // committed, oldest first
  size_t wgmma_commits = 0;
  bool wgmma_fenced = false;  // since its registers may have changed
};

// Lanes that wait for the rest of their mask.
struct WarpMeeting {
  unsigned mask = 0, arrived = 0;
  WarpOp op = WarpOp::None;
  Loc where;
  void* arguments[32];
};

// The runnable fibers. Each is in it at most once, so a ring of the block's size never overflows.
class ReadyQueue {
 public:
  void reset(size_t fibers);
  bool empty() const { return head_ == tail_; }
  void push_back(Fiber* f) { ring_[tail_++ & mask_] = f; }
  void push_front(Fiber* f) { ring_[--head_ & mask_] = f; }
  Fiber* pop() { return ring_[head_++ & mask_]; }
  Fiber* pop_random(std::mt19937_64& random);

 private:
  std::vector<Fiber*> ring_;
  size_t head_ = 0, tail_ = 0, mask_ = 0;
};

class BlockRunner {
 public:
  BlockRunner(const LaunchConfig& config, const std::function<void()>& body);
  ~BlockRunner();
  BlockRunner(const BlockRunner&) = delete;

  void run(dim3 block, uint32_t linear_block);
  const Report& report() const { return report_; }
  bool aborted() const { return report_.aborted; }
  Fiber* current() const { return current_; }

  // Synchronisation, called on a fiber.
  void block_barrier(Loc where);
  // A barrier that tells all threads whether some thread came with a predicate that holds.
  bool block_any(bool predicate, Loc where);
  using Finish = void (*)(unsigned lanes, void** arguments);
  void warp_operation(WarpOp op, unsigned mask, void* argument, Finish finish, Loc where);

  // Memory.
  void access(Access&& access);
  void start_copy(char* destination, const char* source, int bytes, int source_bytes, Loc where);
  void commit_copies();
  void finish_copies(int groups_left);
  uint32_t to_window(const void* p);
  char* from_window(uint32_t address) const { return shared_.from_window(address); }
  void count_banks(const uint32_t* row_addresses);

  // Hopper.
  void init_mbarrier(uint32_t address, uint32_t arrivals, Loc where);
  void fence_mbarriers();
  void arrive_mbarrier(uint32_t address, uint32_t expected_bytes, Loc where);
  void wait_mbarrier(uint32_t address, uint32_t parity, Loc where);
  void start_tile_copy(uint32_t destination, const TensorMap& map, uint32_t barrier, const int* coordinates, int rank,
                       Loc where);
  void start_wgmma(const WgmmaCall& call, Loc where);
  void fence_wgmma(Loc where);
  void commit_wgmma(Loc where);
  void wait_wgmma(int groups_left, Loc where);

  // A fatal error does not return: it ends the launch.
  void error(const char* kind, const std::string& message);
  [[noreturn]] void fatal(const char* kind, const std::string& message);
  std::string thread_name() const;
  std::string name_address(const char* address);  // "byte 12 of q, which has 4096"
  // Names the memory around a faulting address; used by the signal handler.
  [[noreturn]] void fault(const char* address, Site site);

  uint3 block() const { return block_; }
  const LaunchConfig& config() const { return config_; }
  bool several_os_threads() const { return config_.os_threads > 1; }

 private:
  static void fiber_main();
  void wake(std::vector<Fiber*> fibers);
  void wake_lanes(int warp, unsigned lanes);
  Fiber* pick();
  void switch_to(Fiber* next);  // nullptr: the scheduler
  void block_current() { switch_to(pick()); }
  void check_exits();
  std::string states() const;
  std::string in_block(const std::string& text) const;

  Mbarrier& mbarrier(uint32_t address, Loc where);
  void complete_if_due(Mbarrier& barrier);
  void land_tile(const TileCopy& copy);
  bool land_some_copy();
  void issue_wgmma(Warpgroup& group, Loc where);
  void read_operand(const WgmmaOp& op, int warp, Loc where);
  void execute(Warpgroup& group, const WgmmaOp& op);
  void warpgroup_step(Loc where) { warp_operation(WarpOp::WarpgroupStep, ~0u, nullptr, nullptr, where); }

  bool check_shared(Access& access);
  void check_global(Access& access, Buffer& buffer);
  void check_cells(Shadow& shadow, size_t offset, const Access& access, const char* name, bool shared);
  void check_written(Buffer& buffer, size_t offset, const Access& access);
  bool first_report(Site a, Site b, int kind) { return reported_.insert({a, b, kind}).second; }

  const LaunchConfig& config_;
  const std::function<void()>& body_;
  const bool check_;
  const int threads_;
  const size_t stack_bytes_;
  char* stacks_;
  std::vector<Fiber> fibers_;
  std::vector<std::vector<WarpMeeting>> meetings_;  // per warp
  Context scheduler_;
  Fiber* current_ = nullptr;
  ReadyQueue ready_;
  std::mt19937_64 random_;

  int alive_ = 0;
  std::vector<Fiber*> at_barrier_;
  // Of the threads at the barrier, and of those that left the last one: whether a predicate held for some.
  bool asked_ = false, answer_ = false;
  Loc barrier_where_;
  uint3 block_{};
  uint32_t block_id_ = 0;  // 1 + linear block number
  BlockClocks clocks_;
  SharedMemory shared_;
  Buffer* last_buffer_ = nullptr;

  std::map<uint32_t, Mbarrier> mbarriers_;  // by address
  std::deque<TileCopy> tile_copies_;        // in flight
  std::deque<Warpgroup> warpgroups_;

  Report report_;
  std::set<std::tuple<Site, Site, int>> reported_;
  std::set<std::string> messages_;
};

BlockRunner* current_runner();
void set_current_runner(BlockRunner* runner);
void install_fault_handlers();  // per OS thread

}  // namespace cuemu
