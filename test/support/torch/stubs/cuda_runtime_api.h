#pragma once
typedef int cudaError_t;
typedef struct CUstream_st* cudaStream_t;
