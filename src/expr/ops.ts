/** One row per scalar operation: arity, result type and meaning. Printers decide spelling only. */
import { philox } from './philox.ts';
import { roundEven } from './round-even.ts';
import type { ScalarType } from './types.ts';

type TypeRule = (args: readonly ScalarType[]) => ScalarType;
export interface OpRow {
  readonly arity: number;
  readonly type: TypeRule;
  /** Float64 meaning; integers arrive and leave as exact doubles and are wrapped to 32 bits by the evaluator. */
  readonly meaning: (...args: number[]) => number;
  /** Binding strength and symbol for printing as infix in the surface syntax; absent means call form. */
  readonly infix?: { readonly symbol: string; readonly level: number };
}

const same: TypeRule = (a) => a[0]!;
const float: TypeRule = () => 'f32';
const bool: TypeRule = () => 'bool';
const int: TypeRule = () => 'i32';
const word: TypeRule = () => 'u32';
const third: TypeRule = (a) => a[2]!;
const row = (arity: number, type: TypeRule, meaning: OpRow['meaning'], symbol?: string, level = 0): OpRow =>
  symbol === undefined ? { arity, type, meaning } : { arity, type, meaning, infix: { symbol, level } };

const scratch = new DataView(new ArrayBuffer(4));

/** Bits of the nearest f16 (ties to even, overflow to infinity); the value is rounded to f32 first. */
export function toHalfBits(x: number): number {
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(Math.fround(x));
  if (Number.isNaN(x)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  return sign | (((exponent + 15) << 10) + roundEven((magnitude / 2 ** exponent - 1) * 1024));
}

/** Bits of the nearest bf16 (ties to even). */
export function toBfloatBits(x: number): number {
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(x)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Error function by series below 3 and continued fraction above; relative error under 1e-14. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n = 60; n >= 1; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + f)));
}

/** Σ of the products of the four bytes of two words; `value` gives what a byte is. */
function dotOfBytes(a: number, b: number, value: (byte: number) => number): number {
  let sum = 0;
  for (let bit = 0; bit < 32; bit += 8) sum += value((a >>> bit) & 0xff) * value((b >>> bit) & 0xff);
  return sum;
}

