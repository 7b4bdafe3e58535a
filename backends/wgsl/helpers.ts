/**
 * Small WGSL functions that the printed text calls where the language has no operation, or one that is too loose.
 * The polynomials are our own minimax fits; `test/unit/wgsl-helpers.test.ts` measures their error.
 */

import { FLOAT8, type Float8 } from '../../src/expr/float8.ts';

export type HelperName =
  | 'floor_div'
  | 'floor_mod'
  | 'div_or_zero'
  | 'rem_or_zero'
  | 'div_or_zero_u'
  | 'rem_or_zero_u'
  | 'to_i32'
  | 'to_u32'
  | 'log1p'
  | 'tanh_f32'
  | 'erf'
  | 'sin_f32'
  | 'cos_f32'
  | 'turned_sine'
  | 'power'
  | 'int_power'
  | 'f16_bits'
  | 'bf16_bits'
  | 'round_f16'
  | 'round_bf16'
  | 'pack_f16'
  | 'e4m3_value'
  | 'e4m3_bits'
  | 'e5m2_value'
  | 'e5m2_bits'
  | 'byte'
  | 'byte_u32'
  | 'dot4_i8'
  | 'dot4_u8'
  | 'high_product'
  | 'philox'
  | 'pack_bf16'
  | 'bits_with_inf'
  | 'bits_to_finite'
  | 'bf16_bits_with_inf';

export interface Helper {
  readonly needs: readonly HelperName[];
  readonly text: string;
}

/** Registers hold ±INFINITY for ±∞, because WGSL lets a compiler assume that infinities do not occur. */
export const INFINITY_NAME = 'INFINITY';
export const INFINITY_TEXT = '3.0e38';
/** Beyond this a register counts as infinite; sums of an infinity and a score stay beyond it. */
const INFINITE_FROM = '2.0e38';

const helper = (text: string, ...needs: HelperName[]): Helper => ({ needs, text });

/** Values below the least normal f32 may be zeros on a device: these are far above it. */
const float8Value = (format: Float8): string => {
  const { mantissa, bias } = FLOAT8[format];
  return `\
// The value of an 8-bit float, ${format}, which is finite.
fn ${format}_value(bits: u32) -> f32 {
  let size = bits & 0x7fu;
  let normal = bitcast<f32>((size << ${23 - mantissa}u) + ${(127 - bias) << 23}u);
  let x = select(normal, f32(size) * ${2 ** (1 - bias - mantissa)}, size < ${1 << mantissa}u);
  return select(x, -x, (bits & 0x80u) != 0u);
}`;
};

const float8Bits = (format: Float8): string => {
  const { mantissa, bias, greatest } = FLOAT8[format];
  const shift = 23 - mantissa;
  return `\
// The nearest ${format}, ties to even; values beyond the greatest become that one.
fn ${format}_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let normal = ((size + ${(1 << (shift - 1)) - 1}u + ((size >> ${shift}u) & 1u)) >> ${shift}u) - ${(127 - bias) << mantissa}u;
  let tiny = u32(round(bitcast<f32>(size) * ${2 ** (bias - 1 + mantissa)}.0));
  let nearest = select(normal, tiny, size < ${(128 - bias) << 23}u);
  return ((bits >> 24u) & 0x80u) | min(nearest, 0x${greatest.toString(16)}u);
}`;
};

