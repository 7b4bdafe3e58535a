// mbarriers: arrivals and announced bytes complete phases; waits name a phase by its parity.
#include <algorithm>
#include <cstring>
#include "block_runner.hpp"

namespace cuemu {

Mbarrier& BlockRunner::mbarrier(uint32_t address, Loc where) {
  const auto found = mbarriers_.find(address);
  if (found == mbarriers_.end()) fail("mbarrier", "the mbarrier is not initialised", where);
  access({from_window(address), 8, AccessKind::Atomic, site_of(where), current_->linear});
  return found->second;
}

void BlockRunner::init_mbarrier(uint32_t address, uint32_t arrivals, Loc where) {
  if (address & 7) fail("misaligned", "an mbarrier is not 8-byte aligned", where);
  if (arrivals == 0 || arrivals >= 1u << 20) fail("mbarrier", "an mbarrier counts 1 to 2^20 - 1 arrivals", where);
  access({from_window(address), 8, AccessKind::Write, site_of(where), current_->linear});
  Mbarrier barrier;
  barrier.arrivals = barrier.pending = arrivals;
  if (check_) barrier.gathered = barrier.done = BlockClocks::View(2 * threads_, 0);
  mbarriers_[address] = std::move(barrier);
}

// The copy engine sees an initialisation only after the fence of the thread that made it.
void BlockRunner::fence_mbarriers() {
  for (auto& [address, barrier] : mbarriers_) barrier.fenced = true;
}

namespace {
void merge(BlockClocks::View& into, const BlockClocks::View& from) {
  for (size_t i = 0; i < into.size(); i++) into[i] = std::max(into[i], from[i]);
}
}  // namespace

void BlockRunner::complete_if_due(Mbarrier& barrier) {
  if (barrier.pending > 0 || barrier.bytes != 0) return;
  barrier.phase ^= 1;
  barrier.pending = barrier.arrivals;
  merge(barrier.done, barrier.gathered);
  std::vector<Fiber*> waiting;
  waiting.swap(barrier.waiting);
  wake(std::move(waiting));
}

void BlockRunner::arrive_mbarrier(uint32_t address, uint32_t expected_bytes, Loc where) {
  Mbarrier& barrier = mbarrier(address, where);
  if (barrier.pending == 0) fail("mbarrier", "more arrivals in one phase than the mbarrier counts", where);
  if (check_) merge(barrier.gathered, clocks_.publish(current_->linear));
  barrier.bytes += expected_bytes;
  barrier.pending--;
  complete_if_due(barrier);
}

void BlockRunner::wait_mbarrier(uint32_t address, uint32_t parity, Loc where) {
  Mbarrier& barrier = mbarrier(address, where);
  if (barrier.phase == (parity & 1)) {
    current_->state = FiberState::AtMbarrier;
    current_->where = where;
    barrier.waiting.push_back(current_);
    block_current();
  }
  if (check_) clocks_.learn(current_->linear, barrier.done);
}

void mbarrier_init(uint32_t address, uint32_t arrivals, Loc where) {
  current_runner()->init_mbarrier(address, arrivals, where);
}
void fence_mbarrier_init() { current_runner()->fence_mbarriers(); }
void mbarrier_arrive(uint32_t address, uint32_t expected_bytes, Loc where) {
  current_runner()->arrive_mbarrier(address, expected_bytes, where);
}
void mbarrier_wait(uint32_t address, uint32_t parity, Loc where) {
  current_runner()->wait_mbarrier(address, parity, where);
}

}  // namespace cuemu
