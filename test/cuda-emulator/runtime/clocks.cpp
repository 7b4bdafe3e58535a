#include "clocks.hpp"
#include <algorithm>

namespace cuemu {

void BlockClocks::reset(int threads) {
  threads_ = threads;
  own_.assign(threads, 1);
  issued_.assign(threads, 0);
  finished_.assign(threads, 0);
  base_.assign(2 * threads, 0);
  seen_.assign(threads, nullptr);
}

void BlockClocks::block_barrier() {
  for (int t = 0; t < threads_; t++) {
    base_[t] = own_[t]++;
    uint32_t& done = base_[threads_ + t];
    done = std::max(done, finished_[t]);
  }
  // Asynchronous operations that somebody else than their issuer has waited for.
  for (std::shared_ptr<const View>& view : seen_) {
    if (view)
      for (int i = threads_; i < 2 * threads_; i++) base_[i] = std::max(base_[i], (*view)[i]);
    view.reset();
  }
}

BlockClocks::View BlockClocks::publish(int thread) {
  View view = seen_[thread] ? *seen_[thread] : View(2 * threads_, 0);
  view[thread] = own_[thread]++;
  uint32_t& done = view[threads_ + thread];
  done = std::max(done, finished_[thread]);
  return view;
}

void BlockClocks::learn(int thread, const View& view) {
  narrow_ = true;
  auto joint = std::make_shared<View>(view);
  if (const View* known = seen_[thread].get())
    for (int i = 0; i < 2 * threads_; i++) (*joint)[i] = std::max((*joint)[i], (*known)[i]);
  async_done(thread, view[threads_ + thread]);
  seen_[thread] = joint;
}

void BlockClocks::learn(int thread, Stamp done) {
  if (done.party == static_cast<uint32_t>(threads_ + thread)) {
    async_done(thread, done.clock);
    return;
  }
  narrow_ = true;
  auto joint = std::make_shared<View>(seen_[thread] ? *seen_[thread] : View(2 * threads_, 0));
  (*joint)[done.party] = std::max((*joint)[done.party], done.clock);
  seen_[thread] = joint;
}

void BlockClocks::join(const std::vector<int>& threads) {
  narrow_ = true;
  auto joint = std::make_shared<View>(2 * threads_, 0);
  const View* merged = nullptr;  // threads that met before share one view: merge it once
  for (int t : threads) {
    if (const View* view = seen_[t].get(); view && view != merged) {
      for (int i = 0; i < 2 * threads_; i++) (*joint)[i] = std::max((*joint)[i], (*view)[i]);
      merged = view;
    }
  }
  for (int t : threads) {
    (*joint)[t] = own_[t]++;
    (*joint)[threads_ + t] = finished_[t];
  }
  for (int t : threads) seen_[t] = joint;
}

}  // namespace cuemu
