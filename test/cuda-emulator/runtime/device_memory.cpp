#include "device_memory.hpp"
#include <sys/mman.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cuemu {

namespace {
constexpr size_t kPage = 4096;
constexpr size_t kArena = size_t(1) << 38;  // address space only: nothing is committed
constexpr size_t kGap = size_t(64) << 20;
constexpr size_t kAlignment = 256;  // cudaMalloc's promise
constexpr unsigned char kMargin = 0xfd;

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }
}  // namespace

DeviceMemory& device_memory() {
  static DeviceMemory memory;
  return memory;
}

char* DeviceMemory::allocate(size_t bytes, const std::string& name, bool undefined) {
  if (!arena_) {
    void* reserved = mmap(nullptr, kArena, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) { perror("cuemu: cannot reserve address space"); std::exit(2); }
    arena_ = next_ = static_cast<char*>(reserved);
    arena_end_ = arena_ + kArena;
  }
  const size_t pages = round_up(std::max<size_t>(bytes, 1), kPage);
  if (next_ + pages + 2 * kGap > arena_end_) { fprintf(stderr, "cuemu: device memory is full\n"); std::exit(2); }
  char* first = next_ + kGap;
  if (mprotect(first, pages, PROT_READ | PROT_WRITE)) { perror("cuemu: cannot commit memory"); std::exit(2); }
  next_ = first + pages;

  // The end of the buffer is as close to the inaccessible page as the alignment allows: an overrun
  // is the likelier bug.
  char* begin = next_ - round_up(bytes, kAlignment);
  std::memset(first, kMargin, pages);
  std::memset(begin, 0xff, bytes);
  Buffer buffer{begin, begin + bytes, first, next_, name, {}, nullptr};
  if (undefined) buffer.written.assign(bytes, false);
  buffers_.push_back(std::move(buffer));
  return begin;
}

void DeviceMemory::free_all() {
  buffers_.clear();
  if (arena_) munmap(arena_, kArena);
  arena_ = next_ = arena_end_ = nullptr;
}

Buffer* DeviceMemory::nearest(const char* address) {
  if (address < arena_ || address >= next_ + kGap || buffers_.empty()) return nullptr;
  auto after = std::upper_bound(buffers_.begin(), buffers_.end(), address,
                                [](const char* a, const Buffer& b) { return a < b.begin; });
  if (after == buffers_.begin()) return &*after;
  auto before = after - 1;
  if (after == buffers_.end() || address - before->end < after->begin - address) return &*before;
  return &*after;
}

void DeviceMemory::reset_shadows() {
  for (Buffer& b : buffers_) b.shadow.reset();
}

std::vector<std::string> DeviceMemory::damaged_margins() const {
  auto intact = [](const char* from, const char* to) {
    return std::all_of(from, to, [](char c) { return static_cast<unsigned char>(c) == kMargin; });
  };
  std::vector<std::string> names;
  for (const Buffer& b : buffers_)
    if (!intact(b.pages_begin, b.begin) || !intact(b.end, b.pages_end)) names.push_back(b.name);
  return names;
}

}  // namespace cuemu
