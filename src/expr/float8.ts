/**
 * 8-bit floats (Micikevicius et al., FP8 Formats for Deep Learning, 2022). `e4m3` has no infinity and one NaN, as in its paper;
 * `e5m2` has both, as IEEE formats do. What is stored is rounded to the nearest value, ties to even, and finite values beyond the
 * greatest become that one.
 */
import { roundEven } from './round-even.ts';

export type Float8 = 'e4m3' | 'e5m2';

export interface Float8Format {
  /** Bits of the mantissa. */
  readonly mantissa: number;
  readonly bias: number;
  /** Bits of the greatest finite value, and of a NaN. */
  readonly greatest: number;
  readonly nan: number;
  readonly infinity?: number;
}
export const FLOAT8: Readonly<Record<Float8, Float8Format>> = {
  e4m3: { mantissa: 3, bias: 7, greatest: 0x7e, nan: 0x7f },
  e5m2: { mantissa: 2, bias: 15, greatest: 0x7b, nan: 0x7e, infinity: 0x7c },
};

/** The value of 8 bits. */
export function float8Value(format: Float8, bits: number): number {
  const { mantissa, bias, greatest, infinity } = FLOAT8[format];
  const size = bits & 0x7f;
  const sign = bits & 0x80 ? -1 : 1;
  if (size > greatest) return size === infinity ? sign * Infinity : NaN;
  const exponent = size >> mantissa;
  const fraction = (size & ((1 << mantissa) - 1)) / 2 ** mantissa;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

/** The bits of the nearest value. */
export function float8Bits(format: Float8, x: number): number {
  const { mantissa, bias, greatest, nan, infinity } = FLOAT8[format];
  if (Number.isNaN(x)) return nan;
  const sign = x < 0 || Object.is(x, -0) ? 0x80 : 0;
  const a = Math.abs(x);
  if (a === Infinity) return sign | (infinity ?? greatest);
  if (a >= float8Value(format, greatest)) return sign | greatest;
  const exponent = Math.max(a === 0 ? -Infinity : Math.floor(Math.log2(a)), 1 - bias);
  const steps = roundEven((a / 2 ** exponent) * 2 ** mantissa);
  // The leading bit of a normal number is one step of the exponent; a carry goes there by itself.
  return sign | (((exponent + bias - 1) << mantissa) + steps);
}

export const roundFloat8 = (format: Float8, x: number): number => float8Value(format, float8Bits(format, x));
