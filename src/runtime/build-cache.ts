/** Files made by slow commands, kept under a hash of what they were made from; safe to share between processes. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CompilerBug } from '../diagnostics/diagnostic.ts';

export const execute = promisify(execFile);

export function contentHash(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 20);
}

/** A folder in the system's temporary folder that only this user can write. */
export function cacheFolder(name: string): string {
  const path = join(tmpdir(), `${name}-${process.getuid?.() ?? 'user'}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const status = lstatSync(path);
  // Somebody else's folder of that name could hold programs that we would run.
  if (!status.isDirectory() || (process.getuid && status.uid !== process.getuid()))
    throw new CompilerBug('build cache', `${path} belongs to another user`);
  return path;
}

const running = new Map<string, Promise<string>>();

/** The file at `path`, made by `make(temporary)` if absent. It appears under its name only when complete. */
export function cached(path: string, make: (temporary: string) => Promise<void>): Promise<string> {
  const known = running.get(path);
  if (known) return known;
  const made = build(path, make).finally(() => running.delete(path));
  running.set(path, made);
  return made;
}

async function build(path: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await make(temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  return path;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Removes what lies in `folder` for longer than three days; another process may do the same. */
export function prune(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status && Date.now() - status.mtimeMs > 3 * DAY_MS) rmSync(path, { recursive: true, force: true });
  }
}
