/** Conversions between numbers and the bits of 16-bit and 8-byte-wide float formats that JavaScript lacks. */
import { Float16Array, hfround } from '@petamoriken/float16';

const word = new DataView(new ArrayBuffer(4));

/** Nearest f16 value, ties to even; overflow gives an infinity. */
export const roundF16 = (x: number): number => hfround(x);

/** Nearest bf16 value, ties to even, rounded once from the full double. */
export function roundBf16(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  word.setFloat32(0, x);
  // Truncation to f32's exponent gives the quantum; a rounded-up f32 only doubles it where the result is the same.
  const exponent = Math.max(((word.getUint32(0) >>> 23) & 255) - 127, -126);
  const quantum = 2 ** (exponent - 7);
  const scaled = x / quantum;
  let whole = Math.floor(scaled);
  const rest = scaled - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 !== 0)) whole += 1;
  const result = whole * quantum;
  return Math.abs(result) >= 2 ** 128 ? Math.sign(x) * Infinity : result === 0 ? Math.sign(x) * 0 : result;
}

/** The 16 bits of the nearest bf16 value. */
export function bf16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  word.setFloat32(0, roundBf16(x));
  return word.getUint16(0);
}

export function bf16Value(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

const half = new Float16Array(1);
const halfBits = new Uint16Array(half.buffer as ArrayBuffer);

/** The 16 bits of the nearest f16 value. */
export function f16Bits(x: number): number {
  half[0] = x;
  return halfBits[0]!;
}

export function f16Value(bits: number): number {
  halfBits[0] = bits;
  return half[0]!;
}
