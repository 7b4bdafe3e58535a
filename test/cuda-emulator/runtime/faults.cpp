// Turns a fault inside a kernel into a report: the reading of inaccessible memory around a buffer,
// a stack that is too small, an integer division by zero.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ucontext.h>
#include <unistd.h>
#include "block_runner.hpp"

namespace cuemu {

namespace {

Site fault_site(const ucontext_t* context) {
#if defined(__x86_64__)
  return reinterpret_cast<Site>(context->uc_mcontext.gregs[REG_RIP] + 1);
#elif defined(__aarch64__)
  return reinterpret_cast<Site>(context->uc_mcontext.pc + 1);
#else
  (void)context;
  return nullptr;
#endif
}

void on_fault(int signal, siginfo_t* info, void* context) {
  BlockRunner* runner = current_runner();
  if (!runner || !runner->current()) {
    std::signal(signal, SIG_DFL);
    raise(signal);
    return;
  }
  // The fault came from kernel code or a copy on its behalf, never from the allocator, so building
  // a report here is safe; control leaves through the scheduler's context.
  const Site site = fault_site(static_cast<ucontext_t*>(context));
  if (signal == SIGFPE)
    runner->fatal("division", runner->thread_name() + ": integer division by zero or overflow at " + describe(site));
  runner->fault(static_cast<const char*>(info->si_addr), site);
}

void on_timeout(int) {
  static const char text[] = "{\"ok\":false,\"errors\":[{\"kind\":\"timeout\",\"message\":\"the job ran out of time\"}]}\n";
  if (write(STDOUT_FILENO, text, sizeof text - 1) < 0) _exit(4);
  _exit(3);
}

}  // namespace

void install_fault_handlers() {
  static thread_local char cuemu_signal_stack[64 << 10];
  stack_t stack{};
  stack.ss_sp = cuemu_signal_stack;
  stack.ss_size = sizeof cuemu_signal_stack;
  sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE}) sigaction(signal, &action, nullptr);
}

void start_timeout(unsigned seconds) {
  if (!seconds) return;
  std::signal(SIGALRM, on_timeout);
  alarm(seconds);
}

void BlockRunner::fault(const char* address, Site site) {
  if (address >= stacks_ && address < stacks_ + stack_bytes_ * threads_)
    fatal("stack-overflow", thread_name() + format(": needs more than the %zu bytes of stack", stack_bytes_ - 4096));
  fatal("out-of-bounds", thread_name() + ": access at " + name_address(address) + ", at " + describe(site));
}

}  // namespace cuemu
