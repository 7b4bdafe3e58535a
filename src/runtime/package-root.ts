/** Finds the package's own folder from the sources as well as from the bundle in `dist/`. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerBug } from '../diagnostics/diagnostic.ts';

let found: string | undefined;

/** Absolute path of the folder that holds attnc's package.json. */
export function packageRoot(): string {
  if (found !== undefined) return found;
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && /"name":\s*"attnc"/.test(readFileSync(manifest, 'utf8')))
      return (found = dir);
    if (dir === dirname(dir)) throw new CompilerBug('runtime', 'the package folder of attnc was not found');
  }
}