export const HELPERS: Readonly<Record<HelperName, Helper>> = {
  floor_div: helper(`\
// Integer division that rounds down; by zero gives 0.
fn floor_div(a: i32, b: i32) -> i32 {
  let q = a / b;
  let r = a % b;
  let down = (r != 0) & ((r ^ b) < 0);
  return select(select(q, q - 1, down), 0, b == 0);
}`),
  floor_mod: helper(`\
// Remainder with the sign of the divisor; by zero gives 0.
fn floor_mod(a: i32, b: i32) -> i32 {
  let r = a % b;
  let down = (r != 0) & ((r ^ b) < 0);
  return select(select(r, r + b, down), 0, b == 0);
}`),
  div_or_zero: helper(`\
fn div_or_zero(a: i32, b: i32) -> i32 {
  return select(a / b, 0, b == 0);
}`),
  rem_or_zero: helper(`\
fn rem_or_zero(a: i32, b: i32) -> i32 {
  return select(a % b, 0, b == 0);
}`),
  div_or_zero_u: helper(`\
fn div_or_zero_u(a: u32, b: u32) -> u32 {
  return select(a / b, 0u, b == 0u);
}`),
  rem_or_zero_u: helper(`\
fn rem_or_zero_u(a: u32, b: u32) -> u32 {
  return select(a % b, 0u, b == 0u);
}`),
  to_i32: helper(`\
// Truncates and saturates; the built-in conversion stops at the last f32 below the limit.
fn to_i32(x: f32) -> i32 {
  return select(i32(x), 2147483647, x >= 2147483648.0);
}`),
  to_u32: helper(`\
fn to_u32(x: f32) -> u32 {
  return select(u32(x), 4294967295u, x >= 4294967296.0);
}`),
  log1p: helper(`\
// log(1 + x), exact to a few ulp near 0, where log(1 + x) is not.
fn log1p(x: f32) -> f32 {
  let s = x / (2.0 + x);
  let z = s * s;
  let series = 1.0 + z * (0.33333334 + z * (0.2 + z * (0.14285715 + z * (0.11111111 + z * (0.09090909 + z * 0.07692308)))));
  return select(log(1.0 + x), 2.0 * s * series, abs(x) < 0.5);
}`),
  tanh_f32: helper(`\
fn tanh_f32(x: f32) -> f32 {
  let z = x * x;
  let small = x + x * z * (-0.33333284 + z * (0.1333149 + z * (-0.053743497 + z * (0.020650586 - z * 0.005717045))));
  let large = 1.0 - 2.0 / (exp(2.0 * min(abs(x), 10.0)) + 1.0);
  return select(select(large, -large, x < 0.0), small, abs(x) < 0.625);
}`),
  erf: helper(`\
fn erf(x: f32) -> f32 {
  let z = x * x;
  let small = x * (1.1283791 + z * (-0.37612626 + z * (0.112836 + z * (-0.026854444 + z * (0.0051895357 + z * (-0.0008020842 + z * 0.00007889123))))));
  let a = min(abs(x), 4.0);
  let large = 1.0 - exp(-(0.0026717179 + a * (1.1174384 + a * (0.65448904 + a * (0.08863412 + a * (-0.014778101 + a * 0.0011504195))))));
  return select(select(large, -large, x < 0.0), small, abs(x) < 1.0);
}`),
  turned_sine: helper(`\
// sin(x + turns * π/2). The nearest multiple of π/2 leaves x in four steps whose products are exact.
fn turned_sine(x: f32, turns: i32) -> f32 {
  let n = round(x * 0.63661975);
  let r = (((x - n * 1.5703125) - n * 0.0004825592) - n * 1.2665987e-6) - n * 9.920936e-10;
  let z = r * r;
  let s = r + r * z * (-0.16666667 + z * (0.008333329 + z * (-0.00019839258 + z * 2.7175681e-6)));
  let c = 1.0 - 0.5 * z + z * z * (0.041666646 + z * (-0.0013887306 + z * 0.000024431241));
  let quarter = i32(n) + turns;
  let value = select(s, c, (quarter & 1) == 1);
  return select(value, -value, (quarter & 2) == 2);
}`),
  sin_f32: helper(
    `\
fn sin_f32(x: f32) -> f32 {
  return turned_sine(x, 0);
}`,
    'turned_sine',
  ),
  cos_f32: helper(
    `\
fn cos_f32(x: f32) -> f32 {
  return turned_sine(x, 1);
}`,
    'turned_sine',
  ),
  int_power: helper(`\
fn int_power(x: f32, n: i32) -> f32 {
  var result = 1.0;
  var square = x;
  for (var k = abs(n); k > 0; k >>= 1u) {
    if (k & 1) == 1 {
      result *= square;
    }
    square *= square;
  }
  return select(result, 1.0 / result, n < 0);
}`),
  power: helper(`\
// x ** y. A negative x needs a whole y; other cases have no real value and give 0.
fn power(x: f32, y: f32) -> f32 {
  let size = exp2(clamp(y * log2(max(abs(x), 1.2e-38)), -160.0, 127.0));
  let odd = y * 0.5 != floor(y * 0.5);
  let negative = select(0.0, select(size, -size, odd), y == floor(y));
  let zero = select(${INFINITY_TEXT}, 0.0, y > 0.0);
  let value = select(select(negative, size, x > 0.0), zero, x == 0.0);
  return select(value, 1.0, y == 0.0);
}`),
  f16_bits: helper(`\
// The nearest 16-bit float, ties to even, as bits.
fn f16_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let normal = (size + 0xc8000fffu + ((size >> 13u) & 1u)) >> 13u;
  let tiny = bitcast<u32>(bitcast<f32>(size) + 0.5) - 0x3f000000u;
  var half = select(normal, tiny, size < 0x38800000u);
  half = select(half, 0x7c00u, size >= 0x47800000u);
  half = select(half, 0x7e00u, size > 0x7f800000u);
  return ((bits >> 16u) & 0x8000u) | half;
}`),
  bf16_bits: helper(`\
// The nearest bfloat16, ties to even, as bits.
fn bf16_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let rounded = (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
  return select(rounded, 0x7fc0u, (bits & 0x7fffffffu) > 0x7f800000u);
}`),
  round_f16: helper(
    `\
fn round_f16(x: f32) -> f32 {
  return unpack2x16float(f16_bits(x)).x;
}`,
    'f16_bits',
  ),
  round_bf16: helper(
    `\
fn round_bf16(x: f32) -> f32 {
  return bitcast<f32>(bf16_bits(x) << 16u);
}`,
    'bf16_bits',
  ),
  e4m3_value: helper(float8Value('e4m3')),
  e4m3_bits: helper(float8Bits('e4m3')),
  e5m2_value: helper(float8Value('e5m2')),
  e5m2_bits: helper(float8Bits('e5m2')),
  byte: helper(`\
// The nearest signed byte.
fn byte(x: i32) -> u32 {
  return u32(clamp(x, -128, 127)) & 0xffu;
}`),
  byte_u32: helper(`\
// The nearest unsigned byte.
fn byte_u32(x: u32) -> u32 {
  return min(x, 255u);
}`),
  dot4_i8: helper(`\
// c + the sum of the products of four signed bytes each.
fn dot4_i8(a: u32, b: u32, c: i32) -> i32 {
  let x = vec4<i32>(vec4<u32>(a << 24u, a << 16u, a << 8u, a)) >> vec4<u32>(24u);
  let y = vec4<i32>(vec4<u32>(b << 24u, b << 16u, b << 8u, b)) >> vec4<u32>(24u);
  return c + dot(x, y);
}`),
  dot4_u8: helper(`\
// c + the sum of the products of four bytes each.
fn dot4_u8(a: u32, b: u32, c: u32) -> u32 {
  let x = (vec4<u32>(a) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu);
  let y = (vec4<u32>(b) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu);
  return c + dot(x, y);
}`),
  high_product: helper(`\
// High 32 bits of a product.
fn high_product(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}`),
  philox: helper(
    `\
// First word of Philox 4x32-10: random numbers by key and counter.
fn philox(key: u32, a: u32, b: u32, c: u32, d: u32) -> u32 {
  var k = vec2<u32>(key, 0u);
  var x = vec4<u32>(a, b, c, d);
  for (var round = 0; round < 10; round++) {
    let left = high_product(0xd2511f53u, x.x);
    let right = high_product(0xcd9e8d57u, x.z);
    x = vec4<u32>(right ^ x.y ^ k.x, 0xcd9e8d57u * x.z, left ^ x.w ^ k.y, 0xd2511f53u * x.x);
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return x.x;
}`,
    'high_product',
  ),
  pack_f16: helper(
    `\
fn pack_f16(low: f32, high: f32) -> u32 {
  return f16_bits(low) | (f16_bits(high) << 16u);
}`,
    'f16_bits',
  ),
  pack_bf16: helper(
    `\
fn pack_bf16(low: f32, high: f32) -> u32 {
  return bf16_bits(low) | (bf16_bits(high) << 16u);
}`,
    'bf16_bits',
  ),
  bits_with_inf: helper(`\
// The bits of x for memory, where registers beyond any score become true infinities.
fn bits_with_inf(x: f32) -> u32 {
  let upper = select(bitcast<u32>(x), 0x7f800000u, x > ${INFINITE_FROM});
  return select(upper, 0xff800000u, x < -${INFINITE_FROM});
}`),
  bits_to_finite: helper(`\
fn bits_to_finite(bits: u32) -> f32 {
  return clamp(bitcast<f32>(bits), -${INFINITY_TEXT}, ${INFINITY_TEXT});
}`),
  bf16_bits_with_inf: helper(
    `\
fn bf16_bits_with_inf(x: f32) -> u32 {
  let upper = select(bf16_bits(x), 0x7f80u, x > ${INFINITE_FROM});
  return select(upper, 0xff80u, x < -${INFINITE_FROM});
}`,
    'bf16_bits',
  ),
};

/** The texts of the helpers and all they need, dependencies first, in the table's order. */
export function helperTexts(used: ReadonlySet<HelperName>): readonly string[] {
  const needed = new Set<HelperName>();
  const add = (name: HelperName): void => {
    HELPERS[name].needs.forEach(add);
    needed.add(name);
  };
  used.forEach(add);
  return (Object.keys(HELPERS) as HelperName[]).filter((n) => needed.has(n)).map((n) => HELPERS[n].text);
}
