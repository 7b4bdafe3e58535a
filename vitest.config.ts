import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/long-first.ts';

// Dawn reads these when its library loads, so they must be set before any worker starts.
const drivers = [
  process.env.ATTNC_VK_ICD,
  process.env.VK_ICD_FILENAMES,
  '/opt/attnc/lavapipe_icd.json',
  '/usr/lib/chromium/vk_swiftshader_icd.json',
];
const driver = drivers.find((path) => path !== undefined && existsSync(path));
if (driver !== undefined) process.env.VK_ICD_FILENAMES = driver;
process.env.XDG_RUNTIME_DIR ??= '/tmp';
// What tests in several processes need (test/run/shared.ts); removed at the end of the run.
process.env.ATTNC_RUN_FOLDER = mkdtempSync(join(tmpdir(), 'attnc-run-'));

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/run/remove-shared.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Names of examples in titles stay whole.
    chaiConfig: { truncateThreshold: 120 },
    sequence: { sequencer: LongFirst },
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
