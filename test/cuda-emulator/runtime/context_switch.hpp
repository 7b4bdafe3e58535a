// Cooperative contexts: one per CUDA thread, plus the scheduler's own.
#pragma once
#include <cstddef>
#if !defined(__x86_64__) && !defined(CUEMU_UCONTEXT)
#define CUEMU_UCONTEXT
#endif
#ifdef CUEMU_UCONTEXT
#include <ucontext.h>
#endif

namespace cuemu {

struct Context {
#ifdef CUEMU_UCONTEXT
  ucontext_t state;
#else
  void* stack_pointer = nullptr;
#endif
};

// `entry` must never return. `shift` moves the start of the stack down by some bytes.
void prepare_context(Context& context, char* stack, size_t stack_bytes, size_t shift, void (*entry)());
void switch_context(Context& from, Context& to);

}  // namespace cuemu
