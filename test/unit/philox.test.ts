/** Philox 4x32-10 against the known answers that its authors publish with Random123, and `rand` in the language. */
import { describe, expect, it } from 'vitest';
import { checkText, semanticIr } from '../../src/compile.ts';
import { philox } from '../../src/expr/philox.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { philoxWords } from '../references/philox.ts';

const ONES = 0xffffffff;

describe('philox', () => {
  it.each([
    [
      [0, 0],
      [0, 0, 0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [ONES, ONES],
      [ONES, ONES, ONES, ONES],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('of key %j and counter %j', (key, counter, expected) => {
    expect(philox(key, counter)).toEqual(expected);
    // What the reference of dropout takes its numbers from.
    expect(philoxWords(key, counter)).toEqual(expected);
  });
});

const spec = (value: string): string => `kernel k {
  axes i: N, j: M
  param seed: int
  in x: f32[i]
  out y: f32[i, j] = x * 0.0 + ${value}
}`;

function values(text: string, seed = 1): number[] {
  const ir = semanticIr(checkText(text));
  const x = { shape: [40], data: Array<number>(40).fill(1) };
  return [...interpretKernel(ir, { x }, { N: 40, M: 50 }, { seed })['y']!.data];
}

describe('rand', () => {
  it('is the first word of the counter, in 24 bits', () => {
    const y = values(spec('rand(seed, i, j)'), 7);
    const expected = y.map(
      (_, n) => (philox([7, 0], [Math.floor(n / 50), n % 50, 0, 0])[0] >>> 8) * 2 ** -24,
    );
    expect(y).toEqual(expected);
    expect(values(spec('rand(-1, i, j)'))).toEqual(
      y.map((_, n) => (philox([ONES, 0], [Math.floor(n / 50), n % 50, 0, 0])[0] >>> 8) * 2 ** -24),
    );
  });

  it('is uniform, and another for another seed', () => {
    const [a, b] = [values(spec('rand(seed, i, j)'), 1), values(spec('rand(seed, i, j)'), 2)];
    const mean = a.reduce((s, x) => s + x, 0) / a.length;
    // Of 2000 uniform numbers, 0.5 within 6 standard deviations of 0.29 / sqrt(2000).
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.04);
    expect(a.filter((x, n) => x === b[n]).length).toBeLessThan(3);
  });

  it('drops elements and scales the others', () => {
    const y = values(spec('dropout(3.0, 0.25, rand(seed, i, j))'));
    expect(new Set(y)).toEqual(new Set([0, 4]));
    const dropped = y.filter((x) => x === 0).length / y.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.06);
  });

  it.each([
    ['rand(seed)', 'E0'],
    ['rand(seed, i, j, i, j, i)', 'E0'],
    ['rand(1.5, i)', 'E0'],
    ['rand(seed, x)', 'E0'],
  ])('refuses %s', (text, code) => {
    const { diagnostics } = checkText(spec(text));
    expect(diagnostics[0]?.code.startsWith(code)).toBe(true);
    expect(diagnostics[0]?.message).toContain('rand');
  });
});
