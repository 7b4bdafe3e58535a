/**
 * Every code block of every page is executed: here, by the test that `BY_OTHERS` names, or not at all where its info string says
 * why. `test/support/doc-blocks.ts` says what info strings mean.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderDiagnostics } from '../../src/diagnostics/render.ts';
import { checkText } from '../../src/compile.ts';
import * as api from '../../src/index.ts';
import { encodeTensors, writeFilesAtomically } from '../../src/runtime/files.ts';
import { elementCount, tensorFrom } from '../../src/runtime/tensor.ts';
import { attnc } from '../support/cli.ts';
import { docBlocks, docPages, docRoot, type DocBlock } from '../support/doc-blocks.ts';

/** Tests that execute blocks of a page in some languages, with what the page leaves to its reader. */
const BY_OTHERS: Readonly<Record<string, readonly [test: string, languages: readonly string[]]>> = {
  'README.md': ['test/unit/readme.test.ts', ['sh', 'ts']],
  'docs/artefacts.md': ['test/unit/artefacts-docs.test.ts', ['ts']],
  'docs/cuda.md': ['test/unit/cuda-docs.test.ts', ['sh', 'cuda']],
  'docs/explain.md': ['test/unit/explain.test.ts', ['sh', 'text']],
  'docs/flexattention.md': ['test/unit/flexattention-docs.test.ts', ['python']],
};
const byOthers = (b: DocBlock): boolean =>
  b.info.has('test') || BY_OTHERS[b.page]?.[1].includes(b.language) === true;
const SHORTEST_REASON = 10;

const blocks = docPages().flatMap(docBlocks);
const here = blocks.filter((b) => !b.info.has('skip') && !byOthers(b));
const placeOf = (b: DocBlock): string => `${b.page}:${b.line}`;
const of = (...languages: string[]): [string, DocBlock][] =>
  here.filter((b) => languages.includes(b.language)).map((b) => [placeOf(b), b]);

const errorsOf = (text: string, source = '<input>'): readonly api.Diagnostic[] =>
  api.check(text, { source }).filter((d) => d.severity === 'error');

describe('code blocks', () => {
  it('are executed, or say why not', () => {
    const known = ['attn', 'sh', 'json', 'text'];
    const silent = here
      .filter((b) => !known.includes(b.language))
      .map((b) => `${placeOf(b)}: ${b.language || 'no language'}`);
    expect(silent).toEqual([]);
    const curt = blocks.filter((b) => (b.info.get('skip') ?? 'a long reason').length < SHORTEST_REASON);
    expect(curt.map(placeOf)).toEqual([]);
    expect(blocks.length).toBeGreaterThan(200);
  });

  it('are executed by tests that know the page', () => {
    const named = new Set(
      blocks.flatMap((b) =>
        b.info.has('test') ? [`${b.info.get('test')} ${b.page.split('/').at(-1)}`] : [],
      ),
    );
    for (const pair of named) {
      const [test, page] = pair.split(' ') as [string, string];
      expect(existsSync(join(docRoot, test)), test).toBe(true);
      const folder = join(docRoot, test, '..');
      const texts = readdirSync(folder, { withFileTypes: true })
        .filter((f) => f.isFile())
        .map((f) => readFileSync(join(folder, f.name), 'utf8'));
      expect(
        texts.some((text) => text.includes(page.replace(/\.md$/, ''))),
        pair,
      ).toBe(true);
    }
    for (const [page, [test, languages]] of Object.entries(BY_OTHERS)) {
      const text = readFileSync(join(docRoot, test), 'utf8');
      expect(text).toContain(page.replace('docs/', ''));
      const found = docBlocks(page).map((b) => b.language);
      for (const language of languages) expect(found).toContain(language);
    }
  });
});

