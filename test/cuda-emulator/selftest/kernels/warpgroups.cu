// y = (a bᵀ) v for a [64, 192], b [16, 192] and v [16, 64] in bf16: one warpgroup copies tiles of 64 columns of a and b to two
// places, another one multiplies. Values are small integers, so that every sum is exact.
// Mutants: 1 does not wait for a tile, 2 waits for the wrong phase, 3 does not wait for an empty place, 4 gives a place back
// before the products are finished, 5 one warp gives it back for all, 6 announces too few bytes, 7 a descriptor of the other
// place, 8 a descriptor without swizzle, 9 reads sums before the wait, 10 no fence behind the start of barriers, 11 no fence
// before products, 12 an operand that starts past the array.
#include "helpers.cuh"
constexpr uint32_t A_BYTES = 64 * 128, B_BYTES = 16 * 128, V_BYTES = 16 * 128;
constexpr uint32_t AT_A = 0, AT_B = 2 * A_BYTES, AT_V = AT_B + 2 * B_BYTES, AT_BARRIERS = AT_V + V_BYTES;

static uint64_t matrix(uint32_t address) {
  return (address & 0x3ffff) >> 4 | 1ull << 16 | 64ull << 32 | (MUTANT == 8 ? 0ull : 1ull) << 62;
}

extern "C" __global__ void __launch_bounds__(256) warpgroups(const __grid_constant__ CUtensorMap a,
    const __grid_constant__ CUtensorMap b, const __grid_constant__ CUtensorMap v, float* __restrict__ y) {
  extern __shared__ __align__(1024) unsigned char attn_smem[];
  const uint32_t base = shared_address(attn_smem), full = base + AT_BARRIERS, empty = full + 16, ready = full + 32;
  const int t = threadIdx.x;
  if (t == 0) {
    for (int place = 0; place < 2; place++) {
      cuemu::mbarrier_init(full + 8 * place, 1);
      cuemu::mbarrier_init(empty + 8 * place, MUTANT == 5 ? 1 : 4);
    }
    cuemu::mbarrier_init(ready, 1);
    if (MUTANT != 10) cuemu::fence_mbarrier_init();
  }
  __syncthreads();
  if (t >= 128) {
    cuemu::set_registers(24);
    if (t > 128) return;
    const int origin[2] = {0, 0};
    cuemu::mbarrier_arrive(ready, V_BYTES);
    cuemu::tma_load(base + AT_V, &v, ready, origin, 2);
    for (int tile = 0; tile < 3; tile++) {
      const int place = tile % 2, turn = tile / 2 % 2, from[2] = {64 * tile, 0};
      if (MUTANT != 3) cuemu::mbarrier_wait(empty + 8 * place, turn ^ 1);
      cuemu::mbarrier_arrive(full + 8 * place, A_BYTES + (MUTANT == 6 ? 0 : B_BYTES));
      cuemu::tma_load(base + AT_A + place * A_BYTES, &a, full + 8 * place, from, 2);
      cuemu::tma_load(base + AT_B + place * B_BYTES, &b, full + 8 * place, from, 2);
    }
    return;
  }
  cuemu::set_registers(240);
  float sums[8] = {};
  for (int tile = 0; tile < 3; tile++) {
    const int place = tile % 2, turn = tile / 2 % 2, from = MUTANT == 7 ? place ^ 1 : place;
    if (MUTANT != 1) cuemu::mbarrier_wait(full + 8 * place, MUTANT == 2 ? turn ^ 1 : turn);
    if (MUTANT != 11) cuemu::wgmma_fence();
    for (uint32_t step = 0; step < 4; step++) {
      const uint64_t left = matrix(base + AT_A + from * A_BYTES + 32 * step);
      const uint64_t right = matrix(base + AT_B + from * B_BYTES + 32 * step + (MUTANT == 12 ? 0x8000 : 0));
      cuemu::wgmma({sums, nullptr, left, right, 16, false, false, true});
    }
    cuemu::wgmma_commit();
    if (MUTANT == 4 && t % 32 == 0) cuemu::mbarrier_arrive(empty + 8 * place, 0);
    if (MUTANT != 9 || tile < 2) cuemu::wgmma_wait(0);
    if (MUTANT != 4 && t % (MUTANT == 5 ? 128 : 32) == 0) cuemu::mbarrier_arrive(empty + 8 * place, 0);
  }
  uint32_t left[4];
  for (int i = 0; i < 4; i++) left[i] = cuemu::f32_to_bf16(sums[2 * i]) | uint32_t(cuemu::f32_to_bf16(sums[2 * i + 1])) << 16;
  float out[32] = {};
  cuemu::mbarrier_wait(ready, 0);
  cuemu::wgmma_fence();
  cuemu::wgmma({out, left, 0, matrix(base + AT_V), 64, false, true, false});
  cuemu::wgmma_commit();
  cuemu::wgmma_wait(0);
  const int row = t / 32 * 16 + t % 32 / 4, column = t % 4 * 2;
  for (int i = 0; i < 32; i++) y[(row + i / 2 % 2 * 8) * 64 + i / 4 * 8 + column + i % 2] = out[i];
}
