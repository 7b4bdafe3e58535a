/** Reading of .attn files, and the loader for their imports. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { userError } from '../diagnostics/diagnostic.ts';
import { systemMessage } from '../runtime/files.ts';

/** Larger files are refused: they are not attention specs. */
const MAX_SOURCE_BYTES = 4_000_000;

/** Remembers every text by the name under which spans point to it. */
export class Sources {
  readonly #texts = new Map<string, string>();

  /**
   * Reads a .attn file; `-` is standard input.
   * @throws UserError E0701.
   */
  read(path: string): string {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path === '-' ? 0 : path);
    } catch (error) {
      throw userError('E0701', `cannot read ${path}: ${systemMessage(error)}`);
    }
    if (bytes.length > MAX_SOURCE_BYTES)
      throw userError('E0701', `cannot read ${path}: it is larger than 4 MB`);
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      this.#texts.set(path, text);
      return text;
    } catch {
      throw userError('E0701', `cannot read ${path}: it is not UTF-8 text`);
    }
  }

  /** Text of an import relative to the importing file, or undefined when there is no such file. */
  readonly load = (path: string, from: string): string | undefined => {
    const file = resolve(from === '-' ? '.' : dirname(from), path);
    try {
      const text = this.read(file);
      this.#texts.set(path, text);
      return text;
    } catch {
      return undefined;
    }
  };

  textOf(name: string): string | undefined {
    return this.#texts.get(name);
  }
}
