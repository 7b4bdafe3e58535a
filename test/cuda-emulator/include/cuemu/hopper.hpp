// What kernels for compute capability 9.0 use beyond the rest: mbarriers, tensor maps and wgmma.
#pragma once
#include "runtime_api.hpp"

// The driver's 128 opaque bytes, filled with what the emulator needs. A job's `tensormap` argument makes one.
struct alignas(64) CUtensorMap {
  const char* base;
  uint32_t rank, element_bytes, swizzle_bytes;
  uint32_t extent[5], box[5];  // in elements, innermost first
  uint64_t stride[4];          // in bytes, of the dimensions after the innermost
};
static_assert(sizeof(CUtensorMap) == 128);

namespace cuemu {
using TensorMap = CUtensorMap;

// One m64nNk16 product of a warpgroup, as each of its threads calls it.
struct WgmmaCall {
  float* d;              // N / 2 sums of this thread
  const uint32_t* a;     // 4 packed words of this thread, or nullptr: `a_descriptor` holds
  uint64_t a_descriptor, b_descriptor;
  int n;
  bool f16;              // else bf16
  bool b_transposed;     // B is given with its N index innermost
  bool accumulate;       // else the sums start from zero
};

void mbarrier_init(uint32_t address, uint32_t arrivals, Loc where = Loc::current());
void fence_mbarrier_init();
// `expected_bytes` are added to what asynchronous copies must still bring in this phase.
void mbarrier_arrive(uint32_t address, uint32_t expected_bytes, Loc where = Loc::current());
// Returns when the phase of this parity has completed.
void mbarrier_wait(uint32_t address, uint32_t parity, Loc where = Loc::current());
void tma_load(uint32_t destination, const CUtensorMap* map, uint32_t barrier, const int* coordinates, int rank,
              Loc where = Loc::current());
void wgmma(const WgmmaCall& call, Loc where = Loc::current());
void wgmma_fence(Loc where = Loc::current());
void wgmma_commit(Loc where = Loc::current());
void wgmma_wait(int groups_left_in_flight, Loc where = Loc::current());
void set_registers(int count, Loc where = Loc::current());
}  // namespace cuemu
