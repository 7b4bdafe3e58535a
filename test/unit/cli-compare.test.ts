import { describe, expect, it } from 'vitest';
import { compare, tolerance } from '../../src/cli/compare.ts';

describe('comparison with the interpreter', () => {
  it('measures against the larger of the element and the root mean square', () => {
    expect(compare([1, 2, 3], [1, 2, 3])).toMatchObject({ worst: 0, compared: 3 });
    const { worst, at, expected, actual } = compare([3, 4.4, 0], [3, 4, 0]);
    expect([at, expected, actual]).toEqual([1, 4, 4.4]);
    expect(worst).toBeCloseTo(0.1, 12);
    // The zero is judged by the size of its neighbours: sqrt((9 + 16) / 3).
    expect(compare([3, 4, 0.1], [3, 4, 0]).worst).toBeCloseTo(0.1 / Math.sqrt(25 / 3), 12);
  });

  it('sees one wrong element among many small ones', () => {
    const expected = new Float64Array(100_000).fill(1e-3);
    const actual = expected.slice();
    actual[77_777] = 2e-3;
    expect(compare(actual, expected)).toMatchObject({ at: 77_777, worst: 1 });
  });

  it('treats infinities as values and NaN of the interpreter as no value', () => {
    expect(compare([-Infinity, 1], [-Infinity, 1]).worst).toBe(0);
    expect(compare([-3e38, 1], [-Infinity, 1]).worst).toBe(Infinity);
    expect(compare([NaN, 1], [0, 1]).worst).toBe(Infinity);
    expect(compare([0, 5, 1], [0, NaN, 1])).toMatchObject({ worst: 0, compared: 2 });
    expect(compare([Infinity], [-Infinity]).worst).toBe(Infinity);
  });

  it('survives huge and tiny magnitudes', () => {
    expect(compare([1e300, 1.1e300], [1e300, 1e300]).worst).toBeCloseTo(0.1, 9);
    expect(compare([0, 0], [1e-39, 1e-39]).worst).toBeLessThan(1e-8);
    expect(compare([1, 2], [1])).toMatchObject({ worst: Infinity });
    expect(compare([1, 2.5, 3], [1, 2, 3], 0.1)).toMatchObject({ compared: 3, missed: 1 });
    expect(compare([], [])).toMatchObject({ worst: 0, compared: 0 });
  });

  it('allows what rounding explains', () => {
    expect(tolerance('i32', ['f16'])).toBe(0);
    expect(tolerance('f32', ['f32'])).toBeLessThan(1e-4);
    expect(tolerance('f16', ['f32'])).toBeCloseTo(5 * 2 ** -11, 12);
    expect(tolerance('f32', ['bf16', 'f32'])).toBeCloseTo(5 * 2 ** -8, 12);
  });
});
