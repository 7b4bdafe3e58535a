/** The formatter as a prettier plugin: `prettier --plugin` with this file formats `.attn`. */
import type { Parser, Printer, SupportLanguage } from 'prettier';
import { positionAt } from '../diagnostics/render.ts';
import type { SourceFile } from '../syntax/ast.ts';
import { parseSource } from '../syntax/parse.ts';
import { fileDoc, PRINT_WIDTH } from '../syntax/print.ts';
import { settled } from './settle.ts';

/** Hides the comments of the tree from prettier, whose own placement would print them a second time. */
interface Root {
  readonly kind: 'root';
  readonly file: SourceFile;
}

/** What prettier shows as a code frame: a `SyntaxError` with a place. */
class AttnSyntaxError extends SyntaxError {
  constructor(
    message: string,
    readonly loc: { readonly start: { readonly line: number; readonly column: number } },
  ) {
    super(message);
  }
}

export const languages: SupportLanguage[] = [
  { name: 'attn', parsers: ['attn'], extensions: ['.attn'], vscodeLanguageIds: ['attn'] },
];

export const parsers: Readonly<Record<'attn', Parser<Root>>> = {
  attn: {
    astFormat: 'attn',
    locStart: (root) => root.file.span.start,
    locEnd: (root) => root.file.span.end,
    parse: (text, { printWidth }) => {
      const { file, diagnostics } = parseSource(text);
      const broken = diagnostics.find((d) => d.severity === 'error');
      if (broken) {
        throw new AttnSyntaxError(`${broken.code}: ${broken.message}`, {
          start: positionAt(text, broken.span?.start ?? 0),
        });
      }
      return { kind: 'root', file: settled(file, printWidth).file };
    },
  },
};

export const printers: Readonly<Record<'attn', Printer<Root>>> = {
  attn: { print: (path) => fileDoc(path.node.file) },
};

/** The project's width, where the user's configuration names none. */
export const defaultOptions = { printWidth: PRINT_WIDTH };
