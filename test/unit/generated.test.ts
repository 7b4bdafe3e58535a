import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examplesPage } from '../../src/cli/generate/examples-page.ts';
import { generatedFiles } from '../../src/generate.ts';

const root = join(import.meta.dirname, '../..');

describe('generated files', () => {
  it.each(generatedFiles().map((f) => [f.path, f.text]))('%s is up to date', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8'), 'run `npm run generate`').toBe(text);
  });

  it('list examples by their head comment', () => {
    const page = examplesPage([
      { name: 'b', text: '// Second.\n// A paper, 2020.\n// y = a | b.\nkernel b {\n// not this\n}\n' },
      { name: 'a', text: '// First.\nkernel a {}\n' },
    ]);
    expect(page.split('\n').slice(-3, -1)).toEqual([
      '| [a](a.attn) | First. |  |',
      '| [b](b.attn) | Second. | A paper, 2020. y = a \\| b. |',
    ]);
  });
});
