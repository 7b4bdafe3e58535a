// The shared memory of the block that the calling OS thread runs: the dynamic array and the static
// arrays, which are this executable's thread-local variables.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "shadow.hpp"

namespace cuemu {

constexpr size_t kDynamicSharedLimit = 227 << 10;  // what a block may ask for on sm_90
constexpr size_t kDynamicSharedMargin = 4096;      // so that an overrun does not hit other variables

struct StaticArray {
  char* begin;
  size_t bytes;
  std::string name;
  std::unique_ptr<Shadow> shadow;
};

class SharedMemory {
 public:
  explicit SharedMemory(size_t dynamic_bytes);
  void poison();  // every block starts with NaNs in all of its shared memory

  bool in_dynamic(const char* p) const { return p >= dynamic_ && p < dynamic_ + kDynamicSharedLimit + kDynamicSharedMargin; }
  bool in_thread_locals(const char* p) const { return p >= locals_ && p < locals_end_; }
  StaticArray* static_array(const char* p);  // nullptr: one of the runtime's own variables
  char* dynamic() const { return dynamic_; }
  size_t dynamic_bytes() const { return dynamic_bytes_; }
  Shadow& dynamic_shadow();

  // 32-bit window addresses; 0 when `p` is not shared.
  uint32_t to_window(const char* p) const;
  char* from_window(uint32_t address) const;

 private:
  char* dynamic_;
  size_t dynamic_bytes_;
  char *locals_ = nullptr, *locals_end_ = nullptr;
  std::vector<StaticArray> arrays_;
  StaticArray* recent_ = nullptr;
  std::unique_ptr<Shadow> dynamic_shadow_;
};

}  // namespace cuemu
