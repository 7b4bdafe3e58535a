#pragma once
#include <ATen/ATen.h>
namespace c10::cuda {
struct CUDAGuard {
  explicit CUDAGuard(at::Device);
};
}  // namespace c10::cuda
