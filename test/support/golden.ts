/** Committed expected texts. `UPDATE_GOLDEN=1` writes them; without it a missing or different file fails. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Compares with the file at `path`, exactly. */
export function expectGolden(path: string, actual: string): void {
  if (process.env.UPDATE_GOLDEN === '1') {
    writeFileSync(path, actual);
    return;
  }
  expect(existsSync(path), `${path} is missing: run with UPDATE_GOLDEN=1 and read what it wrote`).toBe(true);
  expect(actual).toBe(readFileSync(path, 'utf8'));
}
