// Global memory: every buffer lies in its own pages, far from the next one, so that a stray access
// either faults or can be told apart from a good one.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "shadow.hpp"

namespace cuemu {

struct Buffer {
  char* begin;
  char* end;
  char *pages_begin, *pages_end;  // the accessible pages around it
  std::string name;
  // One flag per byte for a buffer that starts undefined, else empty.
  std::vector<bool> written;
  std::unique_ptr<Shadow> shadow;
};

class DeviceMemory {
 public:
  char* allocate(size_t bytes, const std::string& name, bool undefined);
  void free_all();
  // The buffer that `address` is in or closest to; nullptr outside device memory.
  Buffer* nearest(const char* address);
  void reset_shadows();
  // Names the buffers whose surroundings were overwritten (only stores that were not instrumented).
  std::vector<std::string> damaged_margins() const;

 private:
  std::vector<Buffer> buffers_;  // by address
  char *arena_ = nullptr, *next_ = nullptr, *arena_end_ = nullptr;
};

DeviceMemory& device_memory();

}  // namespace cuemu
