import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeTensors, formatOf, readTensor, writeFilesAtomically } from '../../src/runtime/files.ts';
import { tensorFrom } from '../../src/runtime/tensor.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'attnc-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('tensor files', () => {
  it('choose their format by name', () => {
    expect(formatOf('a/b.NPY')).toBe('npy');
    expect(() => formatOf('x.bin')).toThrow(/no known tensor format/);
    expect(() => formatOf('npy')).toThrow(/no known tensor format/);
  });

  it('are written and read back', () => {
    const a = tensorFrom('f32', [2], [1, 2]);
    const b = tensorFrom('u8', [1], [3]);
    for (const name of ['x.npz', 'x.safetensors']) {
      const path = join(dir, name);
      writeFilesAtomically([
        {
          path,
          content: encodeTensors(
            path,
            new Map([
              ['a', a],
              ['b', b],
            ]),
          ),
        },
      ]);
      expect(readTensor(path, 'b')).toEqual(b);
      expect(() => readTensor(path, 'c')).toThrow(/has no tensor c/);
      expect(() => readTensor(path)).toThrow(/holds several tensors/);
    }
    expect(() =>
      encodeTensors(
        'y.npy',
        new Map([
          ['a', a],
          ['b', b],
        ]),
      ),
    ).toThrow(/can hold one tensor, not 2/);
    expect(() => readTensor(join(dir, 'none.npy'))).toThrow(/cannot read .*none.npy: no such file or folder/);
  });
});

describe('writing', () => {
  it('changes no file when one of them cannot be written', () => {
    const first = join(dir, 'first');
    writeFileSync(first, 'old');
    mkdirSync(join(dir, 'folder'));
    for (const path of [join(dir, 'folder'), join(dir, 'absent', 'file')])
      expect(() =>
        writeFilesAtomically([
          { path: first, content: 'new' },
          { path, content: 'x' },
        ]),
      ).toThrow(/cannot write/);
    expect(readFileSync(first, 'utf8')).toBe('old');
    expect(readdirSync(dir).sort()).toEqual(['first', 'folder']);
  });

  it('keeps links and devices what they are', () => {
    writeFileSync(join(dir, 'target'), 'old');
    symlinkSync('target', join(dir, 'link'));
    writeFilesAtomically([
      { path: join(dir, 'link'), content: 'new' },
      { path: '/dev/null', content: 'gone' },
    ]);
    expect(lstatSync(join(dir, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(dir, 'target'), 'utf8')).toBe('new');
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});
