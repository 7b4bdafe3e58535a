/** Paths of imports. The core does no IO, so that they are only text. */

/** `path` as seen from the file `from`: `joinPath('a/b.attn', '../c.attn')` is `c.attn`. */
export function joinPath(from: string, path: string): string {
  if (path.startsWith('/')) return path;
  const parts = from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
