/**
 * Runs after `npm install` in the checkout: links node_modules/.bin/attnc to the launcher, because npm links the commands of
 * dependencies but not those of the package itself, and `npx attnc` looks there.
 */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(fileURLToPath(new URL('../..', import.meta.url)), 'node_modules', '.bin');
const link = join(folder, 'attnc');
try {
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(join('..', '..', 'src', 'cli', 'attnc.mjs'), link);
} catch (error) {
  // Without the link `node src/cli/attnc.mjs` still works.
  console.error(`attnc: no link at ${link}: ${error.message}`);
}
