/** Files that are written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { userError } from '../diagnostics/diagnostic.ts';

const SYSTEM_MESSAGES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
};
/** What the system said, in words. */
export function systemMessage(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && SYSTEM_MESSAGES[code]) || message;
}

/**
 * Writes all files or none: each is completed beside its target and then renamed over it.
 * @throws UserError E0702 naming the file that could not be written.
 */
export function writeFilesAtomically(
  files: readonly { readonly path: string; readonly content: string | Uint8Array }[],
): void {
  const staged: { temporary: string; target: string }[] = [];
  let current = '';
  try {
    for (const { path, content } of files) {
      current = path;
      const target = targetOf(path);
      if (isSpecial(target)) {
        writeFileSync(target, content);
        continue;
      }
      const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
      staged.push({ temporary, target });
      writeFileSync(temporary, content, { flag: 'wx' });
    }
    for (const { temporary, target } of staged) {
      current = target;
      renameSync(temporary, target);
    }
  } catch (error) {
    throw userError('E0702', `cannot write ${current}: ${systemMessage(error)}`);
  } finally {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  }
}

/** Follows links, so that a link stays a link to the new content. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Devices and pipes are written through: a rename would replace them. */
function isSpecial(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  return status !== undefined && !status.isFile() && !status.isSymbolicLink();
}

/**
 * Makes the folder in which `path` will lie.
 * @throws UserError E0702.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw userError('E0702', `cannot make the folder of ${path}: ${systemMessage(error)}`);
  }
}
