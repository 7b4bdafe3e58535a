// An implementation is a function of tensors and numbers, as a schema can say them.
#pragma once
#include <ATen/ATen.h>
#include <tuple>
#include <type_traits>
namespace torch {
template <typename T>
constexpr bool is_argument = std::is_same_v<T, const at::Tensor&> || std::is_same_v<T, int64_t> ||
                             std::is_same_v<T, double> || std::is_same_v<T, bool>;
template <typename T>
constexpr bool is_result = std::is_same_v<T, at::Tensor>;
template <typename... T>
constexpr bool is_result<std::tuple<T...>> = (std::is_same_v<T, at::Tensor> && ...);

struct Library {
  void def(const char* schema);
  template <typename R, typename... Args>
  void impl(const char*, R (*)(Args...)) {
    static_assert(is_result<R> && (is_argument<Args> && ...), "no schema has this type");
  }
};
}  // namespace torch
#define TORCH_LIBRARY_FRAGMENT(name, m) [[maybe_unused]] static void attnc_stub_define_##name(torch::Library& m)
#define TORCH_LIBRARY_IMPL(name, key, m) [[maybe_unused]] static void attnc_stub_implement_##name##_##key(torch::Library& m)
