// The only header that a generated program includes:
//   #include "harness.hpp"
//   #include "kernel.cu"
//   CUEMU_MAIN(kernel_a, kernel_b)
// A guard instead of #pragma once: this header is also precompiled on its own.
#ifndef CUEMU_HARNESS_HPP
#define CUEMU_HARNESS_HPP
#include <cstring>
#include <tuple>
#include <type_traits>
#include "cuemu.hpp"
#include "cuemu/launch.hpp"

namespace cuemu {

struct Argument {
  char* pointer = nullptr;  // into a device buffer, or null
  std::vector<unsigned char> bytes;
  bool is_pointer = false;
};
struct Parameter {
  bool is_pointer;
  size_t bytes;
};
struct KernelEntry {
  std::string name;
  std::vector<Parameter> parameters;
  // Gives the function that one CUDA thread runs.
  std::function<std::function<void()>(const std::vector<Argument>&)> bind;
};

int run_job(int argc, char** argv, const std::vector<KernelEntry>& kernels);

template <class T> T argument_value(const Argument& argument) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(argument.pointer);
  } else {
    static_assert(std::is_trivially_copyable_v<T>, "kernel parameters are pointers or plain data");
    T value;
    std::memcpy(&value, argument.bytes.data(), sizeof value);
    return value;
  }
}

template <class... P, size_t... I>
std::function<void()> bind_kernel(void (*kernel)(P...), const std::vector<Argument>& arguments,
                                  std::index_sequence<I...>) {
  std::tuple<std::remove_cv_t<P>...> values{argument_value<std::remove_cv_t<P>>(arguments[I])...};
  return [kernel, values] { std::apply(kernel, values); };
}

template <class... P> KernelEntry kernel_entry(std::string name, void (*kernel)(P...)) {
  return {std::move(name),
          {Parameter{std::is_pointer_v<P>, sizeof(P)}...},
          [kernel](const std::vector<Argument>& arguments) {
            return bind_kernel(kernel, arguments, std::index_sequence_for<P...>{});
          }};
}

// `names` is the comma-separated text of the macro's arguments.
template <class... K> std::vector<KernelEntry> kernel_table(const char* names, K... kernels) {
  std::vector<std::string> split(1);
  for (const char* c = names; *c; c++) {
    if (*c == ',') split.emplace_back();
    else if (*c != ' ') split.back() += *c;
  }
  size_t next = 0;
  return {kernel_entry(split[next++], kernels)...};
}

}  // namespace cuemu

#define CUEMU_MAIN(...)                                                                     \
  int main(int argc, char** argv) {                                                         \
    return cuemu::run_job(argc, argv, cuemu::kernel_table(#__VA_ARGS__, __VA_ARGS__));      \
  }

#endif
