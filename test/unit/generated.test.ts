import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../src/generate.ts';

const root = join(import.meta.dirname, '../..');

describe('generated files', () => {
  it.each(generatedFiles().map((f) => [f.path, f.text]))('%s is up to date', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8'), 'run `npm run generate`').toBe(text);
  });
});
