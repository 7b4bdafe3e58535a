// The same names as PTX on a GPU and as emulator calls on a CPU.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>
#if defined(__CUDACC__)
#define FN static __device__ __forceinline__
FN uint32_t shared_address(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }
FN void mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
FN void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
FN void ldmatrix_x4(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}
FN void ldmatrix_x2_trans(uint32_t (&r)[2], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];\n"
               : "=r"(r[0]), "=r"(r[1]) : "r"(address) : "memory");
}
FN void ldmatrix_x1(uint32_t (&r)[1], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];\n" : "=r"(r[0]) : "r"(address) : "memory");
}
FN void copy_async16(uint32_t destination, const void* source, int source_bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(destination), "l"(source), "r"(source_bytes) : "memory");
}
FN void copy_commit() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
template <int N> FN void copy_wait() { asm volatile("cp.async.wait_group %0;\n" ::"n"(N) : "memory"); }
#else
#define FN static inline
#define WHERE cuemu::Loc where = cuemu::Loc::current()
FN uint32_t shared_address(const void* p) { return cuemu::to_shared(p); }
FN void mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], WHERE) { cuemu::mma_m16n8k16_f16(d, a, b, where); }
FN void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], WHERE) { cuemu::mma_m16n8k16_bf16(d, a, b, where); }
FN void ldmatrix_x4(uint32_t (&r)[4], uint32_t address, WHERE) { cuemu::ldmatrix<4, false>(r, address, where); }
FN void ldmatrix_x2_trans(uint32_t (&r)[2], uint32_t address, WHERE) { cuemu::ldmatrix<2, true>(r, address, where); }
FN void ldmatrix_x1(uint32_t (&r)[1], uint32_t address, WHERE) { cuemu::ldmatrix<1, false>(r, address, where); }
FN void copy_async16(uint32_t destination, const void* source, int source_bytes, WHERE) {
  cuemu::cp_async(cuemu::from_shared(destination), source, 16, source_bytes, where);
}
FN void copy_commit() { cuemu::cp_async_commit(); }
template <int N> FN void copy_wait() { cuemu::cp_async_wait(N); }
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
