// Declarations of the part of PyTorch that bindings use, so that their text can be compiled without PyTorch.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <ostream>

namespace at {
enum class ScalarType : int8_t { Float, Half, BFloat16, Float8_e4m3fn, Float8_e5m2, Int, Char, UInt32, Byte, Bool };
constexpr ScalarType kFloat = ScalarType::Float, kHalf = ScalarType::Half, kBFloat16 = ScalarType::BFloat16,
                     kFloat8_e4m3fn = ScalarType::Float8_e4m3fn, kFloat8_e5m2 = ScalarType::Float8_e5m2,
                     kInt = ScalarType::Int, kChar = ScalarType::Char, kUInt32 = ScalarType::UInt32,
                     kByte = ScalarType::Byte, kBool = ScalarType::Bool;
std::ostream& operator<<(std::ostream&, ScalarType);

struct Device {
  bool operator==(const Device&) const;
};
std::ostream& operator<<(std::ostream&, const Device&);

struct TensorOptions {
  TensorOptions dtype(ScalarType) const;
};
class Tensor {
 public:
  bool is_cuda() const;
  Device device() const;
  ScalarType scalar_type() const;
  int64_t dim() const;
  int64_t size(int64_t) const;
  Tensor contiguous() const;
  Tensor clone() const;
  TensorOptions options() const;
  const void* const_data_ptr() const;
  void* mutable_data_ptr() const;
};
using IntArrayRef = std::initializer_list<int64_t>;
Tensor empty(IntArrayRef, const TensorOptions&);
}  // namespace at

namespace c10 {
template <typename... Args>
void refuse(const Args&... args);
}
#define TORCH_CHECK(condition, ...) \
  do {                              \
    if (!(condition)) c10::refuse(__VA_ARGS__); \
  } while (false)
