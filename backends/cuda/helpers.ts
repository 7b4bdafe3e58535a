/** Device functions that printed kernels call. A file holds only those it needs; all inline PTX is here. */

const packed = (type: string, pair: string, round: string): string =>
  `// Two floats rounded to ${type} in one word, the first in the low half.
ATTN_FN unsigned pack_${type}(float low, float high) {
  const ${pair} pair = ${round}(low, high);
  unsigned word;
  memcpy(&word, &pair, sizeof word);
  return word;
}`;

/** Plain C++: the same text on the device and elsewhere. */
const PORTABLE: Readonly<Record<string, string>> = {
  quot: `// Division that truncates; by zero it gives 0.
ATTN_FN int quot(int a, int b) { return b == 0 ? 0 : b == -1 ? int(0u - unsigned(a)) : a / b; }`,
  quot_u32: `// Division; by zero it gives 0.
ATTN_FN unsigned quot_u32(unsigned a, unsigned b) { return b == 0u ? 0u : a / b; }`,
  rem: `// Remainder with the sign of the dividend; by zero it gives 0.
ATTN_FN int rem(int a, int b) { return b == 0 || b == -1 ? 0 : a % b; }`,
  rem_u32: `// Remainder; by zero it gives 0.
ATTN_FN unsigned rem_u32(unsigned a, unsigned b) { return b == 0u ? 0u : a % b; }`,
  floor_div: `// Division that rounds down; by zero it gives 0.
ATTN_FN int floor_div(int a, int b) {
  const int q = quot(a, b);
  return rem(a, b) != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}`,
  floor_mod: `// Remainder with the sign of the divisor; by zero it gives 0.
ATTN_FN int floor_mod(int a, int b) {
  const int r = rem(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}`,
  pack_f16: packed('f16', '__half2', '__floats2half2_rn'),
  pack_bf16: packed('bf16', '__nv_bfloat162', '__floats2bfloat162_rn'),
};

interface Collective {
  readonly comment: string;
  readonly signature: string;
  readonly ptx: string;
  /** What the CPU emulator runs instead; \`at\` is the place of the call for its reports. */
  readonly emulated: string;
}

const mma = (type: string): Collective => ({
  comment: `// d += a * b for one 16 x 8 x 16 tile held by a warp; operands in ${type}, sums in f32.`,
  signature: `mma_m16n8k16_${type}(float* d, const uint32_t* a, const uint32_t* b`,
  ptx: `  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.${type}.${type}.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));`,
  emulated: `cuemu::mma_m16n8k16_${type}(d, a, b, at);`,
});

const ldmatrix = (suffix: string, modifier: string): Collective => ({
  comment: `// Loads four 8 x 8 matrices of 16-bit elements${modifier ? ', transposed' : ''}; lane l gives row l % 8 of matrix l / 8.`,
  signature: `ldmatrix_x4${suffix}(uint32_t* r, const void* row`,
  ptx: `  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4${modifier}.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");`,
  emulated: `cuemu::ldmatrix<4, ${modifier !== ''}>(r, cuemu::to_shared(row), at);`,
});

const COLLECTIVE: Readonly<Record<string, Collective>> = {
  mma_m16n8k16_f16: mma('f16'),
  mma_m16n8k16_bf16: mma('bf16'),
  ldmatrix_x4: ldmatrix('', ''),
  ldmatrix_x4_trans: ldmatrix('_trans', '.trans'),
};

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  floor_div: ['quot', 'rem'],
  floor_mod: ['rem'],
};

/** The section of helpers that \`kernels\` calls as \`attn::NAME(\`; empty when it calls none. */
export function helperSection(kernels: string): string {
  const used = new Set<string>();
  for (const [, name] of kernels.matchAll(/\battn::(\w+)\(/g)) {
    for (const needed of NEEDS[name!] ?? []) used.add(needed);
    used.add(name!);
  }
  const portable = Object.keys(PORTABLE).filter((name) => used.has(name));
  const collective = Object.keys(COLLECTIVE).filter((name) => used.has(name));
  if (portable.length + collective.length === 0) return '';
  const parts = [
    'namespace attn {',
    '#define ATTN_FN static __device__ __forceinline__',
    ...portable.map((name) => PORTABLE[name]!),
    ...(collective.length > 0 ? [collectives(collective.map((name) => COLLECTIVE[name]!))] : []),
    '#undef ATTN_FN',
    '}  // namespace attn',
  ];
  return parts.join('\n');
}

const collectives = (rows: readonly Collective[]): string =>
  [
    '#if defined(__CUDACC__)',
    ...rows.map((r) => `${r.comment}\nATTN_FN void ${r.signature}) {\n${r.ptx}\n}`),
    '#else  // the CPU emulator executes the meaning of the instruction',
    ...rows.map(
      (r) => `ATTN_FN void ${r.signature},\n    cuemu::Loc at = cuemu::Loc::current()) {\n  ${r.emulated}\n}`,
    ),
    '#endif',
  ].join('\n');
