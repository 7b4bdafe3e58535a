// What kernel code calls in the runtime.
#pragma once
#include <source_location>
#include "language.hpp"

namespace cuemu {

// Helpers take the caller's place as a default argument, so that reports name the kernel's line.
using Loc = std::source_location;

// A thread's place never changes, and all of its code runs on one context: calls may be merged and
// moved out of loops. They are calls so that instrumented code has no loads to report.
uint3 thread_index() __attribute__((const));
uint3 block_index() __attribute__((const));
dim3 block_size() __attribute__((const));
dim3 grid_size() __attribute__((const));
int lane_index() __attribute__((const));

void block_barrier(Loc where);
bool block_any(bool predicate, Loc where);
void warp_barrier(unsigned mask, Loc where);
uint64_t shuffle_bits(unsigned mask, uint64_t bits, int source_lane, Loc where);
unsigned ballot(unsigned mask, bool predicate, Loc where);

[[noreturn]] void fail(const char* kind, const char* message, Loc where);

// Generic pointer <-> 32-bit address in the shared window.
uint32_t to_shared(const void* pointer);
void* from_shared(uint32_t address);

// Copies `source_bytes` and zero-fills up to `bytes` (4, 8 or 16). The data land at the wait, or at
// once under an eager schedule; until then the destination holds NaNs.
void cp_async(void* destination, const void* source, int bytes, int source_bytes,
              Loc where = Loc::current());
void cp_async_commit();
void cp_async_wait(int groups_left_in_flight);

// d += a * b with the fragment layouts of mma.sync.m16n8k16 (.row.col).
void mma_m16n8k16_bf16(float* d, const uint32_t* a, const uint32_t* b, Loc where = Loc::current());
void mma_m16n8k16_f16(float* d, const uint32_t* a, const uint32_t* b, Loc where = Loc::current());
void mma_m16n8k32_s8(int* d, const uint32_t* a, const uint32_t* b, Loc where = Loc::current());
void mma_m16n8k32_u8(unsigned* d, const uint32_t* a, const uint32_t* b, Loc where = Loc::current());
void load_matrices(uint32_t* out, int count, bool transpose, uint32_t address, Loc where);

enum class AtomicOp : uint8_t { Add, Max, Min, Exchange, And, Or };
template <class T> T atomic_update(T* address, T value, AtomicOp op, Loc where);
extern template float atomic_update(float*, float, AtomicOp, Loc);
extern template double atomic_update(double*, double, AtomicOp, Loc);
extern template int atomic_update(int*, int, AtomicOp, Loc);
extern template unsigned atomic_update(unsigned*, unsigned, AtomicOp, Loc);
extern template unsigned long long atomic_update(unsigned long long*, unsigned long long, AtomicOp, Loc);
unsigned atomic_compare_exchange(unsigned* address, unsigned expected, unsigned value, Loc where);

}  // namespace cuemu

#define threadIdx (::cuemu::thread_index())
#define blockIdx (::cuemu::block_index())
#define blockDim (::cuemu::block_size())
#define gridDim (::cuemu::grid_size())