describe('specs on pages', () => {
  const specs = of('attn');
  const whole = specs.filter(([, b]) => !b.info.has('fragment') && !b.info.has('reports'));
  it.each(whole)('%s has no errors', (_, b) => {
    expect(errorsOf(b.text)).toEqual([]);
  });

  // What stands for itself nowhere: statements of a kernel, a function, the head of a file.
  const fragments = specs.filter(([, b]) => b.info.has('fragment'));
  it.each(fragments)('%s is a part of a file, or reports the code of its page', (_, b) => {
    const code = /[EW]\d{4}/.exec(b.page)?.[0];
    const tried = [b.text, `kernel k {\n${b.text}\n}`].map((text) =>
      api.parse(text).diagnostics.concat(api.check(text)),
    );
    const isPart = tried.some((ds) => ds.every((d) => !/^E01/.test(d.code)));
    const reports = tried.some((ds) => ds.some((d) => d.code === code));
    expect({ isPart, reports, codes: tried.map((ds) => ds.map((d) => d.code)) }).toSatisfy(
      (r: { isPart: boolean; reports: boolean }) => r.isPart || r.reports,
    );
  });

  it.each(specs.filter(([, b]) => b.info.has('reports')))('%s reports its code', (_, b) => {
    const found = api.check(b.text).map((d) => d.code);
    expect(found).toContain(b.info.get('reports'));
  });
});

describe('output on pages', () => {
  it.each(of('text'))('%s is what the block before prints', (_, b) => {
    const before = blocks[blocks.indexOf(b) - 1];
    expect(before?.page).toBe(b.page);
    expect(before!.info.has('reports')).toBe(true);
    const source = /^ *--> (\S+?):\d/m.exec(b.text)![1]!;
    const text = before!.text;
    const { diagnostics } = checkText(text, { source });
    const printed = renderDiagnostics(diagnostics, (s) => (s === source ? text : undefined));
    expect(printed.trimEnd()).toBe(b.text.trimEnd());
  });
});

describe('JSON on pages', () => {
  it.each(of('json'))('%s is JSON', (_, b) => {
    expect(JSON.parse(b.text)).toBeInstanceOf(Object);
  });
});

/** Files that commands on pages read. */
const TENSORS: Readonly<Record<string, readonly (readonly [string, 'i32' | 'f32', readonly number[]])[]>> = {
  'ids.npy': [['id', 'i32', [1, 48]]],
  'qk.safetensors': [
    ['q', 'f32', [1, 1, 24, 16]],
    ['k', 'f32', [1, 1, 24, 16]],
  ],
  'token.npz': [
    ['q', 'f32', [1, 2, 1, 64]],
    ['k', 'f32', [1, 2, 1, 64]],
    ['v', 'f32', [1, 2, 1, 64]],
    ['log_a', 'f32', [1, 2, 1, 64]],
    ['S0', 'f32', [1, 2, 64, 64]],
  ],
};

describe('commands on pages', () => {
  const home = process.cwd();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'attnc-docs-'));
    symlinkSync(join(docRoot, 'examples'), join(folder, 'examples'));
    for (const [file, tensors] of Object.entries(TENSORS)) {
      const all = tensors.map(([name, dtype, shape]) => {
        const value = (n: number): number => (dtype === 'i32' ? Math.floor(n / 10) : -((n % 7) / 7));
        return [
          name,
          tensorFrom(
            dtype,
            shape,
            Array.from({ length: elementCount(shape) }, (_, n) => value(n)),
          ),
        ] as const;
      });
      const path = join(folder, file);
      writeFilesAtomically([{ path, content: encodeTensors(path, new Map(all)) }]);
    }
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(of('sh'))('%s runs', { timeout: 120_000 }, async (_, b) => {
    for (const line of b.text.trim().split('\n')) {
      const [npx, name, ...words] = line.replace(/ #.*$/, '').trim().split(/\s+/);
      expect([npx, name]).toEqual(['npx', 'attnc']);
      // One case, and no device: how many are usual is another matter.
      const few = words[0] === 'verify' ? ['--cases', '1', '--target', 'kernel-interp'] : [];
      const { code, stderr } = await attnc(...words, ...few);
      expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
      const out = words[words.indexOf('-o') + 1];
      if (words.includes('-o')) expect(existsSync(out!)).toBe(true);
    }
  });
});
