// Block barriers and warp operations.
#include <algorithm>
#include "block_runner.hpp"

namespace cuemu {

void BlockRunner::block_barrier(Loc where) {
  Fiber& self = *current_;
  self.where = where;
  if (at_barrier_.empty()) {
    barrier_where_ = where;
  } else if (!same_place(barrier_where_, where)) {
    fatal("barrier-divergence",
          format("%s is at __syncthreads %s while thread %d waits at __syncthreads %s", thread_name().c_str(),
                 describe(where).c_str(), at_barrier_[0]->linear, describe(barrier_where_).c_str()));
  }
  self.state = FiberState::AtBarrier;
  at_barrier_.push_back(&self);
  check_exits();
  if (static_cast<int>(at_barrier_.size()) == threads_) {
    report_.barriers++;
    answer_ = asked_;
    asked_ = false;
    if (check_) clocks_.block_barrier();
    std::vector<Fiber*> all;
    all.swap(at_barrier_);
    wake(std::move(all));
  }
  block_current();
}

bool BlockRunner::block_any(bool predicate, Loc where) {
  asked_ |= predicate;
  block_barrier(where);
  return answer_;
}

// Newer devices let the others pass when a thread has exited, but no kernel should rely on that.
void BlockRunner::check_exits() {
  if (alive_ == threads_ || at_barrier_.empty()) return;
  fatal("barrier-divergence",
        in_block(format("%d threads have exited while others wait at __syncthreads", threads_ - alive_)) + states());
}

void BlockRunner::warp_operation(WarpOp op, unsigned mask, void* argument, Finish finish, Loc where) {
  Fiber& self = *current_;
  if (!(mask >> self.lane & 1))
    fatal("warp-mask", format("%s (lane %d) is not in the mask %08x of its warp operation at %s",
                              thread_name().c_str(), self.lane, mask, describe(where).c_str()));
  const int lanes_in_warp = std::min(32, threads_ - self.warp * 32);
  const unsigned want = lanes_in_warp == 32 ? mask : mask & ((1u << lanes_in_warp) - 1);
  if (want != ~0u && (op == WarpOp::Mma || op == WarpOp::LoadMatrices))
    fatal("warp-mask", thread_name() + ": a matrix operation needs a full warp, at " + describe(where));

  auto& meetings = meetings_[self.warp];
  WarpMeeting* meeting = nullptr;
  WarpMeeting* unused = nullptr;
  for (WarpMeeting& m : meetings) {
    if (m.arrived && m.mask == mask) { meeting = &m; break; }
    if (!m.arrived) unused = &m;
  }
  if (!meeting) {
    meeting = unused ? unused : &meetings.emplace_back();
    meeting->mask = mask;
    meeting->arrived = 0;
    meeting->op = op;
    meeting->where = where;
  } else if (meeting->op != op || !same_place(meeting->where, where)) {
    fatal("warp-divergence", format("%s (lane %d) is at %s while other lanes of the mask %08x wait at %s",
                                    thread_name().c_str(), self.lane, describe(where).c_str(), mask,
                                    describe(meeting->where).c_str()));
  }
  meeting->arrived |= 1u << self.lane;
  meeting->arguments[self.lane] = argument;
  self.mask = mask;
  self.where = where;
  if (meeting->arrived == want) {
    report_.warp_ops++;
    meeting->arrived = 0;
    if (finish) finish(want, meeting->arguments);
    // Only __syncwarp orders memory; shuffles, votes and matrix operations do not.
    if (op == WarpOp::Barrier && check_) {
      std::vector<int> members;
      for (int lane = 0; lane < 32; lane++)
        if (want >> lane & 1) members.push_back(self.warp * 32 + lane);
      clocks_.join(members);
    }
    wake_lanes(self.warp, want);
  } else {
    self.state = FiberState::AtWarpOp;
  }
  block_current();
}

void block_barrier(Loc where) { current_runner()->block_barrier(where); }

bool block_any(bool predicate, Loc where) { return current_runner()->block_any(predicate, where); }

void warp_barrier(unsigned mask, Loc where) {
  current_runner()->warp_operation(WarpOp::Barrier, mask, nullptr, nullptr, where);
}

namespace {
struct ShuffleArgument {
  uint64_t bits, result;
  int source;
};
struct BallotArgument {
  bool predicate;
  unsigned result;
};
}  // namespace

uint64_t shuffle_bits(unsigned mask, uint64_t bits, int source_lane, Loc where) {
  ShuffleArgument mine{bits, bits, source_lane};
  current_runner()->warp_operation(WarpOp::Shuffle, mask, &mine, [](unsigned lanes, void** arguments) {
    for (int lane = 0; lane < 32; lane++) {
      if (!(lanes >> lane & 1)) continue;
      auto* to = static_cast<ShuffleArgument*>(arguments[lane]);
      if (lanes >> to->source & 1) to->result = static_cast<ShuffleArgument*>(arguments[to->source])->bits;
      else to->source = -1;
    }
  }, where);
  if (mine.source < 0) fail("shuffle-source", "the source lane of a shuffle is not in its mask", where);
  return mine.result;
}

unsigned ballot(unsigned mask, bool predicate, Loc where) {
  BallotArgument mine{predicate, 0};
  current_runner()->warp_operation(WarpOp::Ballot, mask, &mine, [](unsigned lanes, void** arguments) {
    unsigned votes = 0;
    for (int lane = 0; lane < 32; lane++)
      if (lanes >> lane & 1) votes |= static_cast<unsigned>(static_cast<BallotArgument*>(arguments[lane])->predicate) << lane;
    for (int lane = 0; lane < 32; lane++)
      if (lanes >> lane & 1) static_cast<BallotArgument*>(arguments[lane])->result = votes;
  }, where);
  return mine.result;
}

}  // namespace cuemu
