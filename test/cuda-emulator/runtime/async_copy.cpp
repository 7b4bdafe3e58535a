// cp.async: the copy engine is a party of its own until the issuing thread waits for the group.
#include <cstring>
#include "block_runner.hpp"

namespace cuemu {

namespace {
void land(const PendingCopy& copy) {
  std::memcpy(copy.destination, copy.source, copy.source_bytes);
  std::memset(copy.destination + copy.source_bytes, 0, copy.bytes - copy.source_bytes);
}
}  // namespace

void BlockRunner::start_copy(char* destination, const char* source, int bytes, int source_bytes, Loc where) {
  if ((bytes != 4 && bytes != 8 && bytes != 16) || source_bytes < 0 || source_bytes > bytes)
    fail("cp.async", "a cp.async copies 4, 8 or 16 bytes", where);
  if ((reinterpret_cast<uintptr_t>(destination) | reinterpret_cast<uintptr_t>(source)) & (bytes - 1))
    fail("misaligned", "a cp.async address is not aligned to its size", where);
  Fiber& self = *current_;
  const Site site = site_of(where);
  if (source_bytes > 0) access({source, static_cast<size_t>(source_bytes), AccessKind::Read, site, self.linear});
  PendingCopy copy{destination, source, bytes, source_bytes, {}};
  if (check_) copy.stamp = clocks_.issue_async(self.linear);
  access({destination, static_cast<size_t>(bytes), AccessKind::Write, site, self.linear, true, copy.stamp});
  if (config_.schedule.eager_copies) land(copy);
  else std::memset(destination, 0xff, bytes);  // an early reader sees NaNs
  self.open_copies.push_back(copy);
}

void BlockRunner::commit_copies() {
  current_->copy_groups.push_back(std::move(current_->open_copies));
  current_->open_copies.clear();
}

void BlockRunner::finish_copies(int groups_left) {
  Fiber& self = *current_;
  while (static_cast<int>(self.copy_groups.size()) > groups_left) {
    for (const PendingCopy& copy : self.copy_groups.front()) {
      if (!config_.schedule.eager_copies) land(copy);
      if (check_) clocks_.async_done(self.linear, copy.stamp.clock);
    }
    self.copy_groups.pop_front();
  }
}

void cp_async(void* destination, const void* source, int bytes, int source_bytes, Loc where) {
  current_runner()->start_copy(static_cast<char*>(destination), static_cast<const char*>(source), bytes, source_bytes, where);
}
void cp_async_commit() { current_runner()->commit_copies(); }
void cp_async_wait(int groups_left_in_flight) { current_runner()->finish_copies(groups_left_in_flight); }

uint32_t to_shared(const void* pointer) { return current_runner()->to_window(pointer); }
void* from_shared(uint32_t address) { return current_runner()->from_window(address); }

uint32_t BlockRunner::to_window(const void* p) {
  const uint32_t address = shared_.to_window(static_cast<const char*>(p));
  if (!address) fatal("address-space", thread_name() + ": a pointer outside shared memory is used as a shared address");
  return address;
}

}  // namespace cuemu
