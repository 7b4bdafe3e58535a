/** docs/cuda.md: its program compiles with plain nvcc by the commands on the page, and says what is wrong where there is no GPU. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNvcc } from '../../src/runtime/nvcc.ts';
import { attnc } from '../support/cli.ts';
import { docBlocks, docFiles, docRoot } from '../support/doc-blocks.ts';

const PAGE = 'docs/cuda.md';
const nvcc = findNvcc();
const hasGpu = spawnSync('nvidia-smi', ['-L']).status === 0;
const [compile, build] = docBlocks(PAGE)
  .find((b) => b.language === 'sh')!
  .text.trim()
  .split('\n')
  .map((line) => line.split(/\s+/)) as [string[], string[]];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'attnc-cuda-docs-'));
  for (const [name, text] of docFiles(PAGE)) writeFileSync(join(folder, name), text);
  const words = compile.slice(2).map((w) => (w.startsWith('examples/') ? join(docRoot, w) : w));
  expect(words.at(-1)).toBe('out');
  expect((await attnc(...words.slice(0, -1), join(folder, 'out'))).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe(PAGE, () => {
  it('has a program of about sixty lines', () => {
    const lines = docFiles(PAGE).get('main.cu')!.trimEnd().split('\n').length;
    expect(lines).toBeGreaterThan(40);
    expect(lines).toBeLessThan(75);
  });

  it('builds it, and it runs or says why not', { timeout: 180_000 }, (context) => {
    context.skip(nvcc === undefined, 'no nvcc on this machine');
    expect(build[0]).toBe('nvcc');
    const warn = ['-Werror', 'all-warnings', '-Xcompiler', '-Wall,-Wextra'];
    execFileSync(nvcc!, [...build.slice(1), ...warn], { cwd: folder, stdio: 'pipe' });
    const { status, stdout, stderr } = spawnSync(join(folder, 'causal'), { encoding: 'utf8' });
    if (hasGpu) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    else
      expect({ status, stdout, stderr: /^cudaMalloc: .+ \(\d+\)\n$/.test(stderr) }).toEqual({
        status: 1,
        stdout: '',
        stderr: true,
      });
  });

  it('explains every status code of the header', () => {
    const page = readFileSync(join(docRoot, PAGE), 'utf8');
    const header = readFileSync(join(folder, 'out/causal.h'), 'utf8');
    const codes = [...header.matchAll(/(ATTNC_\w+) = -(\d)/g)];
    expect(codes.length).toBeGreaterThan(3);
    for (const [, name, value] of codes) expect(page).toContain(`| \`${name}\` (−${value})`);
  });
});
