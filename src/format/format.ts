/** The formatter: text to canonical text. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { UserError } from '../diagnostics/diagnostic.ts';
import { parseSource } from '../syntax/parse.ts';
import { PRINT_WIDTH } from '../syntax/print.ts';
import { settled } from './settle.ts';

export interface FormatOptions {
  /** Where lines are broken, in columns. */
  readonly width?: number;
  /** Key for the spans of errors. */
  readonly source?: string;
}

/**
 * Formats a file; meaning and comments stay, and formatting the result again changes nothing. Throws `UserError` with
 * the first diagnostic when the text is not well formed, since what could not be read cannot be written back.
 */
export function formatSource(text: string, options: FormatOptions = {}): string {
  const { file, diagnostics } = parseSource(text, options.source);
  const broken: Diagnostic | undefined = diagnostics.find((d) => d.severity === 'error');
  if (broken) throw new UserError(broken);
  return settled(file, options.width ?? PRINT_WIDTH).text;
}
