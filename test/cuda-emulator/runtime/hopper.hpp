// State of what blocks on compute capability 9.0 do asynchronously: mbarriers, copies of tiles and wgmma.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <vector>
#include "../include/cuemu/hopper.hpp"
#include "clocks.hpp"

namespace cuemu {

struct Fiber;

// PTX ISA, "mbarrier": a phase completes when no arrival and no byte is outstanding.
struct Mbarrier {
  uint32_t arrivals = 0, pending = 0;
  int64_t bytes = 0;  // expected and not yet there; below zero when a copy was faster than its announcement
  uint32_t phase = 0;
  bool fenced = false;
  std::vector<Fiber*> waiting;
  BlockClocks::View gathered, done;  // what those who arrived have seen, in this phase and up to the last one
};

struct TileCopy {
  uint32_t destination, barrier;
  TensorMap map;
  std::array<int, 5> coordinates;
  Stamp stamp;
  size_t bytes() const;
};

// Shared-memory matrix descriptor of wgmma (PTX ISA, "Matrix descriptor format").
struct MatrixDescriptor {
  explicit MatrixDescriptor(uint64_t bits);
  uint32_t start, leading, stride;  // bytes
  int base_offset, layout;
  // Where the 16 bytes lie that hold elements 8 i … 8 i + 7 of line `line`. Lines run along K (`k_major`), or along M or N.
  uint32_t chunk(int line, int i, bool k_major) const;
};

struct WgmmaOp {
  WgmmaCall call;  // that of the first thread
  std::array<std::array<uint32_t, 4>, 128> a;
  std::array<Stamp, 4> reads;  // of each warp
};

struct Accumulators {
  std::array<float*, 128> registers;
  std::vector<float> values;  // of all threads, one after another
  int in_flight = 0;
};

struct Warpgroup {
  int arrived = 0;
  std::array<WgmmaCall, 128> calls;
  Loc where;
  std::vector<WgmmaOp> open;               // not committed yet
  std::deque<std::vector<WgmmaOp>> groups;  // committed and not executed, oldest first
  std::vector<std::array<Stamp, 4>> commits;  // the last reads of each group
  std::array<Stamp, 4> last{};
  size_t executed = 0;                     // groups
  std::map<float*, Accumulators> sums;     // by the registers of the first thread
};

inline bool warpgroups_done(const Warpgroup& group, size_t commits) {
  return group.open.empty() && group.executed >= commits;
}

}  // namespace cuemu
