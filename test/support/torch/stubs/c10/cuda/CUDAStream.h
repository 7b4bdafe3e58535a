#pragma once
#include <cuda_runtime_api.h>
namespace c10::cuda {
struct CUDAStream {
  cudaStream_t stream() const;
};
CUDAStream getCurrentCUDAStream();
}  // namespace c10::cuda
