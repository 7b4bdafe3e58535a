/**
 * Names of documents. Inside, a document has a key that imports are resolved against as text: the path for files, the decoded
 * URI for everything else, `std:NAME` for the library. Editors have URIs.
 */
import { STDLIB } from '../stdlib/bundle.ts';

/** The scheme of documents that the server makes: library files, emitted sources, pictures. */
export const SCHEME = 'attnc';

/** The same document has one key, however an editor escapes its URI. */
export function keyOf(uri: string): string {
  const plain = decoded(uri);
  if (plain.startsWith(`${SCHEME}:/std/`))
    return `std:${plain.slice(`${SCHEME}:/std/`.length).replace(/\.attn$/, '')}`;
  return plain.startsWith('file:///') ? plain.slice('file://'.length) : plain;
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    // A stray percent sign is part of the name.
    return uri;
  }
}

export function uriOf(key: string): string {
  if (key.startsWith('std:')) return `${SCHEME}:/std/${key.slice('std:'.length)}.attn`;
  // In a path `?` and `#` are letters like others.
  const escape = (path: string): string =>
    encodeURI(path).replace(/[?#]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return key.startsWith('/') ? `file://${escape(key)}` : escape(key);
}

/** Text of a file of the standard library. */
export function libraryText(key: string): string | undefined {
  const name = key.startsWith('std:') ? key.slice('std:'.length) : '';
  return Object.hasOwn(STDLIB, name) ? STDLIB[name] : undefined;
}
