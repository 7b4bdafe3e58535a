/** The benchmark for CUDA machines is Python: here it can be read, and ends by itself where its needs are not met. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../bench/gpu/dense.py', import.meta.url));
const python = (...args: readonly string[]) =>
  spawnSync('python3', args, { encoding: 'utf8', env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } });
const hasPython = python('--version').status === 0;
const hasTorch = hasPython && python('-c', 'import torch').status === 0;

describe.skipIf(!hasPython)('bench/gpu/dense.py', () => {
  it('is Python', () => {
    const folder = mkdtempSync(join(tmpdir(), 'attnc-bench-'));
    const compile = `import py_compile; py_compile.compile(${JSON.stringify(script)}, cfile=${JSON.stringify(join(folder, 'dense.pyc'))}, doraise=True)`;
    const { status, stderr } = python('-c', compile);
    rmSync(folder, { recursive: true, force: true });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('says what it takes', () => {
    const { status, stdout } = python(script, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/--only[\s\S]*--json/);
  });

  it('emits sources for a machine without Node, and takes no others', { timeout: 60_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'attnc-bench-'));
    try {
      const emitted = python(script, '--sizes', '64', '--width', '16', '--emit', folder);
      expect(emitted.stderr).toBe('');
      const files = ['about.json', 'causal.cu', 'causal.h', 'sdpa.cu', 'sdpa.h'];
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(files));
      const about: unknown = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8'));
      expect(about).toMatchObject({ width: 16, limits: { causal: { 64: expect.any(Number) } } });
      const other = python(script, '--width', '32', '--emitted', folder);
      expect(other.status).toBe(1);
      expect(other.stderr).toContain('was emitted for width 16, not 32');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.skipIf(hasTorch)('ends with one line where torch is absent', () => {
    const { status, stdout } = python(script);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^bench\/gpu: skipped, .* is not installed\n$/);
  });
});
