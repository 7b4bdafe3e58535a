// mma.sync.m16n8k16 and m16n8k32, and ldmatrix. Fragment layouts follow the PTX manual; sums are f32 in k order, those of
// integers wrap.
#include <cstring>
#include "../include/cuemu/half.hpp"
#include "block_runner.hpp"

namespace cuemu {

namespace {

typedef float Row8 __attribute__((vector_size(32)));

struct MmaArgument {
  float* d;
  const uint32_t *a, *b;
};

constexpr int kPerLane = 12;  // 8 elements of A, then 4 of B

template <float (*Convert)(uint16_t)> void run_mma(unsigned, void** arguments) {
  alignas(32) uint16_t bits[32][kPerLane];
  alignas(32) float values[32][kPerLane];
  for (int lane = 0; lane < 32; lane++) {
    auto* x = static_cast<MmaArgument*>(arguments[lane]);
    std::memcpy(bits[lane], x->a, 16);
    std::memcpy(bits[lane] + 8, x->b, 8);
  }
  for (int i = 0; i < 32 * kPerLane; i++) (&values[0][0])[i] = Convert((&bits[0][0])[i]);

  alignas(32) float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const int group = lane >> 2, pair = (lane & 3) * 2;
    for (int r = 0; r < 4; r++)  // register r of A: rows +8 for odd r, columns +8 for r >= 2
      for (int half = 0; half < 2; half++)
        a[group + (r & 1) * 8][pair + (r >> 1) * 8 + half] = values[lane][r * 2 + half];
    for (int r = 0; r < 2; r++)
      for (int half = 0; half < 2; half++) b[pair + r * 8 + half][group] = values[lane][8 + r * 2 + half];
  }
  for (int row = 0; row < 16; row++) {
    Row8 sum = {};
    for (int k = 0; k < 16; k++) sum += a[row][k] * *reinterpret_cast<Row8*>(b[k]);
    for (int column = 0; column < 8; column++) {
      auto* x = static_cast<MmaArgument*>(arguments[(row & 7) * 4 + column / 2]);
      x->d[(row >> 3) * 2 + (column & 1)] += sum[column];
    }
  }
}

struct ByteArgument {
  uint32_t* d;
  const uint32_t *a, *b;
};

// Byte n of register r of a lane (t its number modulo 4): element 4t + n of a piece of 16, the upper one for r >= 2 of A, r = 1 of B.
template <class Byte> void run_bytes(unsigned, void** arguments) {
  int a[16][32], b[32][8];
  for (int lane = 0; lane < 32; lane++) {
    auto* x = static_cast<ByteArgument*>(arguments[lane]);
    const int group = lane >> 2, first = (lane & 3) * 4;
    for (int n = 0; n < 4; n++) {
      for (int r = 0; r < 4; r++)
        a[group + (r & 1) * 8][first + (r >> 1) * 16 + n] = static_cast<Byte>(x->a[r] >> 8 * n & 0xff);
      for (int r = 0; r < 2; r++) b[first + r * 16 + n][group] = static_cast<Byte>(x->b[r] >> 8 * n & 0xff);
    }
  }
  for (int row = 0; row < 16; row++)
    for (int column = 0; column < 8; column++) {
      int sum = 0;
      for (int k = 0; k < 32; k++) sum += a[row][k] * b[k][column];
      auto* x = static_cast<ByteArgument*>(arguments[(row & 7) * 4 + column / 2]);
      x->d[(row >> 3) * 2 + (column & 1)] += static_cast<uint32_t>(sum);
    }
}

struct LoadArgument {
  uint32_t row;
  uint32_t registers[4];
};

template <int COUNT, bool TRANSPOSE> void run_load(unsigned, void** arguments) {
  BlockRunner& runner = *current_runner();
  for (int m = 0; m < COUNT; m++) {
    uint16_t matrix[8][8];
    uint32_t rows[8];
    for (int r = 0; r < 8; r++) {
      rows[r] = static_cast<LoadArgument*>(arguments[m * 8 + r])->row;
      std::memcpy(matrix[r], runner.from_window(rows[r]), 16);
    }
    runner.count_banks(rows);
    for (int lane = 0; lane < 32; lane++) {
      const int group = lane >> 2, pair = (lane & 3) * 2;
      const uint32_t low = TRANSPOSE ? matrix[pair][group] : matrix[group][pair];
      const uint32_t high = TRANSPOSE ? matrix[pair + 1][group] : matrix[group][pair + 1];
      static_cast<LoadArgument*>(arguments[lane])->registers[m] = low | high << 16;
    }
  }
}

BlockRunner::Finish load_function(int count, bool transpose) {
  if (count == 1) return transpose ? run_load<1, true> : run_load<1, false>;
  if (count == 2) return transpose ? run_load<2, true> : run_load<2, false>;
  return transpose ? run_load<4, true> : run_load<4, false>;
}

}  // namespace

void mma_m16n8k16_bf16(float* d, const uint32_t* a, const uint32_t* b, Loc where) {
  MmaArgument mine{d, a, b};
  current_runner()->warp_operation(WarpOp::Mma, ~0u, &mine, run_mma<bf16_to_f32>, where);
}

void mma_m16n8k16_f16(float* d, const uint32_t* a, const uint32_t* b, Loc where) {
  MmaArgument mine{d, a, b};
  current_runner()->warp_operation(WarpOp::Mma, ~0u, &mine, run_mma<f16_to_f32>, where);
}

void mma_m16n8k32_s8(int* d, const uint32_t* a, const uint32_t* b, Loc where) {
  ByteArgument mine{reinterpret_cast<uint32_t*>(d), a, b};
  current_runner()->warp_operation(WarpOp::Mma, ~0u, &mine, run_bytes<int8_t>, where);
}

void mma_m16n8k32_u8(unsigned* d, const uint32_t* a, const uint32_t* b, Loc where) {
  ByteArgument mine{d, a, b};
  current_runner()->warp_operation(WarpOp::Mma, ~0u, &mine, run_bytes<uint8_t>, where);
}

void load_matrices(uint32_t* out, int count, bool transpose, uint32_t address, Loc where) {
  BlockRunner& runner = *current_runner();
  LoadArgument mine{address, {}};
  if (runner.current()->lane < 8 * count) {
    if (address & 15) fail("misaligned", "a row address of ldmatrix is not 16-byte aligned", where);
    runner.access({runner.from_window(address), 16, AccessKind::Read, site_of(where), runner.current()->linear});
  }
  runner.warp_operation(WarpOp::LoadMatrices, ~0u, &mine, load_function(count, transpose), where);
  std::memcpy(out, mine.registers, count * sizeof(uint32_t));
}

// Eight rows of 16 bytes are fetched at once from 32 banks: each further row on the same four banks
// costs a cycle.
void BlockRunner::count_banks(const uint32_t* row_addresses) {
  int uses[8] = {}, most = 0;
  for (int r = 0; r < 8; r++) {
    int& n = uses[row_addresses[r] >> 4 & 7];
    most = std::max(most, ++n);
  }
  report_.ldmatrix_phases++;
  report_.ldmatrix_conflicts += static_cast<uint64_t>(most - 1);
}

}  // namespace cuemu
