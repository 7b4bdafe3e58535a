/** docs/getting-started/cuda.md and pytorch.md, command by command: what they say works from an empty folder. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attnc } from '../support/cli.ts';
import { docBlocks, docFiles, docRoot } from '../support/doc-blocks.ts';
import { findPython } from '../support/torch/python.ts';

const STUBS = join(docRoot, 'test/support/torch/stubs');
const home = process.cwd();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnc-started-'));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

/** Runs all commands of a page, with its files there, and returns what they print. */
async function follow(page: string): Promise<string> {
  for (const [name, text] of docFiles(page)) writeFileSync(join(folder, name), text);
  let printed = '';
  const commands = docBlocks(page).filter((b) => b.language === 'sh' && !b.info.has('skip'));
  expect(commands.length).toBeGreaterThan(0);
  for (const line of commands.flatMap((b) => b.text.trim().split('\n'))) {
    const [npx, name, ...words] = line
      .replace(/--target cuda-emu --cases \d+/, '--target kernel-interp --cases 1 --seed 1')
      .split(/\s+/);
    expect([npx, name]).toEqual(['npx', 'attnc']);
    const { code, stdout, stderr } = await attnc(...words);
    expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
    printed += stdout;
  }
  return printed;
}

describe('getting started', () => {
  it('in a CUDA program', { timeout: 120_000 }, async (context) => {
    const printed = await follow('docs/getting-started/cuda.md');
    const share = /^ *tiles .*\((\d+(?:\.\d+)?) %\)/m.exec(printed);
    const page = readFileSync(join(docRoot, 'docs/getting-started/cuda.md'), 'utf8');
    expect(page).toContain(`of all tiles of keys ${share![1]} % are visited`);
    context.skip(spawnSync('g++', ['--version']).status !== 0, 'no g++ on this machine');
    const flags = ['-std=c++17', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-I', 'out', '-I', STUBS];
    expect(spawnSync('g++', [...flags, 'attend.cpp'], { encoding: 'utf8' }).stderr).toBe('');
  });

  it('in PyTorch', { timeout: 120_000 }, async (context) => {
    await follow('docs/getting-started/pytorch.md');
    expect(readdirSync(join(folder, 'capped_torch')).sort()).toEqual([
      'MANIFEST.in',
      'README.md',
      'attnc_capped',
      'csrc',
      'pyproject.toml',
      'setup.py',
      'tests',
    ]);
    expect(existsSync(join(folder, 'capped_torch/tests/test_attnc_capped.py'))).toBe(true);
    const python = findPython();
    context.skip(python === undefined, 'no Python with PyTorch or NumPy on this machine');
    const path = [python!.environment['PYTHONPATH'], join(folder, 'capped_torch/attnc_capped')]
      .filter(Boolean)
      .join(':');
    const ran = spawnSync(python!.command, ['formula.py'], {
      encoding: 'utf8',
      env: { ...python!.environment, PYTHONPATH: path },
    });
    expect(ran).toMatchObject({ status: 0, stdout: '(1, 2, 8, 4) (1, 2, 8)\n', stderr: '' });
  });
});
