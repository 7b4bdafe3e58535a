/** The emulator's own kernels and their mutants: a check that finds no planted bug would prove nothing about ours. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../cuda-emulator/selftest/run.mjs', import.meta.url));
const compiler = spawnSync(process.env['CXX'] ?? 'g++', ['--version']).status === 0;

describe.skipIf(!compiler)('the CUDA emulator itself (needs g++)', () => {
  it('passes its good kernels and notices every mutant', { timeout: 300_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    const bad = stdout.split('\n').filter((line) => line.startsWith('FAIL'));
    expect({ bad, stderr }).toEqual({ bad: [], stderr: '' });
    expect(stdout).toMatch(/^all \d+ passed$/m);
    expect(status).toBe(0);
  });
});
