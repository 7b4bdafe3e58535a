/** What the comment at the head of an example says: what it is, where it comes from, and the formula. */

export interface Head {
  readonly what: string;
  /** Paper and year, where one is named. */
  readonly source: string;
  readonly formula: string;
}

const YEAR = /\b(?:19|20)\d\d\b/;

/** The comment lines before the first declaration, without their slashes. */
function commentAbove(text: string): string[] {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^\/\/ ?/, '').trim());
}

/** The line with a year names the source; what stands above says what it is, what stands below how it is computed. */
export function headOf(text: string): Head {
  const lines = commentAbove(text);
  const first = lines.findIndex((line, n) => n > 0 && YEAR.test(line));
  if (first < 0) return { what: lines[0] ?? '', source: '', formula: lines.slice(1).join(' ') };
  const rest = lines.slice(first);
  const next = rest.findIndex((line) => !YEAR.test(line));
  const end = next < 0 ? rest.length : next;
  return {
    what: lines.slice(0, first).join(' '),
    source: rest.slice(0, end).join(' '),
    formula: rest.slice(end).join(' '),
  };
}

/** Lines that are neither empty nor only a comment. */
export const linesOf = (text: string): number =>
  text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length;
