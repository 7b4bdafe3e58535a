/** The linter's rules hold: `npm run lint`, so that nobody has to think of it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

it('the linter has no complaint', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: { readonly lint: string };
  };
  const [command, ...args] = scripts.lint.split(' ');
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', command!), args, {
    cwd: root,
    encoding: 'utf8',
  });
  // Counted, because a linter that was given no files has no complaint either.
  expect({ status, said: status === 0 ? '' : stderr }).toEqual({ status: 0, said: '' });
  expect(Number(/Checked (\d+) files/.exec(stdout + stderr)?.[1])).toBeGreaterThan(500);
});
