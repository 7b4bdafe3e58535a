/**
 * `npm test`: prepares the machine as far as it can, then types, then tests, and ends with one line that counts.
 * What could not run is listed with its reason before that line: an absent device is a skip, never a silent pass.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const step = (title, command, args, options = {}) => {
  console.log(`\n── ${title}`);
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
};

// Installing devices may fail for many good reasons; the tests that need them say what is missing.
step('devices', process.execPath, ['src/cli/attnc.mjs', 'doctor', '--install']);

const typed = step('types', bin('tsc'), ['--noEmit', '-p', '.']).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'attnc-test-'));
const file = join(folder, 'summary.json');
const reporters = ['--reporter=default', '--reporter=./test/summary-reporter.mjs'];
// A forgotten `.only` would silently leave out everything else.
const vitest = step(
  'tests',
  bin('vitest'),
  ['run', '--allowOnly=false', ...reporters, ...process.argv.slice(2)],
  {
    env: { ...process.env, ATTNC_TEST_SUMMARY: file },
  },
);
const summary = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { passed: 0, failed: 1, skips: {} };
rmSync(folder, { recursive: true, force: true });

const passed = summary.passed + (typed ? 1 : 0);
let failed = summary.failed + (typed ? 0 : 1);
if (vitest.status !== 0 && failed === 0) failed = 1;
const skips = Object.entries(summary.skips);
const skipped = skips.reduce((sum, [, count]) => sum + count, 0);
console.log('');
for (const [reason, count] of skips) console.log(`skipped ${count}: ${reason}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
