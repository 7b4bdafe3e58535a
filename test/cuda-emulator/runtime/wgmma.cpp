// wgmma.mma_async: a warpgroup multiplies matrices that descriptors find in shared memory. Sums are there after the wait.
#include <algorithm>
#include <cstring>
#include "../include/cuemu/half.hpp"
#include "block_runner.hpp"

namespace cuemu {

namespace {
constexpr int kThreads = 128, kRows = 64, kDepth = 16;
constexpr int k128ByteSwizzle = 1;
}  // namespace

MatrixDescriptor::MatrixDescriptor(uint64_t bits)
    : start(static_cast<uint32_t>(bits & 0x3fff) << 4), leading(static_cast<uint32_t>(bits >> 16 & 0x3fff) << 4),
      stride(static_cast<uint32_t>(bits >> 32 & 0x3fff) << 4), base_offset(static_cast<int>(bits >> 49 & 7)),
      layout(static_cast<int>(bits >> 62)) {}

// PTX ISA, "Strides" and "Canonical layouts" of wgmma with a 128-byte swizzle. K-major: groups of eight lines of M or N
// are `stride` apart, and a line's 128 bytes hold 64 steps of K, of which an instruction reads 32 bytes. M- or N-major: lines
// of K hold 64 elements of N; further ones are `leading` bytes on, and groups of eight lines are `stride` apart.
uint32_t MatrixDescriptor::chunk(int line, int i, bool k_major) const {
  const uint32_t group = static_cast<uint32_t>(line / 8) * stride + static_cast<uint32_t>(line % 8) * 128;
  const uint32_t within = k_major ? static_cast<uint32_t>(i) * 16
                                  : static_cast<uint32_t>(i / 8) * leading + static_cast<uint32_t>(i % 8) * 16;
  const uint32_t address = start + group + within;
  return address ^ (address >> 7 & 7) << 4;
}

void BlockRunner::start_wgmma(const WgmmaCall& call, Loc where) {
  Fiber& self = *current_;
  if (threads_ % kThreads) fail("wgmma", "a block with wgmma consists of whole warpgroups", where);
  if (!self.wgmma_fenced) fail("wgmma", "no wgmma.fence since the registers may have changed", where);
  Warpgroup& group = warpgroups_[self.linear / kThreads];
  if (group.arrived > 0 && !same_place(group.where, where))
    fatal("warp-divergence", thread_name() + " is at wgmma " + describe(where) + " while others of its warpgroup are at " +
                                 describe(group.where));
  group.where = where;
  group.calls[self.linear % kThreads] = call;
  self.where = where;
  if (++group.arrived < kThreads) {
    self.state = FiberState::AtWarpgroupOp;
    block_current();
    return;
  }
  group.arrived = 0;
  issue_wgmma(group, where);
  std::vector<Fiber*> all;
  Fiber* first = &fibers_[self.linear / kThreads * kThreads];
  for (int t = 0; t < kThreads; t++) all.push_back(first + t);
  wake(std::move(all));
  block_current();
}

void BlockRunner::issue_wgmma(Warpgroup& group, Loc where) {
  const WgmmaCall& first = group.calls[0];
  if (first.n % 8 || first.n < 8 || first.n > 256) fail("wgmma", "N is a multiple of 8 up to 256", where);
  WgmmaOp op{first, {}, {}};
  for (int t = 0; t < kThreads; t++) {
    const WgmmaCall& c = group.calls[t];
    if (c.b_descriptor != first.b_descriptor || c.a_descriptor != first.a_descriptor || c.accumulate != first.accumulate)
      fail("wgmma", "descriptors and flags differ within a warpgroup", where);
    if (c.a) std::memcpy(op.a[t].data(), c.a, sizeof op.a[t]);
  }
  for (const uint64_t bits : {first.b_descriptor, first.a ? first.b_descriptor : first.a_descriptor}) {
    const MatrixDescriptor d(bits);
    if (d.layout != k128ByteSwizzle || d.base_offset)
      fail("wgmma", "the emulator reads operands with a 128-byte swizzle and no base offset", where);
  }
  const int sums = first.n / 2;
  Accumulators& acc = group.sums[first.d];
  if (acc.in_flight++ == 0) {
    acc.values.resize(static_cast<size_t>(kThreads * sums));
    for (int t = 0; t < kThreads; t++) {
      acc.registers[t] = group.calls[t].d;
      std::memcpy(&acc.values[t * sums], acc.registers[t], sums * sizeof(float));
      std::memset(static_cast<void*>(acc.registers[t]), 0xff, sums * sizeof(float));  // nobody may look before the wait
    }
  }
  const int base = current_->linear / kThreads * kThreads;
  for (int warp = 0; warp < 4; warp++) {
    if (check_) op.reads[warp] = clocks_.issue_async(base + warp * 32);
    read_operand(op, warp, where);
  }
  group.last = op.reads;
  if (config_.schedule.eager_copies) execute(group, op);
  group.open.push_back(std::move(op));
}

// Every warp reads all of B and its own rows of A.
void BlockRunner::read_operand(const WgmmaOp& op, int warp, Loc where) {
  const int thread = current_->linear / kThreads * kThreads + warp * 32;
  auto read = [&](const MatrixDescriptor& d, int line, int i, bool k_major) {
    access({from_window(d.chunk(line, i, k_major)), 16, AccessKind::Read, site_of(where), thread, true, op.reads[warp]});
  };
  const MatrixDescriptor b(op.call.b_descriptor);
  const bool k_major = !op.call.b_transposed;
  if (!check_ && warp > 0) return;  // bounds alone are the same for all warps
  const int lines = k_major ? op.call.n : kDepth, chunks = (k_major ? kDepth : op.call.n) / 8;
  for (int line = 0; line < lines; line++)
    for (int i = 0; i < chunks; i++) read(b, line, i, k_major);
  if (op.call.a) return;
  const MatrixDescriptor a(op.call.a_descriptor);
  for (int row = check_ ? warp * 16 : 0; row < (check_ ? warp * 16 + 16 : kRows); row++)
    for (int i = 0; i < kDepth / 8; i++) read(a, row, i, true);
}

void BlockRunner::execute(Warpgroup& group, const WgmmaOp& op) {
  const int n = op.call.n, sums = n / 2;
  float (*convert)(uint16_t) = op.call.f16 ? f16_to_f32 : bf16_to_f32;
  std::vector<float> a(kRows * kDepth), b(static_cast<size_t>(kDepth * n));
  uint16_t bits[8];
  const MatrixDescriptor from_b(op.call.b_descriptor), from_a(op.call.a_descriptor);
  const bool k_major = !op.call.b_transposed;
  for (int line = 0; line < (k_major ? n : kDepth); line++)
    for (int i = 0; i < (k_major ? kDepth : n) / 8; i++) {
      std::memcpy(bits, from_window(from_b.chunk(line, i, k_major)), sizeof bits);
      for (int x = 0; x < 8; x++)
        b[k_major ? (i * 8 + x) * n + line : line * n + i * 8 + x] = convert(bits[x]);
    }
  if (op.call.a) {
    // PTX ISA, "Register fragments for wgmma", A: like those of mma.m16n8k16, warp w has rows 16 w … 16 w + 15.
    for (int t = 0; t < kThreads; t++) {
      const int row = t / 32 * 16 + t % 32 / 4, k = t % 4 * 2;
      for (int r = 0; r < 4; r++)
        for (int half = 0; half < 2; half++)
          a[(row + (r & 1) * 8) * kDepth + k + (r >> 1) * 8 + half] =
              convert(static_cast<uint16_t>(op.a[t][r] >> (16 * half)));
    }
  } else {
    for (int row = 0; row < kRows; row++)
      for (int i = 0; i < kDepth / 8; i++) {
        std::memcpy(bits, from_window(from_a.chunk(row, i, true)), sizeof bits);
        for (int x = 0; x < 8; x++) a[row * kDepth + i * 8 + x] = convert(bits[x]);
      }
  }
  Accumulators& acc = group.sums.at(op.call.d);
  std::vector<float> line(n);
  for (int row = 0; row < kRows; row++) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (int k = 0; k < kDepth; k++) {
      const float x = a[row * kDepth + k];
      for (int c = 0; c < n; c++) line[c] += x * b[k * n + c];
    }
    // PTX ISA, "Register fragments for wgmma", D: four lanes share a row of each warp's sixteen.
    const int thread = row / 16 * 32 + row % 8 * 4, high = row % 16 / 8;
    for (int c = 0; c < n; c++) {
      float& sum = acc.values[(thread + c % 8 / 2) * sums + c / 8 * 4 + high * 2 + c % 2];
      sum = op.call.accumulate ? sum + line[c] : line[c];
    }
  }
  if (--acc.in_flight > 0) return;
  for (int t = 0; t < kThreads; t++) std::memcpy(acc.registers[t], &acc.values[t * sums], sums * sizeof(float));
  group.sums.erase(op.call.d);
}

