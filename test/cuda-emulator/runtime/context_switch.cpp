#include "context_switch.hpp"
#include <cstdint>

#ifndef CUEMU_UCONTEXT
// Saves what the System V ABI makes the callee keep, and nothing else: 15 instructions instead of
// swapcontext's two system calls. The signal mask and the floating-point modes never differ.
extern "C" void cuemu_switch(void** save, void* to);
asm(R"(
.text
.globl cuemu_switch
.type cuemu_switch,@function
cuemu_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuemu_switch,.-cuemu_switch
)");
#endif

namespace cuemu {

#ifdef CUEMU_UCONTEXT

void prepare_context(Context& context, char* stack, size_t stack_bytes, size_t shift, void (*entry)()) {
  getcontext(&context.state);
  context.state.uc_stack.ss_sp = stack;
  context.state.uc_stack.ss_size = stack_bytes - shift / 64 * 64;
  context.state.uc_link = nullptr;
  makecontext(&context.state, entry, 0);
}
void switch_context(Context& from, Context& to) { swapcontext(&from.state, &to.state); }

#else

void prepare_context(Context& context, char* stack, size_t stack_bytes, size_t shift, void (*entry)()) {
  auto top = (reinterpret_cast<uintptr_t>(stack) + stack_bytes - shift) & ~uintptr_t(63);
  void** sp = reinterpret_cast<void**>(top);
  *--sp = nullptr;  // takes the place of a return address, so that `entry` sees the ABI's alignment
  *--sp = reinterpret_cast<void*>(entry);
  for (int saved_register = 0; saved_register < 6; saved_register++) *--sp = nullptr;
  context.stack_pointer = sp;
}
void switch_context(Context& from, Context& to) { cuemu_switch(&from.stack_pointer, to.stack_pointer); }

#endif

}  // namespace cuemu
