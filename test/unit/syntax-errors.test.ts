import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES, codeRow } from '../../src/diagnostics/codes.ts';
import { SYNTAX_CODES } from '../../src/diagnostics/codes-syntax.ts';
import { renderDiagnostics } from '../../src/diagnostics/render.ts';
import { MAX_SOURCE_LENGTH, parseSource } from '../../src/syntax/parse.ts';
import { expectGolden } from '../support/golden.ts';

const folder = join(import.meta.dirname, '../errors');
const files = readdirSync(folder).filter((f) => /^E01.*\.attn$/.test(f));
const codesOf = (text: string): string[] => parseSource(text).diagnostics.map((d) => d.code);

describe('syntax errors', () => {
  test.each(files)('%s', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const { diagnostics } = parseSource(text, file);
    expect(diagnostics.map((d) => d.code)).toContain(file.slice(0, 5));
    expectGolden(
      join(folder, file.replace(/attn$/, 'txt')),
      renderDiagnostics(diagnostics, () => text),
    );
  });

  test('every code has a text that shows it', () => {
    // A file of a megabyte is not worth checking in.
    const shown = new Set([...files.map((f) => f.slice(0, 5)), 'E0113']);
    expect(SYNTAX_CODES.map((row) => row.code).filter((code) => !shown.has(code))).toEqual([]);
  });

  test('every example in an explanation has the error that it explains', () => {
    let examples = 0;
    for (const { code, explanation } of SYNTAX_CODES) {
      for (const [, example] of explanation.matchAll(/```attn\n([^]*?)\n```/g)) {
        examples++;
        const found = [...codesOf(example!), ...codesOf(`kernel k {\n${example}\n}`)];
        expect(found, example).toContain(code);
      }
    }
    expect(examples).toBeGreaterThan(8);
  });

  test('a file may not be too large', () => {
    expect(codesOf(' '.repeat(MAX_SOURCE_LENGTH))).toEqual([]);
    expect(codesOf(' '.repeat(MAX_SOURCE_LENGTH + 1))).toEqual(['E0113']);
  });

  test('what stands after an error is still read', () => {
    const text =
      'kernel k {\n axes i: N\n let a = = 2\n let b = i + 1\n in gate: f32[i]\n out b\n}\nfn f(x) = x';
    const { file } = parseSource(text);
    const [kernel] = file.kernels;
    expect(kernel!.items.map((i) => ('name' in i ? i.name.text : i.kind))).toEqual([
      'axes',
      'a',
      'b',
      'gate',
      'b',
    ]);
    expect(kernel!.items[1]).toMatchObject({ kind: 'def', value: { kind: 'error' } });
    expect(file.fns.map((f) => f.name.text)).toEqual(['f']);
  });

  test('a code is found in any case', () => {
    expect(codeRow(' e0110 ')?.title).toBe('comparisons do not chain');
    expect(codeRow('E9999')).toBeUndefined();
    expect(CODES.size).toBeGreaterThanOrEqual(SYNTAX_CODES.length);
    for (const row of CODES.values()) expect(row.code).toMatch(/^[EW]0[1-79]\d\d$/);
  });
});
