/** The formatter's answer as one small change of the text. */
import { UserError } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { formatSource } from '../format/format.ts';
import type { Analysis } from './analysis.ts';

export interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** No change where the text is in shape already, or is not well formed, which its errors say. */
export function formattingEdits(a: Analysis): Edit[] {
  let text: string;
  try {
    text = formatSource(a.text, { source: a.key });
  } catch (e) {
    if (e instanceof UserError) return [];
    throw e;
  }
  return text === a.text ? [] : [smallest(a, text)];
}

/** Replaces only what differs, so that a cursor elsewhere stays where it is. */
function smallest(a: Analysis, text: string): Edit {
  const most = Math.min(a.text.length, text.length);
  let start = 0;
  while (start < most && a.text[start] === text[start]) start++;
  let same = 0;
  while (same < most - start && a.text.at(-1 - same) === text.at(-1 - same)) same++;
  return {
    span: { source: a.key, start, end: a.text.length - same },
    text: text.slice(start, text.length - same),
  };
}
