import { describe, expect, it } from 'vitest';
import { roundBf16, roundF16 } from '../../src/expr/scalar.ts';
import { bf16Bits, bf16Value, f16Bits, f16Value } from '../../src/expr/half.ts';

const neighbours = (value: (bits: number) => number, bits: number): [number, number] => [
  value(bits),
  value(bits + 1),
];

describe('16-bit floats', () => {
  it('keep every bf16 value through a round trip', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const x = bf16Value(bits);
      if (!Number.isNaN(x)) expect(bf16Bits(x)).toBe(bits);
    }
  });

  it('keep every f16 value through a round trip', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const x = f16Value(bits);
      if (!Number.isNaN(x)) expect(f16Bits(x)).toBe(bits);
    }
  });

  it.each([
    ['bf16', bf16Value, roundBf16, 0x7f80],
    ['f16', f16Value, roundF16, 0x7c00],
  ] as const)('%s rounds to the nearer neighbour and ties to even', (_, value, round, infinity) => {
    for (let bits = 0; bits < infinity - 1; bits += 37) {
      const [low, high] = neighbours(value, bits);
      const middle = (low + high) / 2;
      expect(round(middle)).toBe(bits % 2 === 0 ? low : high);
      expect(round(-middle)).toBe(bits % 2 === 0 ? -low : -high);
      // One double ulp off the tie: rounding through f32 first would lose this.
      expect(round(middle * (1 - 2 ** -52))).toBe(middle * (1 - 2 ** -52) === middle ? round(middle) : low);
      expect(round(middle * (1 + 2 ** -52))).toBe(middle * (1 + 2 ** -52) === middle ? round(middle) : high);
    }
  });

  it('overflow to infinity only past the last tie', () => {
    const top = bf16Value(0x7f7f);
    expect(roundBf16(top + (2 ** 128 - top) / 2)).toBe(Infinity);
    expect(roundBf16(top + (2 ** 128 - top) / 4)).toBe(top);
    expect(roundBf16(-1e300)).toBe(-Infinity);
    expect(Number.isNaN(bf16Value(bf16Bits(NaN)))).toBe(true);
  });
});
