import { describe, expect, it } from 'vitest';
import {
  collect,
  oneOf,
  parseNumbers,
  parseSizes,
  parseTensorPaths,
  UsageError,
  wholeNumber,
} from '../../src/cli/usage.ts';

describe('values on the command line', () => {
  it('are sizes', () => {
    expect([...parseSizes('set', ['N=4096', 'D=0'])]).toEqual([
      ['N', 4096],
      ['D', 0],
    ]);
    expect(collect('N=1,M=2', ['D=3'])).toEqual(['D=3', 'N=1', 'M=2']);
    for (const bad of ['N', '=3', 'N=', 'N=-1', 'N=1.5', 'N=1e3', '4=4', 'N=2147483648', 'N=0x10'])
      expect(() => parseSizes('set', [bad])).toThrow(UsageError);
    expect(() => parseSizes('set', ['N=1', 'N=2'])).toThrow(/N twice/);
  });

  it('are parameters', () => {
    expect([...parseNumbers('param', ['w=-3', 's=1e-5', 'on=true', 'off=false'])]).toEqual([
      ['w', -3],
      ['s', 1e-5],
      ['on', 1],
      ['off', 0],
    ]);
    for (const bad of ['w=', 'w=x', 'w=NaN', 'w=Infinity', 'w= '])
      expect(() => parseNumbers('param', [bad])).toThrow(UsageError);
  });

  it('are tensor paths', () => {
    expect(
      parseTensorPaths('in', [
        'q=a/b=c.npy',
        'k=all.safetensors:layer.0.k',
        'all.npz',
        './x=y.npz',
        'v=C:\\t.npy',
      ]),
    ).toEqual([
      { name: 'q', path: 'a/b=c.npy' },
      { name: 'k', path: 'all.safetensors', member: 'layer.0.k' },
      { path: 'all.npz' },
      { path: './x=y.npz' },
      { name: 'v', path: 'C:\\t.npy' },
    ]);
    expect(() => parseTensorPaths('in', ['q='])).toThrow(/expected NAME=FILE/);
    expect(() => parseTensorPaths('in', ['all.npz:q'])).toThrow(/say which tensor/);
  });

  it('are choices and counts', () => {
    expect(oneOf('target', ['a', 'b'])('b')).toBe('b');
    expect(() => oneOf('target', ['a', 'b'])('c')).toThrow(/expected one of a, b/);
    expect(wholeNumber('cases', 1)('20')).toBe(20);
    for (const bad of ['0', '-1', '1.5', 'x', ''])
      expect(() => wholeNumber('cases', 1)(bad)).toThrow(UsageError);
  });
});
