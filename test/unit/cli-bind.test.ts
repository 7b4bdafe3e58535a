import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindNumbers, convertInputs, readInputs, storageFromFiles } from '../../src/cli/bind.ts';
import { i32, op, read, variable } from '../../src/expr/expr.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { encodeTensors, writeFilesAtomically } from '../../src/runtime/files.ts';
import { tensorFrom, type Tensor } from '../../src/runtime/tensor.ts';

const dims = (...axes: string[]) => axes.map((axis) => ({ axis, extent: variable(axis.toUpperCase()) }));
const kernel: IrKernel = {
  name: 'sample',
  sizes: ['I', 'J', 'R'],
  axes: [
    { name: 'i', extent: variable('I') },
    { name: 'j', extent: variable('J') },
  ],
  params: [
    { name: 'window', type: 'i32', default: op('add', variable('J'), i32(1)) },
    { name: 'scale', type: 'f32' },
  ],
  requires: [{ condition: op('le', variable('window'), i32(100)), text: 'window <= 100' }],
  tensors: [
    { name: 'q', storage: 'f16', dims: dims('i', 'j'), optional: false },
    { name: 'ids', storage: 'i32', dims: dims('i'), optional: false },
    { name: 'bias', storage: 'f32', dims: dims('j'), optional: true },
  ],
  states: [],
  masks: [],
  defs: [
    {
      name: 'y',
      role: 'let',
      indices: ['i', 'j'],
      type: 'f32',
      value: read('q', [variable('i'), variable('j')]),
    },
  ],
  outputs: [
    { name: 'y', storage: 'f16', def: 'y', indices: ['i', 'j'] },
    { name: 'z', storage: 'f32', def: 'y', indices: ['i', 'j'] },
  ],
};
const q = tensorFrom('f32', [2, 3], [1, 2, 3, 4, 5, 6]);
const ids = tensorFrom('i64', [2], [7, 8]);

let dir: string;
const put = (name: string, tensors: Record<string, Tensor>): string => {
  const path = join(dir, name);
  writeFilesAtomically([{ path, content: encodeTensors(path, new Map(Object.entries(tensors))) }]);
  return path;
};
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'attnc-bind-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('inputs', () => {
  it('bind by name from archives, and one by one', () => {
    const all = put('all.safetensors', { q, ids, other: ids });
    expect([...readInputs(kernel, [{ path: all }]).keys()].sort()).toEqual(['ids', 'q']);
    const doubled = tensorFrom('f32', [2, 3], [2, 4, 6, 8, 10, 12]);
    const one = put('one.npy', { q: doubled });
    expect(readInputs(kernel, [{ name: 'q', path: one }, { path: all }]).get('q')).toEqual(doubled);
    expect(readInputs(kernel, [{ path: all }, { name: 'q', path: one }]).get('q')).toEqual(doubled);
    expect(
      readInputs(kernel, [{ path: all }, { name: 'bias', path: all, member: 'other' }]).get('bias'),
    ).toEqual(ids);
  });

  it('are refused when missing, unknown or ambiguous', () => {
    const some = put('some.npz', { q });
    expect(() => readInputs(kernel, [{ path: some }])).toThrow(/no tensor was given for ids/);
    expect(() => readInputs(kernel, [{ path: put('none.npz', { a: q }) }])).toThrow(
      /holds no input of sample/,
    );
    expect(() => readInputs(kernel, [{ name: 'k', path: some }])).toThrow(/sample has no input k/);
    expect(() => readInputs(kernel, [{ path: put('q.npy', { q }) }])).toThrow(/say which input/);
    const twice = { name: 'q', path: some };
    expect(() => readInputs(kernel, [twice, twice])).toThrow(/gives q twice/);
  });

  it('keep their float type and convert their integers', () => {
    const { storage, notes } = storageFromFiles(
      kernel,
      new Map([
        ['q', q],
        ['ids', ids],
      ]),
    );
    expect(storage).toEqual({ q: 'f32', y: 'f32' });
    expect(notes).toEqual(['q, y: f32, as the files have it']);
    expect(storageFromFiles(kernel, new Map([['q', tensorFrom('bf16', [1, 1], [1])]])).storage).toEqual({
      q: 'bf16',
      y: 'bf16',
    });
    expect(storageFromFiles(kernel, new Map([['q', tensorFrom('f64', [1, 1], [1])]])).storage).toEqual({});
    const converted = convertInputs(
      kernel,
      new Map([
        ['q', tensorFrom('f64', [1, 1], [1 / 3])],
        ['ids', ids],
      ]),
    );
    expect(converted.get('q')!.dtype).toBe('f16');
    expect(converted.get('ids')).toEqual(tensorFrom('i32', [2], [7, 8]));
    const tooLarge = tensorFrom('i64', [1], [2 ** 40]);
    expect(() => convertInputs(kernel, new Map([['ids', tooLarge]]))).toThrow(
      /input ids: element 0 is 1099511627776/,
    );
  });

  it('keep an output as declared when its inputs differ among themselves', () => {
    const two: IrKernel = { ...kernel, tensors: [kernel.tensors[0]!, { ...kernel.tensors[0]!, name: 'k' }] };
    const mixed = new Map([
      ['q', q],
      ['k', tensorFrom('bf16', [1, 1], [1])],
    ]);
    expect(storageFromFiles(two, mixed).storage).toEqual({ q: 'f32', k: 'bf16' });
  });
});

describe('numbers', () => {
  const tensors = new Map([
    ['q', q],
    ['ids', ids],
  ]);
  const given = new Map([['scale', 0.5]]);

  it('come from shapes, flags and defaults', () => {
    const { sizes, params } = bindNumbers(kernel, tensors, new Map([['R', 9]]), given);
    expect(sizes).toEqual({ I: 2, J: 3, R: 9 });
    expect(params).toEqual({ window: 4, scale: 0.5 });
  });

  it('are refused when they contradict', () => {
    const set = new Map([['R', 9]]);
    expect(() => bindNumbers(kernel, tensors, new Map(), given)).toThrow(/`R`/);
    expect(() => bindNumbers(kernel, tensors, set, new Map())).toThrow(/`scale`/);
    expect(() => bindNumbers(kernel, tensors, new Map([['X', 1]]), given)).toThrow(/has no size X/);
    expect(() => bindNumbers(kernel, tensors, set, new Map([['w', 1]]))).toThrow(/has no parameter w/);
    expect(() => bindNumbers(kernel, tensors, set, new Map([...given, ['window', 1.5]]))).toThrow(/window/);
    expect(() => bindNumbers(kernel, tensors, set, new Map([...given, ['window', 101]]))).toThrow(
      /window <= 100/,
    );
    expect(() => bindNumbers(kernel, tensors, new Map([...set, ['I', 5]]), given)).toThrow(/extent 2/);
  });
});
