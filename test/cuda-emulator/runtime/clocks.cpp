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
    base_[threads_ + t] = finished_[t];
    seen_[t].reset();
  }
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
