// The compiler's sanitizer hooks with the emulator's own meaning: libtsan and libubsan are not linked.
// -fsanitize=thread calls one before every access that it cannot prove private, -fsanitize=bounds
// calls one for an index past an array of known size, which also covers a thread's local arrays.
#include <cstring>
#include "block_runner.hpp"

namespace cuemu {

static bool g_instrumented = false;
bool instrumented() { return g_instrumented; }

static inline void check_access(void* address, size_t bytes, AccessKind kind, Site site, bool aligned) {
  BlockRunner* runner = current_runner();
  if (!runner || !runner->current()) return;
  if (aligned && reinterpret_cast<uintptr_t>(address) & (bytes - 1))
    runner->fatal("misaligned", format("%s: %zu-byte access at %s, at %s", runner->thread_name().c_str(), bytes,
                                       runner->name_address(static_cast<const char*>(address)).c_str(),
                                       describe(site).c_str()));
  runner->access({static_cast<const char*>(address), bytes, kind, site, runner->current()->linear});
}

}  // namespace cuemu

extern "C" {
void __tsan_init() { cuemu::g_instrumented = true; }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define CUEMU_CALLBACK(NAME, BYTES, KIND, ALIGNED)                                                      \
  void NAME(void* address) {                                                                            \
    cuemu::check_access(address, BYTES, cuemu::AccessKind::KIND, __builtin_return_address(0), ALIGNED); \
  }
#define CUEMU_CALLBACKS(N)                                    \
  CUEMU_CALLBACK(__tsan_read##N, N, Read, true)               \
  CUEMU_CALLBACK(__tsan_write##N, N, Write, true)             \
  CUEMU_CALLBACK(__tsan_unaligned_read##N, N, Read, false)    \
  CUEMU_CALLBACK(__tsan_unaligned_write##N, N, Write, false)  \
  CUEMU_CALLBACK(__tsan_volatile_read##N, N, Read, true)      \
  CUEMU_CALLBACK(__tsan_volatile_write##N, N, Write, true)
CUEMU_CALLBACKS(1)
CUEMU_CALLBACKS(2)
CUEMU_CALLBACKS(4)
CUEMU_CALLBACKS(8)
CUEMU_CALLBACKS(16)

void __tsan_read_range(void* address, size_t bytes) {
  if (bytes) cuemu::check_access(address, bytes, cuemu::AccessKind::Read, __builtin_return_address(0), false);
}
void __tsan_write_range(void* address, size_t bytes) {
  if (bytes) cuemu::check_access(address, bytes, cuemu::AccessKind::Write, __builtin_return_address(0), false);
}
}

namespace cuemu {
// The part of GCC's data that the report needs.
struct BoundsSite {
  const char* file;
  uint32_t line, column;
};
struct TypeName {
  uint16_t kind, info;
  char text[1];
};
struct BoundsData {
  BoundsSite where;
  const TypeName *array, *index;
};
}  // namespace cuemu

extern "C" void __ubsan_handle_out_of_bounds(const cuemu::BoundsData* data, uintptr_t index) {
  cuemu::BlockRunner* runner = cuemu::current_runner();
  if (!runner || !runner->current()) return;
  const char* slash = strrchr(data->where.file, '/');
  runner->fatal("out-of-bounds", cuemu::format("%s: index %ld of an array of type %s at %s:%u", runner->thread_name().c_str(),
                                               static_cast<long>(index), data->array->text,
                                               slash ? slash + 1 : data->where.file, data->where.line));
}
