// Thin forms over the runtime's matrix instructions.
#pragma once
#include "runtime_api.hpp"

namespace cuemu {
// ldmatrix.m8n8.x{COUNT}[.trans].b16: lane i of the first 8*COUNT lanes passes the address of row i.
template <int COUNT, bool TRANSPOSE>
void ldmatrix(uint32_t* out, uint32_t address, Loc where = Loc::current()) {
  static_assert(COUNT == 1 || COUNT == 2 || COUNT == 4);
  load_matrices(out, COUNT, TRANSPOSE, address, where);
}
}  // namespace cuemu

inline size_t __cvta_generic_to_shared(const void* pointer) { return cuemu::to_shared(pointer); }