void BlockRunner::fence_wgmma(Loc where) {
  warpgroup_step(where);
  current_->wgmma_fenced = true;
}

// Threads of a warpgroup commit the same products: the first one closes the group.
void BlockRunner::commit_wgmma(Loc where) {
  warpgroup_step(where);
  Warpgroup& group = warpgroups_[current_->linear / kThreads];
  if (current_->wgmma_commits++ < group.commits.size()) return;
  group.commits.push_back(group.last);
  group.groups.push_back(std::move(group.open));
  group.open.clear();
}

void BlockRunner::wait_wgmma(int groups_left, Loc where) {
  warpgroup_step(where);
  Fiber& self = *current_;
  self.wgmma_fenced = false;
  Warpgroup& group = warpgroups_[self.linear / kThreads];
  if (self.wgmma_commits <= static_cast<size_t>(groups_left)) return;
  const size_t wanted = self.wgmma_commits - static_cast<size_t>(groups_left);
  for (; group.executed < wanted; group.executed++) {
    if (!config_.schedule.eager_copies)
      for (const WgmmaOp& op : group.groups.front()) execute(group, op);
    group.groups.pop_front();
  }
  if (check_) clocks_.learn(self.linear, group.commits[wanted - 1][self.linear % kThreads / 32]);
}

void wgmma(const WgmmaCall& call, Loc where) { current_runner()->start_wgmma(call, where); }
void wgmma_fence(Loc where) { current_runner()->fence_wgmma(where); }
void wgmma_commit(Loc where) { current_runner()->commit_wgmma(where); }
void wgmma_wait(int groups_left_in_flight, Loc where) { current_runner()->wait_wgmma(groups_left_in_flight, where); }

void set_registers(int count, Loc where) {
  if (count % 8 || count < 24 || count > 256) fail("setmaxnreg", "a multiple of 8 from 24 to 256", where);
  current_runner()->warp_operation(WarpOp::WarpgroupStep, ~0u, nullptr, nullptr, where);
}

}  // namespace cuemu
