/** The meaning of one operation on numbers, with the integer and storage rules that `ops.ts` leaves to its users. */
import { OPS, type OpName } from './ops.ts';
import { roundEven } from './round-even.ts';
import type { ScalarType } from './types.ts';

const view = new DataView(new ArrayBuffer(8));

/** Power of two of the leading bit; −1075 or less only for zero. */
function exponent(x: number): number {
  view.setFloat64(0, x);
  const biased = (view.getUint16(0) >> 4) & 0x7ff;
  return biased === 0 ? Math.floor(Math.log2(Math.abs(x))) : biased - 1023;
}

/** Rounds to a binary float with `bits` of precision, least normal exponent `low` and greatest finite exponent `high`. */
function roundTo(x: number, bits: number, low: number, high: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const ulp = 2 ** (Math.max(exponent(x), low) - bits + 1);
  const y = roundEven(Math.abs(x) / ulp) * ulp;
  return Math.sign(x) * (y >= 2 ** (high + 1) ? Infinity : y);
}

/** Nearest f16 value, ties to even; overflows to infinity. */
export const roundF16 = (x: number): number => roundTo(x, 11, -14, 15);
/** Nearest bf16 value, ties to even; overflows to infinity. */
export const roundBf16 = (x: number): number => roundTo(x, 8, -126, 127);

/** Brings an exact integer back to 32 bits; f32 values stay as they are. */
export function wrap(type: ScalarType, x: number): number {
  return type === 'i32' ? x | 0 : type === 'u32' ? x >>> 0 : x;
}

/** Converts a value: float to integer truncates and saturates (NaN gives 0), integer to integer keeps the bits. */
export function castValue(from: ScalarType, to: ScalarType, x: number): number {
  if (to === 'f32') return x;
  if (to === 'bool') return x !== 0 ? 1 : 0;
  if (from !== 'f32') return wrap(to, x);
  if (Number.isNaN(x)) return 0;
  const [least, greatest] = to === 'i32' ? [-2147483648, 2147483647] : [0, 4294967295];
  return Math.min(Math.max(Math.trunc(x), least), greatest) + 0;
}

function fromBits(x: number): number {
  view.setInt32(0, x | 0);
  return view.getFloat32(0);
}
function toBits(x: number): number {
  view.setFloat32(0, x);
  return view.getInt32(0);
}

/**
 * Applies an operation to values of the given types.
 * @param type the type of the result
 * @param argTypes the types of the operands; only a cast reads them
 */
export function applyOp(
  op: OpName,
  type: ScalarType,
  argTypes: readonly ScalarType[],
  args: readonly number[],
): number {
  switch (op) {
    case 'cast':
      return castValue(argTypes[0]!, type, args[0]!);
    case 'round_f16':
      return roundF16(args[0]!);
    case 'fma_f16':
      return roundF16(roundF16(args[0]!) * roundF16(args[1]!) + roundF16(args[2]!));
    case 'round_bf16':
      return roundBf16(args[0]!);
    case 'bits_to_f32':
      return fromBits(args[0]!);
    case 'f32_to_bits':
      return toBits(args[0]!);
    case 'mul':
      return type === 'f32' ? args[0]! * args[1]! : wrap(type, Math.imul(args[0]!, args[1]!));
    default: {
      const meaning: (...a: number[]) => number = OPS[op].meaning;
      return wrap(type, meaning(...args));
    }
  }
}
