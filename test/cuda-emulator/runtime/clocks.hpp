// Happens-before inside one block.
//
// Every access carries a stamp: who made it and that party's clock at the time. Parties 0..n-1 are
// the threads; party n+t stands for the asynchronous copies that thread t issued, which become
// ordered only by a wait. A thread's view of the other parties has two layers: `base_`, which all
// threads share and which a block-wide barrier replaces in O(n), and `seen_`, what the thread learnt
// since then from narrower synchronisation. Kernels with block barriers only never fill `seen_`.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

namespace cuemu {

struct Stamp {
  uint32_t party = 0, clock = 0;  // clock 0: nobody
  bool operator==(const Stamp&) const = default;
};

class BlockClocks {
 public:
  void reset(int threads);
  Stamp now(int thread) const { return {static_cast<uint32_t>(thread), own_[thread]}; }
  Stamp issue_async(int thread) { return {static_cast<uint32_t>(threads_ + thread), ++issued_[thread]}; }
  void async_done(int thread, uint32_t clock) {
    if (finished_[thread] < clock) finished_[thread] = clock;
  }
  // Has everything up to `stamp` happened before what `thread` does now?
  bool ordered(int thread, Stamp stamp) const {
    if (stamp.clock <= base_[stamp.party] || stamp.party == static_cast<uint32_t>(thread)) return true;
    if (stamp.party == static_cast<uint32_t>(threads_ + thread)) return stamp.clock <= finished_[thread];
    return seen_[thread] && stamp.clock <= (*seen_[thread])[stamp.party];
  }
  void block_barrier();
  void join(const std::vector<int>& threads);
  using View = std::vector<uint32_t>;
  // What `thread` has seen and done so far; it goes on in a new interval. For barriers that threads reach one by one.
  View publish(int thread);
  void learn(int thread, const View& view);
  // `thread` has waited for an asynchronous operation, perhaps one that another thread issued.
  void learn(int thread, Stamp done);
  // Has this process seen fewer threads than a block synchronise? Until then the shadow keeps less;
  // what it missed in the first interval the later schedules find.
  static bool narrow_synchronisation() { return narrow_; }
  int thread_of(Stamp stamp) const { return static_cast<int>(stamp.party) % threads_; }
  bool is_async(Stamp stamp) const { return static_cast<int>(stamp.party) >= threads_; }

 private:
  static inline bool narrow_ = false;
  int threads_ = 0;
  std::vector<uint32_t> own_, issued_, finished_, base_;
  std::vector<std::shared_ptr<const View>> seen_;
};

}  // namespace cuemu
