/** The table of examples: every file is in it once, has a reference, and is found and copied by the command line. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleNames, exampleText } from '../../src/cli/generate/gallery.ts';
import { formatSource } from '../../src/format/format.ts';
import { FAMILIES } from '../../src/gallery/families.ts';
import { headOf, linesOf } from '../../src/gallery/head.ts';
import { galleryPage, gaps } from '../../src/gallery/page.ts';
import { referenceCases } from '../run/references.ts';
import { attnc } from '../support/cli.ts';

const names = exampleNames();
const folder = mkdtempSync(join(tmpdir(), 'attnc-init-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('examples', () => {
  it('each stand in one family', () => {
    const listed = FAMILIES.flatMap((f) => f.examples);
    expect([...listed].sort()).toEqual([...names]);
  });

  it('each have a reference', async () => {
    const all = await Promise.all((['softmax', 'linear', 'sparse'] as const).map(referenceCases));
    const held = new Set(all.flat().map((c) => c.example));
    expect(names.filter((name) => !held.has(name))).toEqual([]);
  });

  it.each(names)('%s says what it is, where it comes from and how it is computed', (name) => {
    const { what, source, formula } = headOf(exampleText(name));
    expect([what, source, formula].filter((x) => x === '')).toEqual([]);
  });

  it('are written as the formatter writes them', () => {
    expect(names.filter((name) => formatSource(exampleText(name)) !== exampleText(name))).toEqual([]);
  });

  it('are short', () => {
    const lines = names.map((name) => linesOf(exampleText(name))).sort((a, b) => a - b);
    expect(lines[lines.length >> 1]).toBeLessThan(25);
  });
});

describe('the page of examples', () => {
  const facts = [{ kernel: 'a', made: '1 launch', cost: '2 * N' }];
  const example = {
    name: 'a',
    text: '// First.\n// Someone, Paper, 2020.\n// y = a | b.\nkernel a {\n  // no\n}\n',
    facts,
  };
  const runs = { 'a: a': { WGSL: 'passed', CUDA: 'failed' } } as const;

  it('has a row with marks for what ran', () => {
    const page = galleryPage([example], [{ title: 'All', examples: ['a'] }], runs);
    expect(page.trimEnd().split('\n').at(-1)).toBe(
      '| [a](a.attn) | First. Someone, Paper, 2020. y = a \\| b. | 2 | 1 launch | `2 * N` |  |  | ✓ | ✗ |  |',
    );
  });

  it('tells what was not shown', () => {
    expect(gaps([example], runs)).toEqual(['a: reference, kernel interpreter, CUDA, nvcc']);
  });
});

describe('attnc examples', () => {
  it('finds by all words', async () => {
    const { stdout, code } = await attnc('examples', 'block', 'attention', '--json');
    expect(code).toBe(0);
    const found = (JSON.parse(stdout) as { examples: { name: string }[] }).examples.map((e) => e.name);
    expect(found).toContain('moba');
    expect(found).not.toContain('sdpa');
  });

  it('says when there is none', async () => {
    const { stdout, code } = await attnc('examples', 'mobba');
    expect(code).toBe(1);
    expect(stdout).toContain('did you mean `moba`');
  });
});

describe('attnc init', () => {
  it('writes a kernel of its own name that checks', async () => {
    const path = join(folder, 'mine.attn');
    expect((await attnc('init', path, '--from', 'gqa')).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toContain('kernel mine {');
    expect((await attnc('check', path)).code).toBe(0);
  });

  it('replaces nothing', async () => {
    const path = join(folder, 'twice.attn');
    await attnc('init', path);
    const { code, stderr } = await attnc('init', path, '--from', 'moba');
    expect(code).toBe(1);
    expect(stderr).toContain('E0702');
    expect(readFileSync(path, 'utf8')).not.toContain('topk');
  });

  it.each([
    ['no.such', 'sdpa', 'E0700'],
    ['mask', 'sdpa', 'E0700'],
    ['fine', 'spda', 'E0720'],
  ])('refuses %s from %s', async (name, from, codeOf) => {
    const path = join(folder, `${name}.attn`);
    const { code, stderr } = await attnc('init', path, '--from', from);
    expect(code).not.toBe(0);
    expect(stderr).toContain(codeOf);
    expect(existsSync(path)).toBe(false);
  });
});