export const OPS = {
  neg: row(1, same, (x) => -x),
  abs: row(1, same, Math.abs),
  floor: row(1, float, Math.floor),
  ceil: row(1, float, Math.ceil),
  round: row(1, float, roundEven),
  sqrt: row(1, float, Math.sqrt),
  rsqrt: row(1, float, (x) => 1 / Math.sqrt(x)),
  exp: row(1, float, Math.exp),
  exp2: row(1, float, (x) => 2 ** x),
  log: row(1, float, Math.log),
  log2: row(1, float, Math.log2),
  log1p: row(1, float, Math.log1p),
  tanh: row(1, float, Math.tanh),
  sin: row(1, float, Math.sin),
  cos: row(1, float, Math.cos),
  erf: row(1, float, erf),
  add: row(2, same, (a, b) => a + b, '+', 8),
  sub: row(2, same, (a, b) => a - b, '-', 8),
  mul: row(2, same, (a, b) => a * b, '*', 9),
  /** Float division. */
  div: row(2, float, (a, b) => a / b, '/', 9),
  /** Integer division that rounds down; division by zero gives 0 so that no executor traps. */
  idiv: row(2, same, (a, b) => (b === 0 ? 0 : Math.floor(a / b)), '/', 9),
  /** Remainder with the sign of the divisor (`a - b * idiv(a, b)`); by zero gives 0. */
  mod: row(2, same, (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)), '%', 9),
  /** Truncating division and remainder: what machines have. Made from `idiv`/`mod` where operands are not negative. */
  quot: row(2, same, (a, b) => (b === 0 ? 0 : Math.trunc(a / b))),
  rem: row(2, same, (a, b) => (b === 0 ? 0 : a % b)),
  pow: row(2, float, (a, b) => a ** b, '**', 11),
  min: row(2, same, Math.min),
  max: row(2, same, Math.max),
  eq: row(2, bool, (a, b) => +(a === b), '==', 6),
  ne: row(2, bool, (a, b) => +(a !== b), '!=', 6),
  lt: row(2, bool, (a, b) => +(a < b), '<', 6),
  le: row(2, bool, (a, b) => +(a <= b), '<=', 6),
  gt: row(2, bool, (a, b) => +(a > b), '>', 6),
  ge: row(2, bool, (a, b) => +(a >= b), '>=', 6),
  /** Logic does not evaluate its second operand when the first decides. */
  and: row(2, bool, (a, b) => +(a !== 0 && b !== 0), '&&', 2),
  or: row(2, bool, (a, b) => +(a !== 0 || b !== 0), '||', 1),
  not: row(1, bool, (a) => +(a === 0)),
  bitand: row(2, same, (a, b) => a & b, '&', 5),
  bitor: row(2, same, (a, b) => a | b, '|', 3),
  bitxor: row(2, same, (a, b) => a ^ b, '^', 4),
  bitnot: row(1, same, (a) => ~a),
  /** Shift counts are taken modulo 32. */
  shl: row(2, same, (a, b) => a << (b & 31), '<<', 7),
  /** Arithmetic on i32, logical on u32 (the evaluator passes u32 operands unsigned). */
  shr: row(2, same, (a, b) => (a > 0x7fffffff ? a >>> (b & 31) : a >> (b & 31)), '>>', 7),
  /** `select(c, a, b)` is a where c holds, else b; only the chosen branch is evaluated. */
  select: row(
    3,
    (a) => a[1]!,
    (c, a, b) => (c !== 0 ? a : b),
  ),
  fma: row(3, float, (a, b, c) => a * b + c),
  /** `a · b + c` of three f16 values, rounded to f16; others are rounded to f16 first. Staying f32. */
  fma_f16: row(3, float, (a, b, c) => a * b + c),
  /** Conversion; the target type is the node's `type`. Float to integer truncates and saturates. */
  cast: row(1, same, (x) => x),
  /** Round an f32 value to the nearest f16 / bf16 value (ties to even), staying f32. */
  round_f16: row(1, float, (x) => x),
  round_bf16: row(1, float, (x) => x),
  /** Two f32 values rounded to 16-bit floats in one word, the first in the low half. */
  pack_f16: row(2, word, (a, b) => (toHalfBits(a) | (toHalfBits(b) << 16)) >>> 0),
  pack_bf16: row(2, word, (a, b) => (toBfloatBits(a) | (toBfloatBits(b) << 16)) >>> 0),
  /** c + the sum of four products of bytes of two words, signed or unsigned; the lowest bytes first. */
  dot4_i8: row(3, third, (a, b, c) => c + dotOfBytes(a, b, (x) => (x << 24) >> 24)),
  dot4_u8: row(3, third, (a, b, c) => c + dotOfBytes(a, b, (x) => x)),
  /** First word of Philox 4x32-10 for a key (its second word is 0) and a counter of four words. */
  philox: row(5, word, (key, a, b, c, d) => philox([key!, 0], [a!, b!, c!, d!])[0]),
  /** Reinterpret bits; used by legalisation only. */
  bits_to_f32: row(1, float, (x) => x),
  f32_to_bits: row(1, int, (x) => x),
} as const satisfies Record<string, OpRow>;

export type OpName = keyof typeof OPS;

/** `argmax`/`argmin` give the smallest index among equals; over several axes the flattened index. */
export type ReduceOp =
  'sum' | 'max' | 'min' | 'mean' | 'logsumexp' | 'argmax' | 'argmin' | 'any' | 'all' | SelectOp;

/**
 * Selections ask about one element or one place of an order, so that they have arguments beside their body. `topk`(at, k)
 * and `topp`(at, share): whether element `at` is among those taken first, the greatest first, the smaller index first
 * among equals. `nth`(n): the index of the n-th element that is true, from 0; -1 where there are no more.
 */
export type SelectOp = 'topk' | 'topp' | 'nth';
export const SELECT_ARGUMENTS: Readonly<Record<SelectOp, readonly ScalarType[]>> = {
  topk: ['i32', 'i32'],
  topp: ['i32', 'f32'],
  nth: ['i32'],
};
export const isSelection = (op: ReduceOp): op is SelectOp => op in SELECT_ARGUMENTS;
