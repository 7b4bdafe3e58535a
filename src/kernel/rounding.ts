/** Rounding of numbers to storage formats, ties to even. */
import { hfround } from '@petamoriken/float16';
import { float8Bits, float8Value, roundFloat8 } from '../expr/float8.ts';
import { toBfloatBits, toHalfBits } from '../expr/ops.ts';
import { STORAGE, type StorageType } from '../expr/types.ts';

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

/** The bits of an f32 value, as an unsigned word. */
export function f32Bits(x: number): number {
  floats[0] = x;
  return words[0]!;
}

/** The f32 value of an unsigned or signed 32-bit word. */
export function bitsF32(bits: number): number {
  words[0] = bits;
  return floats[0]!;
}

/** Nearest bfloat16 value of an f32 value. */
export function bf16Round(x: number): number {
  return bitsF32((toBfloatBits(x) << 16) >>> 0);
}

/** Nearest binary16 value. */
export function f16Round(x: number): number {
  return hfround(x);
}

/** What a value becomes when it is stored. Integers of 32 bits wrap, those of 8 saturate, booleans become 0 or 1. */
export const STORE_ROUND: Readonly<Record<StorageType, (x: number) => number>> = {
  f32: Math.fround,
  f16: f16Round,
  bf16: bf16Round,
  e4m3: (x) => roundFloat8('e4m3', x),
  e5m2: (x) => roundFloat8('e5m2', x),
  i32: (x) => x | 0,
  i8: (x) => Math.min(Math.max(x | 0, -128), 127),
  u32: (x) => x >>> 0,
  u8: (x) => Math.min(x >>> 0, 255),
  bool: (x) => (x !== 0 ? 1 : 0),
};

/** Storage of which a word holds several elements. */
export type PackedStorage = 'f16' | 'bf16' | 'e4m3' | 'e5m2' | 'i8' | 'u8';
export const isPacked = (s: StorageType): s is PackedStorage => s !== 'bool' && STORAGE[s].bytes < 4;

/** The bits of a value in narrow storage, which holds it or rounds it to nearest even. */
export function packedBits(storage: PackedStorage, x: number): number {
  if (storage === 'f16' || storage === 'bf16') return halfBits(storage, x);
  if (storage === 'i8' || storage === 'u8') return x & 0xff;
  return float8Bits(storage, x);
}

/** The value of such bits. */
export function packedValue(storage: PackedStorage, bits: number): number {
  if (storage === 'f16' || storage === 'bf16') return halfValue(storage, bits);
  if (storage === 'i8') return (bits << 24) >> 24;
  return storage === 'u8' ? bits & 0xff : float8Value(storage, bits);
}

/** The 16 bits of a value, rounded to nearest even. */
export function halfBits(storage: 'f16' | 'bf16', x: number): number {
  return storage === 'bf16' ? toBfloatBits(x) : toHalfBits(x);
}

/** The value of 16 bits in `storage`. */
export function halfValue(storage: 'f16' | 'bf16', bits: number): number {
  if (storage === 'bf16') return bitsF32((bits << 16) >>> 0);
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
