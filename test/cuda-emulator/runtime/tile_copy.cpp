// cp.async.bulk.tensor: a box of a tensor goes to shared memory, zeros where it lies outside of the tensor.
#include <cstring>
#include "block_runner.hpp"

namespace cuemu {

namespace {
// Swizzles exchange the 16-byte chunks of a line by address bits (PTX ISA, "Swizzling modes").
uint32_t swizzled(uint32_t address, uint32_t bytes) {
  const uint32_t chunks = bytes / 16;
  return chunks < 2 ? address : address ^ (address >> 7 & (chunks - 1)) << 4;
}
}  // namespace

size_t TileCopy::bytes() const {
  size_t n = map.element_bytes;
  for (uint32_t i = 0; i < map.rank; i++) n *= map.box[i];
  return n;
}

void BlockRunner::start_tile_copy(uint32_t destination, const TensorMap& map, uint32_t barrier_address,
                                  const int* coordinates, int rank, Loc where) {
  if (static_cast<int>(map.rank) != rank) fail("tma", "the tensor map has another rank than the instruction", where);
  const uint32_t line = map.box[0] * map.element_bytes;
  if (line % 16 || (map.swizzle_bytes && line > map.swizzle_bytes))
    fail("tma", "a line of a box is a multiple of 16 bytes, and no longer than the swizzle", where);
  if (destination & (map.swizzle_bytes ? 8 * map.swizzle_bytes - 1 : 127))
    fail("misaligned", "a tile must start where its swizzle does", where);
  Mbarrier& barrier = mbarrier(barrier_address, where);
  if (!barrier.fenced) fail("mbarrier", "the copy engine may not see the mbarrier yet: no fence after its start", where);
  TileCopy copy{destination, barrier_address, map, {}, {}};
  for (int i = 0; i < rank; i++) copy.coordinates[i] = coordinates[i];
  if (check_) copy.stamp = clocks_.issue_async(current_->linear);
  char* to = from_window(destination);
  access({to, copy.bytes(), AccessKind::Write, site_of(where), current_->linear, true, copy.stamp});
  if (config_.schedule.eager_copies) {
    land_tile(copy);
    return;
  }
  std::memset(to, 0xff, copy.bytes());  // an early reader sees NaNs
  tile_copies_.push_back(copy);
}

void BlockRunner::land_tile(const TileCopy& copy) {
  const TensorMap& map = copy.map;
  const uint32_t line = map.box[0] * map.element_bytes;
  const size_t lines = copy.bytes() / line;
  for (size_t l = 0; l < lines; l++) {
    size_t rest = l;
    int64_t offset = 0;
    bool inside = true;
    for (uint32_t i = 1; i < map.rank; i++) {
      const int64_t at = copy.coordinates[i] + static_cast<int64_t>(rest % map.box[i]);
      rest /= map.box[i];
      inside &= at >= 0 && at < map.extent[i];
      offset += at * static_cast<int64_t>(map.stride[i - 1]);
    }
    for (uint32_t x = 0; x < map.box[0]; x++) {
      const int64_t at = copy.coordinates[0] + static_cast<int64_t>(x);
      const auto to = static_cast<uint32_t>(copy.destination + l * line + x * map.element_bytes);
      char* target = from_window(swizzled(to, map.swizzle_bytes));
      if (inside && at >= 0 && at < map.extent[0])
        std::memcpy(target, map.base + offset + at * map.element_bytes, map.element_bytes);
      else
        std::memset(target, 0, map.element_bytes);
    }
  }
  Mbarrier& barrier = mbarriers_.at(copy.barrier);
  if (check_) {
    uint32_t& done = barrier.gathered[copy.stamp.party];
    done = std::max(done, copy.stamp.clock);
  }
  barrier.bytes -= static_cast<int64_t>(copy.bytes());
  complete_if_due(barrier);
}

bool BlockRunner::land_some_copy() {
  if (tile_copies_.empty()) return false;
  if (alive_ == 0) {
    error("unfinished-copy", in_block("all threads exit before a copy of a tile has landed"));
    return false;
  }
  const bool random = config_.schedule.order == Order::Random;
  const auto chosen = tile_copies_.begin() + static_cast<int64_t>(random ? random_() % tile_copies_.size() : 0);
  const TileCopy copy = *chosen;
  tile_copies_.erase(chosen);
  land_tile(copy);
  return true;
}

void tma_load(uint32_t destination, const CUtensorMap* map, uint32_t barrier, const int* coordinates, int rank,
              Loc where) {
  current_runner()->start_tile_copy(destination, *map, barrier, coordinates, rank, where);
}

}  // namespace cuemu
