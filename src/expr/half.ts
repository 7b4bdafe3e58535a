/** Conversions between numbers and the bits of the 16-bit float formats that JavaScript lacks. */
import { Float16Array } from '@petamoriken/float16';
import { roundBf16 } from './scalar.ts';

const word = new DataView(new ArrayBuffer(4));

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
