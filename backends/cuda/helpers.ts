/** Device functions that printed kernels call. A file holds only those it needs; inline PTX is here and beside. */
import { FLOAT8, type Float8 } from '../../src/expr/float8.ts';
import { MATRIX_HELPERS, type Collective } from './matrix-helpers.ts';
import { deviceText, emulatedText, warpgroupHelper } from './warpgroup-helpers.ts';

const packed = (type: string, pair: string, round: string): string =>
  `// Two floats rounded to ${type} in one word, the first in the low half.
ATTN_FN unsigned pack_${type}(float low, float high) {
  const ${pair} pair = ${round}(low, high);
  unsigned word;
  memcpy(&word, &pair, sizeof word);
  return word;
}`;

const hex = (word: number): string => `0x${word.toString(16)}u`;

const float8Value = (format: Float8): string => {
  const { mantissa, bias, nan, infinity } = FLOAT8[format];
  const special =
    infinity === undefined
      ? `  if (size == ${hex(nan)}) return NAN;\n`
      : `  if (size >= ${hex(infinity)}) return size == ${hex(infinity)} ? (bits & 0x80u ? -INFINITY : INFINITY) : NAN;\n`;
  return `// The value of an 8-bit float, ${format}.
ATTN_FN float ${format}_value(unsigned char bits) {
  const unsigned size = bits & 0x7fu;
${special}  const float tiny = float(size) * ${powerOfTwo(1 - bias - mantissa)};
  const unsigned word = (size << ${23 - mantissa}) + ${(127 - bias) << 23}u;
  float normal;
  memcpy(&normal, &word, sizeof normal);
  const float x = size < ${1 << mantissa}u ? tiny : normal;
  return bits & 0x80u ? -x : x;
}`;
};

const powerOfTwo = (exponent: number): string => `${2 ** exponent}${exponent < 0 ? '' : '.0'}f`;

const float8Bits = (format: Float8): string => {
  const { mantissa, bias, greatest, nan, infinity = greatest } = FLOAT8[format];
  const shift = 23 - mantissa;
  return `// The nearest ${format}, ties to even; finite values beyond the greatest become that one.
ATTN_FN unsigned char ${format}_bits(float x) {
  unsigned bits;
  memcpy(&bits, &x, sizeof bits);
  const unsigned size = bits & 0x7fffffffu, sign = bits >> 31 << 7;
  if (size > 0x7f800000u) return ${hex(nan)};
  if (size == 0x7f800000u) return sign | ${hex(infinity)};
  const unsigned normal = ((size + ${(1 << (shift - 1)) - 1}u + (size >> ${shift} & 1u)) >> ${shift}) - ${(127 - bias) << mantissa}u;
  const unsigned tiny = unsigned(rintf(fabsf(x) * ${powerOfTwo(bias - 1 + mantissa)}));
  const unsigned nearest = size < ${(128 - bias) << 23}u ? tiny : normal;
  return static_cast<unsigned char>(sign | (nearest > ${hex(greatest)} ? ${hex(greatest)} : nearest));
}`;
};

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
  // As a call: predicates divide for each element of a tile, and compilers take minutes for what inlining makes of it.
  floor_div: `// Division that rounds down; by zero it gives 0.
#if defined(__CUDACC__)
static __device__ __noinline__
#else
ATTN_FN
#endif
int floor_div(int a, int b) {
  const int q = quot(a, b);
  return rem(a, b) != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}`,
  floor_mod: `// Remainder with the sign of the divisor; by zero it gives 0.
ATTN_FN int floor_mod(int a, int b) {
  const int r = rem(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}`,
  e4m3_value: float8Value('e4m3'),
  e4m3_bits: float8Bits('e4m3'),
  e5m2_value: float8Value('e5m2'),
  e5m2_bits: float8Bits('e5m2'),
  byte: `// The nearest signed byte.
ATTN_FN signed char byte(int x) { return static_cast<signed char>(x < -128 ? -128 : x > 127 ? 127 : x); }`,
  byte_u32: `// The nearest unsigned byte.
ATTN_FN unsigned char byte_u32(unsigned x) { return static_cast<unsigned char>(x > 255u ? 255u : x); }`,
  philox: `// First word of Philox 4x32-10: random numbers by key and counter.
ATTN_FN unsigned philox(unsigned key, unsigned a, unsigned b, unsigned c, unsigned d) {
  unsigned second = 0u;
  for (int round = 0; round < 10; ++round) {
    const unsigned long long left = 0xd2511f53ull * a, right = 0xcd9e8d57ull * c;
    a = unsigned(right >> 32) ^ b ^ key;
    b = unsigned(right);
    c = unsigned(left >> 32) ^ d ^ second;
    d = unsigned(left);
    key += 0x9e3779b9u;
    second += 0xbb67ae85u;
  }
  return a;
}`,
  pack_f16: packed('f16', '__half2', '__floats2half2_rn'),
  pack_bf16: packed('bf16', '__nv_bfloat162', '__floats2bfloat162_rn'),
  load_word: `// Two 16-bit elements that begin at a multiple of 4 bytes.
ATTN_FN uint32_t load_word(const void* place) { return *static_cast<const uint32_t*>(place); }`,
  load_bytes: `// Four elements of a byte each, which begin at a multiple of 4 bytes.
ATTN_FN uint32_t load_bytes(const void* place) { return *static_cast<const uint32_t*>(place); }`,
  store_word: `ATTN_FN void store_word(void* place, uint32_t word) { *static_cast<uint32_t*>(place) = word; }`,
};

