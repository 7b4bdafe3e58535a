/** Sections of chunks (docs/adr/0015-sections.md): how many chunks they have, where there are none, and what a workgroup holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText } from '../../src/compile.ts';
import type { StorageType } from '../../src/expr/types.ts';

const root = join(import.meta.dirname, '../..');
const BF16 = Object.fromEntries(['q', 'k', 'v', 'y'].map((n) => [n, 'bf16' as StorageType]));

function compiled(
  set: Readonly<Record<string, number>>,
  storage: Readonly<Record<string, StorageType>>,
  example = 'gla',
) {
  const text = readFileSync(join(root, 'examples', `${example}.attn`), 'utf8');
  const { value, diagnostics } = compileText(text, { target: 'cuda', set, storage });
  expect(diagnostics).toEqual([]);
  return value!;
}

const sectionOf = (set: Readonly<Record<string, number>>, storage = BF16): number | undefined =>
  compiled(set, storage).notes.formPlans?.[0]?.section;

const HEADS_OF_64 = { D: 64, E: 64 };

describe('chunks of a section', () => {
  it('leave two workgroups for each of 132 cores', () =>
    expect(sectionOf({ ...HEADS_OF_64, B: 1, H: 4, N: 8192 })).toBe(Math.floor((4 * 8192) / 32 / 264)));

  it('are 16 at most', () => expect(sectionOf({ ...HEADS_OF_64, B: 4, H: 16, N: 8192 })).toBe(16));

  it('are one where that already leaves cores idle', () =>
    expect(sectionOf({ ...HEADS_OF_64, B: 1, H: 1, N: 512 })).toBe(1));

  it('are four where sizes are unknown', () => expect(sectionOf(HEADS_OF_64)).toBe(4));

  it('are one where what a workgroup holds does not fit its memory', () =>
    expect(sectionOf({ D: 128, E: 256 }, {})).toBe(1));
});

describe('a length that is known', () => {
  it('leaves what steps share in a launch before', () => {
    const storage: Record<string, StorageType> = { x: 'bf16', B: 'bf16', C: 'bf16', y: 'bf16' };
    const launches = (set: Readonly<Record<string, number>>): readonly (boolean | undefined)[] =>
      compiled({ P: 64, R: 64, ...set }, storage, 'ssd').program.kernels.map((k) => k.waits);
    expect(launches({ N: 8192 })).toEqual(launches({}));
    expect(launches({})).toEqual([undefined, true, undefined, true]);
  });
});

describe('a workgroup that goes through chunks', () => {
  it('holds the state, and no sums that only its step or an output need', () => {
    const { kernels } = compiled(HEADS_OF_64, BF16).program;
    const large = (n: number): readonly string[] =>
      kernels
        .at(n)!
        .shared.filter((a) => a.storage === 'f32' && a.length >= 64 * 64)
        .map((a) => a.name);
    expect([large(0), large(-1)]).toEqual([['S_alone'], ['S_run']]);
  });

  it('reads what several values are made of from memory once', () => {
    const { files } = compiled(HEADS_OF_64, BF16);
    const text = files.find((f) => f.path.endsWith('.cu'))!.text;
    const last = text.slice(text.lastIndexOf('__global__'));
    expect(last.match(/&?\bq\[/g)).toEqual(['&q[']);
  });
});
