#pragma once
#include <cuda_runtime_api.h>
#define C10_CUDA_CHECK(status)            \
  do {                                    \
    const cudaError_t checked = (status); \
    if (checked != 0) c10::refuse("CUDA"); \
  } while (false)