const COLLECTIVE: Readonly<Record<string, Collective>> = {
  ...MATRIX_HELPERS,
  copy_16: {
    comment: '// Starts a copy of 16 bytes to shared memory, past the first cache.',
    signature: 'copy_16(void* to, const void* from',
    ptx: `  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" : : "r"(address), "l"(from) : "memory");`,
    emulated: 'cuemu::cp_async(to, from, 16, 16, at);',
  },
  anew: {
    comment: '// The same number, of which the compiler knows nothing but that there are N lanes.',
    head: 'template <int N>\nATTN_FN void',
    signature: 'anew(int& lane',
    ptx: `  asm volatile("" : "+r"(lane));
  __builtin_assume(lane >= 0 && lane < N);`,
    emulated: 'static_cast<void>(lane);',
    placeless: true,
  },
  copy_commit: {
    comment: '// The copies that the thread started since the last commit become a group.',
    signature: 'copy_commit(',
    ptx: '  asm volatile("cp.async.commit_group;" : : : "memory");',
    emulated: 'cuemu::cp_async_commit();',
    placeless: true,
  },
  copy_wait: {
    comment: "// Waits until at most N of the thread's groups are in flight.",
    head: 'template <int N>\nATTN_FN void',
    signature: 'copy_wait(',
    ptx: '  asm volatile("cp.async.wait_group %0;" : : "n"(N) : "memory");',
    emulated: 'cuemu::cp_async_wait(N);',
    placeless: true,
  },
  power_of_2: {
    comment: '// 2^x to 2 units in the last place; results below 2^-126 are 0.',
    head: 'ATTN_FN float',
    signature: 'power_of_2(float x',
    ptx: `  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;`,
    emulated: 'return exp2f(x);',
    placeless: true,
  },
};

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  floor_div: ['quot', 'rem'],
  floor_mod: ['rem'],
};

/** The section of helpers that \`kernels\` calls as \`attn::NAME(\`; empty when it calls none. */
export function helperSection(kernels: string): string {
  const used = new Set<string>();
  for (const [, name] of kernels.matchAll(/\battn::(\w+)(?:<\d+>)?\(/g)) {
    for (const needed of NEEDS[name!] ?? []) used.add(needed);
    used.add(name!);
  }
  const portable = Object.keys(PORTABLE).filter((name) => used.has(name));
  const collective = Object.keys(COLLECTIVE).filter((name) => used.has(name));
  const warpgroups = [...used].flatMap((name) => warpgroupHelper(name) ?? []);
  if (portable.length + collective.length + warpgroups.length === 0) return '';
  const parts = [
    'namespace attn {',
    '#define ATTN_FN static __device__ __forceinline__',
    ...portable.map((name) => PORTABLE[name]!),
    ...(collective.length > 0 ? [collectives(collective.map((name) => COLLECTIVE[name]!))] : []),
    ...(warpgroups.length > 0
      ? [
          '#if defined(__CUDACC__)',
          ...warpgroups.map(deviceText),
          '#else',
          ...warpgroups.map(emulatedText),
          '#endif',
        ]
      : []),
    '#undef ATTN_FN',
    '}  // namespace attn',
  ];
  return parts.join('\n');
}

const collectives = (rows: readonly Collective[]): string =>
  [
    '#if defined(__CUDACC__)',
    ...rows.map((r) => `${r.comment}\n${r.head ?? 'ATTN_FN void'} ${r.signature}) {\n${r.ptx}\n}`),
    '#else  // the CPU emulator executes the meaning of the instruction',
    ...rows.map((r) => {
      const place = r.placeless ? '' : ',\n    cuemu::Loc at = cuemu::Loc::current()';
      return `${r.head ?? 'ATTN_FN void'} ${r.signature}${place}) {\n  ${r.emulated}\n}`;
    }),
    '#endif',
  ].join('\n');
