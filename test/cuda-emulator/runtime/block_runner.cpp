#include "block_runner.hpp"
#include <sys/mman.h>
#include <algorithm>
#include <bit>
#include <map>

namespace cuemu {

static __thread BlockRunner* t_cuemu_runner;

namespace {
constexpr size_t kGuardBytes = 4096;
constexpr size_t kMaxErrors = 20;
}  // namespace

BlockRunner* current_runner() { return t_cuemu_runner; }
void set_current_runner(BlockRunner* runner) { t_cuemu_runner = runner; }

uint3 thread_index() { return t_cuemu_runner->current()->index; }
uint3 block_index() { return t_cuemu_runner->block(); }
dim3 block_size() { return t_cuemu_runner->config().block; }
dim3 grid_size() { return t_cuemu_runner->config().grid; }
int lane_index() { return t_cuemu_runner->current()->lane; }

void ReadyQueue::reset(size_t fibers) {
  ring_.assign(std::bit_ceil(fibers), nullptr);
  mask_ = ring_.size() - 1;
  head_ = tail_ = 0;
}

Fiber* ReadyQueue::pop_random(std::mt19937_64& random) {
  const size_t chosen = head_ + random() % (tail_ - head_);
  std::swap(ring_[head_ & mask_], ring_[chosen & mask_]);
  return pop();
}

BlockRunner::BlockRunner(const LaunchConfig& config, const std::function<void()>& body)
    : config_(config), body_(body), check_(config.check && instrumented()),
      threads_(static_cast<int>(config.block.x * config.block.y * config.block.z)),
      stack_bytes_((config.stack_bytes + kGuardBytes - 1) / kGuardBytes * kGuardBytes + kGuardBytes),
      fibers_(threads_), meetings_((threads_ + 31) / 32), random_(config.schedule.seed),
      shared_(config.dynamic_shared) {
  stacks_ = static_cast<char*>(mmap(nullptr, stack_bytes_ * threads_, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  for (int i = 0; i < threads_; i++) mprotect(stacks_ + i * stack_bytes_, kGuardBytes, PROT_NONE);
  // References into a meeting stay valid while lanes of other masks start theirs.
  for (auto& warp : meetings_) warp.reserve(32);
}

BlockRunner::~BlockRunner() { munmap(stacks_, stack_bytes_ * threads_); }

void BlockRunner::run(dim3 block, uint32_t linear_block) {
  block_ = {block.x, block.y, block.z};
  block_id_ = linear_block + 1;
  alive_ = threads_;
  ready_.reset(threads_);
  at_barrier_.clear();
  asked_ = answer_ = false;
  shared_.poison();
  if (check_) clocks_.reset(threads_);
  for (auto& warp : meetings_) warp.clear();
  mbarriers_.clear();
  tile_copies_.clear();
  warpgroups_.clear();
  warpgroups_.resize((threads_ + 127) / 128);

  std::vector<Fiber*> all;
  const dim3 size = config_.block;
  for (unsigned i = 0; i < static_cast<unsigned>(threads_); i++) {
    Fiber& f = fibers_[i];
    f.index = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
    f.linear = static_cast<int>(i);
    f.lane = f.linear & 31;
    f.warp = f.linear >> 5;
    f.open_copies.clear();
    f.copy_groups.clear();
    f.wgmma_commits = 0;
    f.wgmma_fenced = false;
    // Equal distances between stacks would put the hot frames of all lanes into the same L1 sets.
    prepare_context(f.context, stacks_ + i * stack_bytes_ + kGuardBytes, stack_bytes_ - kGuardBytes,
                    (i & 31) * 320, fiber_main);
    all.push_back(&f);
  }
  wake(std::move(all));
  while (!aborted()) {
    Fiber* next = pick();
    if (next) { switch_to(next); continue; }
    // Copies of tiles land as late as they may: when nobody can go on without them.
    if (land_some_copy()) continue;
    if (alive_ > 0) {
      error("deadlock", in_block("no thread can run" + states()));
      report_.aborted = true;
    }
    break;
  }
}

void BlockRunner::fiber_main() {
  BlockRunner& runner = *t_cuemu_runner;
  runner.body_();
  Fiber& self = *runner.current_;
  auto unfinished = [](const auto& group) { return !group.empty(); };
  if (unfinished(self.open_copies) || std::any_of(self.copy_groups.begin(), self.copy_groups.end(), unfinished))
    runner.error("unfinished-copy", runner.thread_name() + " exits with a cp.async that it never waited for");
  if (!warpgroups_done(runner.warpgroups_[self.linear / 128], self.wgmma_commits))
    runner.error("unfinished-copy", runner.thread_name() + " exits with a wgmma that it never waited for");
  self.state = FiberState::Exited;
  runner.alive_--;
  runner.check_exits();
  runner.block_current();
  __builtin_unreachable();
}

Fiber* BlockRunner::pick() {
  if (ready_.empty()) return nullptr;
  return config_.schedule.order == Order::Random ? ready_.pop_random(random_) : ready_.pop();
}

void BlockRunner::switch_to(Fiber* next) {
  Fiber* from = current_;
  if (from == next) return;
  report_.switches++;
  current_ = next;
  switch_context(from ? from->context : scheduler_, next ? next->context : scheduler_);
}

void BlockRunner::wake(std::vector<Fiber*> fibers) {
  std::sort(fibers.begin(), fibers.end(), [](Fiber* a, Fiber* b) { return a->linear < b->linear; });
  if (config_.schedule.order == Order::Reverse) std::reverse(fibers.begin(), fibers.end());
  for (Fiber* f : fibers) {
    f->state = FiberState::Ready;
    ready_.push_back(f);
  }
}

void BlockRunner::wake_lanes(int warp, unsigned lanes) {
  Fiber* first = &fibers_[warp * 32];
  // Forward runs a warp as far as it can, which keeps its stacks in the cache; the other orders let
  // the warps interleave.
  const bool ahead = config_.schedule.order == Order::Forward;
  const bool descending = ahead || config_.schedule.order == Order::Reverse;
  for (int k = 0; k < 32; k++) {
    const int lane = descending ? 31 - k : k;
    if (!(lanes >> lane & 1)) continue;
    first[lane].state = FiberState::Ready;
    if (ahead) ready_.push_front(first + lane); else ready_.push_back(first + lane);
  }
}

void BlockRunner::error(const char* kind, const std::string& message) {
  if (report_.errors.size() >= kMaxErrors || !messages_.insert(kind + message).second) return;
  report_.errors.push_back({kind, message});
}

void BlockRunner::fatal(const char* kind, const std::string& message) {
  if (report_.errors.size() >= kMaxErrors) report_.errors.pop_back();
  error(kind, message);
  report_.aborted = true;
  switch_to(nullptr);  // the fibers are abandoned where they stand
  __builtin_unreachable();
}

std::string BlockRunner::in_block(const std::string& text) const {
  return format("block (%u,%u,%u): ", block_.x, block_.y, block_.z) + text;
}

std::string BlockRunner::thread_name() const {
  return format("block (%u,%u,%u) thread %d", block_.x, block_.y, block_.z, current_->linear);
}

namespace {
std::string ranges(const std::vector<int>& sorted) {
  std::string text;
  for (size_t i = 0; i < sorted.size();) {
    size_t j = i;
    while (j + 1 < sorted.size() && sorted[j + 1] == sorted[j] + 1) j++;
    if (text.size() > 120) return text + ",...";
    if (!text.empty()) text += ",";
    text += std::to_string(sorted[i]);
    if (j > i) text += "-" + std::to_string(sorted[j]);
    i = j + 1;
  }
  return text;
}
}  // namespace

std::string BlockRunner::states() const {
  std::map<std::string, std::vector<int>> groups;
  for (const Fiber& f : fibers_) {
    std::string state = "runnable";
    if (f.state == FiberState::Exited) state = "exited";
    if (f.state == FiberState::AtBarrier) state = "at __syncthreads (" + describe(f.where) + ")";
    if (f.state == FiberState::AtMbarrier) state = "wait for an mbarrier (" + describe(f.where) + ")";
    if (f.state == FiberState::AtWarpgroupOp) state = "at wgmma (" + describe(f.where) + ")";
    if (f.state == FiberState::AtWarpOp)
      state = format("at a warp operation of mask %08x (%s)", f.mask, describe(f.where).c_str());
    groups[state].push_back(f.linear);
  }
  std::string text;
  for (const auto& [state, members] : groups) text += "; threads " + ranges(members) + " " + state;
  return text;
}

[[noreturn]] void fail(const char* kind, const char* message, Loc where) {
  BlockRunner& runner = *current_runner();
  runner.fatal(kind, runner.thread_name() + ": " + message + " at " + describe(where));
}

}  // namespace cuemu
