#include "shadow.hpp"
#include <algorithm>

namespace cuemu {

const Mark* Shadow::unordered_reader(const Cell& cell, const BlockClocks& clocks, int thread) const {
  for (const Mark& mark : cell.read)
    if (mark.stamp.clock && !clocks.ordered(thread, mark.stamp)) return &mark;
  if (!cell.more_readers) return nullptr;
  for (const Mark& mark : lists_[cell.more_readers - 1].marks)
    if (!clocks.ordered(thread, mark.stamp)) return &mark;
  return nullptr;
}

void Shadow::clear_readers(Cell& cell) {
  cell.read[0] = cell.read[1] = {};
  if (!cell.more_readers) return;
  Readers& list = lists_[cell.more_readers - 1];
  list.marks.clear();
  list.compact_at = 8;
  free_lists_.push_back(cell.more_readers);
  cell.more_readers = 0;
}

void Shadow::halve_cells() {
  Cell* halves = map(2 * cells_);
  for (size_t i = 0; i < cells_; i++) {
    const Cell& cell = data_[i];
    if (!cell.block) continue;
    halves[2 * i] = halves[2 * i + 1] = cell;
    if (!cell.more_readers) continue;
    Readers copy = lists_[cell.more_readers - 1];
    lists_.push_back(std::move(copy));
    halves[2 * i + 1].more_readers = static_cast<uint32_t>(lists_.size());
  }
  munmap(data_, cells_ * sizeof(Cell));
  data_ = halves;
  cells_ *= 2;
  cell_bytes_ /= 2;
}

void Shadow::add_to_list(Cell& cell, Mark mark, const BlockClocks& clocks, int thread) {
  if (!cell.more_readers) {
    if (free_lists_.empty()) {
      lists_.emplace_back();
      cell.more_readers = static_cast<uint32_t>(lists_.size());
    } else {
      cell.more_readers = free_lists_.back();
      free_lists_.pop_back();
    }
  }
  Readers& list = lists_[cell.more_readers - 1];
  if (!list.marks.empty() && list.marks.back().stamp == mark.stamp) return;
  list.marks.push_back(mark);
  if (list.marks.size() < list.compact_at) return;
  // Doubling the limit keeps this linear on average even when every thread reads every cell.
  std::stable_sort(list.marks.begin(), list.marks.end(), [](const Mark& a, const Mark& b) {
    return a.stamp.party != b.stamp.party ? a.stamp.party < b.stamp.party : a.stamp.clock > b.stamp.clock;
  });
  auto end = std::unique(list.marks.begin(), list.marks.end(), [](const Mark& a, const Mark& b) {
    return a.stamp.party == b.stamp.party;
  });
  end = std::remove_if(list.marks.begin(), end, [&](const Mark& m) {
    return m.stamp != mark.stamp && clocks.ordered(thread, m.stamp);
  });
  list.marks.erase(end, list.marks.end());
  list.compact_at = std::max<size_t>(8, 2 * list.marks.size());
}

}  // namespace cuemu
