import { describe, expect, it } from 'vitest';
import { drawInputs } from '../../src/cli/verify/draw-inputs.ts';
import { drawNumbers, satisfied, work } from '../../src/cli/verify/draw-numbers.ts';
import { integerUses } from '../../src/cli/verify/integer-uses.ts';
import { i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { IrKernel, IrTensor } from '../../src/ir/ir.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { tensorValues } from '../../src/runtime/tensor.ts';

const axis = (name: string, extent: string) => ({ name, extent: variable(extent) });
const tensor = (name: string, storage: IrTensor['storage'], ...extents: Expr[]): IrTensor => ({
  name,
  storage,
  dims: extents.map((extent) => ({ extent })),
  optional: false,
});
const v = (name: string): Expr => variable(name);
const ints = (name: string, ...index: Expr[]): Expr => read(name, index, 'i32');

/** A paged cache with ragged lengths, documents and ancestor bits: every way in which integers are read. */
const kernel: IrKernel = {
  name: 'paged',
  sizes: ['B', 'M', 'P', 'H', 'G'],
  axes: [axis('b', 'B'), axis('j', 'M'), axis('h', 'H')],
  params: [{ name: 'window', type: 'i32', default: i32(8) }],
  requires: [{ condition: op('eq', op('mod', v('H'), v('G')), i32(0)), text: 'H % G == 0' }],
  tensors: [
    tensor('pages', 'i32', v('B'), v('M')),
    tensor('start', 'i32', v('B')),
    tensor('length', 'i32', v('B')),
    tensor('documents', 'u32', v('M')),
    tensor('ancestors', 'u32', v('M')),
    tensor('on', 'bool', v('M')),
    tensor('sequence', 'i32', v('M')),
    tensor('cache', 'f16', v('P')),
    tensor('table', 'f32', v('P')),
  ],
  states: [],
  masks: [],
  defs: [
    { name: 'page', role: 'let', indices: ['b', 'j'], type: 'i32', value: ints('pages', v('b'), v('j')) },
    {
      name: 'y',
      role: 'out',
      indices: ['b', 'j', 'h'],
      type: 'f32',
      value: op(
        'select',
        op('lt', v('j'), ints('length', v('b'))),
        op(
          'add',
          read('cache', [read('page', [v('b'), v('j')], 'i32')]),
          op(
            'add',
            read('table', [op('add', ints('start', v('b')), v('j'))]),
            read('table', [op('add', ints('sequence', v('j')), i32(1))]),
          ),
        ),
        op(
          'cast',
          op(
            'bitand',
            ints('ancestors', v('j')),
            op('eq', ints('documents', v('j')), ints('documents', i32(0))),
          ),
        ),
      ),
    },
  ],
  outputs: [{ name: 'y', storage: 'f16', def: 'y', indices: ['b', 'j', 'h'] }],
};

describe('uses of integer inputs', () => {
  const uses = integerUses(kernel);

  it('follow the values through definitions', () => {
    expect(uses.get('pages')!.below).toEqual([variable('P')]);
    expect(uses.get('start')!.near).toEqual([variable('P')]);
    expect(uses.get('sequence')).toMatchObject({ below: [op('sub', variable('P'), i32(1))], near: [] });
    expect(uses.get('start')!.below).toEqual([]);
    expect(uses.get('length')!.comparedWith).toEqual(['j']);
    expect(uses.get('ancestors')!.bits).toBe(true);
    expect(uses.get('documents')).toMatchObject({ below: [], near: [], comparedWith: [] });
    expect(uses.has('on')).toBe(false);
  });

  it('keep drawn values where they have a meaning', () => {
    const sizes = { B: 3, M: 40, P: 17, H: 1, G: 1 };
    const largest = (name: string, shrink = 0): number => {
      let most = 0;
      for (let seed = 0; seed < 30; seed++)
        for (const x of tensorValues(drawInputs(kernel, uses, sizes, seed, shrink).get(name)!))
          most = Math.max(most, x);
      return most;
    };
    expect(largest('pages')).toBe(16);
    expect(largest('sequence')).toBe(15);
    expect(largest('length')).toBe(40);
    expect(largest('start', 3)).toBe(2);
    expect(largest('documents')).toBe(3);
    expect(largest('ancestors')).toBeGreaterThan(2 ** 31);
    expect(largest('on')).toBe(1);
  });

  it('repeat for a seed', () => {
    const sizes = { B: 2, M: 5, P: 7, H: 2, G: 1 };
    const draw = (seed: number) => drawInputs(kernel, uses, sizes, seed, 0);
    expect(draw(4)).toEqual(draw(4));
    expect(draw(4)).not.toEqual(draw(5));
    expect(draw(4).get('cache')!.dtype).toBe('f16');
  });
});

describe('drawn numbers', () => {
  it('satisfy requirements and stay cheap', () => {
    const random = randomFrom(3);
    const seen = new Set<number>();
    for (let n = 0; n < 200; n++) {
      const { sizes } = drawNumbers(kernel, random, new Map([['B', 2]]), new Map())!;
      expect(sizes['H']! % sizes['G']!).toBe(0);
      expect(sizes['B']).toBe(2);
      expect(work(kernel, sizes)).toBeLessThanOrEqual(12_000_000);
      seen.add(sizes['M']!);
    }
    expect(seen.size).toBeGreaterThan(15);
    expect(Math.max(...seen)).toBeGreaterThan(100);
  });

  it('are refused when they cannot be', () => {
    expect(satisfied(kernel, { B: 1, M: 1, P: 1, H: 3, G: 2 }, {})).toBeUndefined();
    expect(satisfied(kernel, { B: 1, M: 1, P: 1, H: 4, G: 2 }, {})).toMatchObject({ params: { window: 8 } });
    expect(satisfied(kernel, { B: 5000, M: 5000, P: 1, H: 4, G: 2 }, {})).toBeUndefined();
    const impossible: IrKernel = {
      ...kernel,
      requires: [{ condition: op('lt', v('M'), i32(0)), text: 'M < 0' }],
    };
    expect(drawNumbers(impossible, randomFrom(1), new Map(), new Map())).toBeUndefined();
  });
});
