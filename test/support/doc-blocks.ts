/**
 * Code blocks of Markdown pages, with what their info strings say: a language, then words `name=value` or `name="some words"`.
 *
 *   file=NAME      later blocks of the page find this one under that name
 *   skip="REASON"  is not executed here, and why
 *   test=PATH      is executed by that test, together with what the page leaves to its reader
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface DocBlock {
  /** Relative to the root of the repository. */
  readonly page: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** Empty where the fence names none. */
  readonly language: string;
  readonly info: ReadonlyMap<string, string>;
  readonly text: string;
}

export const docRoot = join(import.meta.dirname, '../..');

/** README, CONTRIBUTING and the like, and every page below docs/. */
export function docPages(): readonly string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(docRoot, folder)).flatMap((name) => {
      // Not pages, and another test may be making and removing them.
      if (name.startsWith('.')) return [];
      const path = `${folder}/${name}`;
      if (statSync(join(docRoot, path)).isDirectory()) return name === 'node_modules' ? [] : below(path);
      return name.endsWith('.md') ? [path] : [];
    });
  return [...readdirSync(docRoot).filter((name) => name.endsWith('.md')), ...below('docs')].sort();
}

const INFO_WORD = /([\w-]+)(?:=(?:"([^"]*)"|(\S+)))?/g;

/** All fenced blocks of a page, in order. */
export function docBlocks(page: string): readonly DocBlock[] {
  const blocks: DocBlock[] = [];
  let open: { line: number; indent: string; head: string; lines: string[] } | undefined;
  readFileSync(join(docRoot, page), 'utf8')
    .split('\n')
    .forEach((text, n) => {
      const fence = /^( *)```(.*)$/.exec(text);
      if (open && fence && fence[2]!.trim() === '') {
        const [language = '', ...rest] = open.head.trim().split(/\s+/);
        const info = new Map(
          [...rest.join(' ').matchAll(INFO_WORD)].map((m) => [m[1]!, m[2] ?? m[3] ?? 'true'] as const),
        );
        blocks.push({ page, line: open.line, language, info, text: `${open.lines.join('\n')}\n` });
        open = undefined;
      } else if (open) open.lines.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text);
      else if (fence) open = { line: n + 2, indent: fence[1]!, head: fence[2]!, lines: [] };
    });
  return blocks;
}

/** The blocks of a page that are files, by name. */
export function docFiles(page: string): ReadonlyMap<string, string> {
  return new Map(
    docBlocks(page).flatMap((b) => {
      const name = b.info.get('file');
      return name === undefined ? [] : [[name, b.text] as const];
    }),
  );
}
