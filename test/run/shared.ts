/** What several executors need to know of a launch, worked out once in a run of the tests, by whoever comes first. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

/** A folder that lives as long as the run; without one everything is worked out where it is needed. */
const folder = process.env['ATTNC_RUN_FOLDER'];

/** What `make` gives, as the structured clone keeps it: maps and typed arrays, but no functions. */
export function shared<T>(key: string, make: () => T): T {
  if (folder === undefined) return make();
  const path = join(folder, createHash('sha256').update(key).digest('hex').slice(0, 24));
  if (existsSync(path)) return deserialize(readFileSync(path)) as T;
  const made = make();
  // Another process may do the same at this time: files appear whole, and both are equal.
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, serialize(made));
  renameSync(temporary, path);
  return made;
}
