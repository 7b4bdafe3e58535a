/** The site of the documentation: it builds, which it does only without dead links, and every page can be found. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docPages, docRoot } from '../support/doc-blocks.ts';

const out = mkdtempSync(join(tmpdir(), 'attnc-site-'));
const vitepress = join(docRoot, 'node_modules/vitepress/bin/vitepress.js');

/** Where a page of the repository is on the site. */
const placeOf = (page: string): string => page.replace(/README\.md$/, 'index.md').replace(/\.md$/, '.html');
const read = (place: string): string => readFileSync(join(out, place), 'utf8');

describe('the site', () => {
  beforeAll(async () => {
    const args = [vitepress, 'build', 'docs/site', '--outDir', out];
    await promisify(execFile)(process.execPath, args, { cwd: docRoot });
  }, 240_000);
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it('has every page, and a way to each from the front page', () => {
    const pages = [...docPages(), 'examples/README.md'];
    expect(pages.length).toBeGreaterThan(40);
    expect(pages.filter((page) => !existsSync(join(out, placeOf(page))))).toEqual([]);
    const front = read('index.html');
    const linked = new Set([...front.matchAll(/href="\/([^"#]*)"/g)].map(([, to]) => to));
    const lost = pages.filter((page) => {
      const place = placeOf(page);
      return !linked.has(place) && !linked.has(place.replace(/index\.html$/, ''));
    });
    expect(lost).toEqual([]);
  });

  it('opens examples in the playground, and links to no file that it lacks', () => {
    expect(read('examples/index.html')).toContain('href="/playground/#e=sdpa"');
    for (const page of docPages())
      expect(read(placeOf(page)), page).not.toMatch(/href="[^":]*\.(?:ts|attn|json|cu|wgsl)[#"]/);
  });
});
