/** Text to surface tree. Never throws on any text; everything wrong with it comes back as diagnostics. */
import type { IToken } from 'chevrotain';
import { MAX_ERRORS, parser } from '../../grammar/parser.ts';
import type { FileCstNode } from '../../grammar/cst.ts';
import { lexer } from '../../grammar/tokens.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { SourceFile } from './ast.ts';
import { Builder } from './builder.ts';
import { Docs } from './docs.ts';
import { buildFile } from './from-cst.ts';
import { parserError } from './parser-errors.ts';
import {
  blockComments,
  characterErrors,
  firstOfEachLine,
  keywordsAsNames,
  MAX_NESTING,
  tooDeep,
  wordErrors,
} from './token-errors.ts';

/** In UTF-16 units. */
export const MAX_SOURCE_LENGTH = 1 << 20;

export interface ParseResult {
  readonly file: SourceFile;
  /** In the order of their places; empty when the text is well formed. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Parses one file. `source` is the key that spans carry (a path, `std:NAME` or `<input>`). After an error the parser
 * resumes at the next item, so that the file holds whatever could be read; at most 20 errors are reported.
 */
export function parseSource(text: string, source = '<input>'): ParseResult {
  const b = new Builder(source, text);
  if (text.length > MAX_SOURCE_LENGTH) {
    const limit = MAX_SOURCE_LENGTH.toLocaleString('en-US');
    b.error(
      'E0113',
      `this file has ${text.length.toLocaleString('en-US')} characters, more than ${limit}`,
      b.span(0, 0),
    );
    return { file: emptyFile(b), diagnostics: b.diagnostics };
  }
  const { tokens: lexed, errors, groups } = lexer.tokenize(text);
  const docs = new Docs(b, groups['comments'] ?? []);
  characterErrors(b, errors.slice(0, MAX_ERRORS));
  blockComments(b, (groups['mistakes'] ?? []).slice(0, MAX_ERRORS));
  const tokens = keywordsAsNames(b, lexed);
  wordErrors(b, tokens, 3 * MAX_ERRORS);
  const deep = tooDeep(tokens);
  if (deep) {
    const hint = 'give parts of the expression a name with `let`';
    b.error('E0105', `brackets and \`if\` are nested more than ${MAX_NESTING} deep`, b.tokenSpan(deep), hint);
    return { file: { ...emptyFile(b), comments: docs.comments }, diagnostics: finish(b, []) };
  }
  parser.input = tokens;
  const cst = parser.file() as FileCstNode;
  // A reserved construct has a body of its own, about which the grammar can say nothing true.
  const reserved = b.diagnostics.find((d) => d.code === 'E0107')?.span?.start ?? Infinity;
  const broken = parser.errors
    .slice(0, MAX_ERRORS)
    .map((e) => parserError(b, tokens, e))
    .filter((d) => (d.span?.start ?? 0) < reserved && !followsFrom(b, tokens, d));
  parser.input = [];
  const lexical = firstOfEachLine(b, [...b.diagnostics, ...broken]);
  b.diagnostics.length = 0;
  const file = buildFile(b, docs, cst);
  return { file, diagnostics: finish(b, lexical) };
}

/** Whether a foreign character or word stands on the line on which the text before an error ends. */
function followsFrom(b: Builder, tokens: readonly IToken[], d: Diagnostic): boolean {
  const at = d.span?.start ?? 0;
  const before = tokens.findLast((t) => t.startOffset < at)?.startOffset ?? 0;
  const line = b.text.lastIndexOf('\n', before) + 1;
  return b.diagnostics.some((x) => x.span !== undefined && x.span.start >= line && x.span.start < at);
}

/** Only the first errors are worth reading, and a text of noise has one in every line. */
function finish(b: Builder, earlier: readonly Diagnostic[]): Diagnostic[] {
  const all = [...earlier, ...b.diagnostics].sort((x, y) => (x.span?.start ?? 0) - (y.span?.start ?? 0));
  return all.slice(0, MAX_ERRORS);
}

function emptyFile(b: Builder): SourceFile {
  const span = b.span(0, b.text.length);
  return {
    kind: 'file',
    source: b.source,
    imports: [],
    fns: [],
    kernels: [],
    comments: [],
    text: b.text,
    span,
  };
}
