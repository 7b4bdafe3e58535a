import { describe, expect, it } from 'vitest';
import { convertTensor, DTYPES, tensorFrom, tensorValues, type DType } from '../../src/runtime/tensor.ts';
import { randomFrom } from '../../src/runtime/random.ts';

describe('tensors', () => {
  it.each(Object.keys(DTYPES) as DType[])('%s keeps values that it can hold', (dtype) => {
    const range = DTYPES[dtype].range;
    const [least, greatest] = range ?? (dtype === 'e4m3' ? [-448, 448] : [-Infinity, Infinity]);
    const values = range ? [0, 1, least, greatest] : [0, -0, 1.5, -2.5, least, greatest];
    const t = tensorFrom(dtype, [2, values.length / 2], values);
    expect(t.bytes.length).toBe(values.length * DTYPES[dtype].bytes);
    expect([...tensorValues(t)]).toEqual(values);
  });

  it('converts floats by rounding', () => {
    const t = tensorFrom('f64', [3], [1 / 3, 1e30, 65519]);
    expect([...tensorValues(convertTensor(t, 'f16'))]).toEqual([0.333251953125, Infinity, 65504]);
    expect([...tensorValues(convertTensor(t, 'f32'))]).toEqual([1 / 3, 1e30, 65519].map(Math.fround));
  });

  it('refuses integers that do not fit', () => {
    const t = tensorFrom('i64', [2], [5, 2 ** 31]);
    expect(() => convertTensor(t, 'i32', 'input ids')).toThrow(
      /input ids: element 1 is 2147483648, which i32 cannot hold/,
    );
    expect(() => convertTensor(tensorFrom('i32', [1], [-1]), 'u32')).toThrow(/u32 cannot hold/);
    expect(() => convertTensor(tensorFrom('i32', [1], [2049]), 'f16')).toThrow(/not exact in f16/);
    expect(() => convertTensor(tensorFrom('f32', [1], [1]), 'i32')).toThrow(
      /f32 elements where i32 is wanted/,
    );
    expect([...tensorValues(convertTensor(tensorFrom('u8', [2], [0, 1]), 'bool'))]).toEqual([0, 1]);
  });

  it('refuses 64-bit integers beyond 2^53', () => {
    const bytes = new Uint8Array(8).fill(0x7f);
    expect(() => tensorValues({ dtype: 'i64', shape: [1], bytes })).toThrow(/too large/);
  });
});

describe('random numbers', () => {
  it('repeat for a seed and differ between seeds', () => {
    const draw = (seed: number): number[] => Array.from({ length: 8 }, randomFrom(seed).next);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('have the stated distributions', () => {
    const random = randomFrom(1);
    const normals = Array.from({ length: 20000 }, random.normal);
    const mean = normals.reduce((a, b) => a + b) / normals.length;
    const variance = normals.reduce((a, b) => a + (b - mean) ** 2, 0) / normals.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    const dice = Array.from({ length: 6000 }, () => random.int(1, 6));
    for (let face = 1; face <= 6; face++)
      expect(Math.abs(dice.filter((d) => d === face).length - 1000)).toBeLessThan(150);
    expect(Math.min(...dice)).toBe(1);
    expect(Math.max(...dice)).toBe(6);
  });
});
