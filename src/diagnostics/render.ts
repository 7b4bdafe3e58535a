/** How a diagnostic is shown to a person (a code frame) and to a program (JSON). */
import type { Diagnostic, Severity, Span } from './diagnostic.ts';

/** Paints a piece of text; the identity when there is no colour. */
type Paint = (text: string) => string;

/** Colours, given by the terminal layer. Absent ones leave the text plain. */
export interface Colours {
  readonly error?: Paint;
  readonly warning?: Paint;
  readonly note?: Paint;
  readonly bold?: Paint;
  readonly dim?: Paint;
}

/** Text of a source by `Span.source`; undefined when it is not at hand, and then the frame is left out. */
export type SourceLookup = (source: string) => string | undefined;

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

const plain: Paint = (text) => text;
const MAX_WIDTH = 160;

/** Line and column of an offset; offsets outside the text are moved to its nearest end. */
export function positionAt(text: string, offset: number): Position {
  const end = Math.max(0, Math.min(offset, text.length));
  let line = 1;
  let start = 0;
  for (let n = 0; n < end; n++) {
    const c = text.charCodeAt(n);
    if (c !== 10 && !(c === 13 && text.charCodeAt(n + 1) !== 10)) continue;
    line++;
    start = n + 1;
  }
  return { line, column: end - start + 1 };
}

/** The line around an offset without its line break, and where it starts. */
function lineAround(text: string, offset: number): { readonly start: number; readonly text: string } {
  let start = Math.max(0, Math.min(offset, text.length));
  while (start > 0 && !isBreak(text.charCodeAt(start - 1))) start--;
  let end = Math.max(start, Math.min(offset, text.length));
  while (end < text.length && !isBreak(text.charCodeAt(end))) end++;
  return { start, text: text.slice(start, end) };
}
const isBreak = (c: number): boolean => c === 10 || c === 13;

/** Control characters would move the terminal's cursor, and a tab has no width of its own. */
const visible = (text: string): string =>
  text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd');

interface Mark {
  readonly span: Span;
  readonly text: string;
  readonly main: boolean;
}

function frameLine(source: string, mark: Mark, gutter: number, mainPaint: Paint, dim: Paint): string[] {
  const at = positionAt(source, mark.span.start);
  const line = lineAround(source, mark.span.start);
  const from = at.column - 1;
  // A window around the mark: minified sources have lines of thousands of characters.
  const left = from > MAX_WIDTH - 40 ? from - 40 : 0;
  const shown = line.text.slice(left, left + MAX_WIDTH);
  const length = Math.max(1, Math.min(mark.span.end - mark.span.start, shown.length - (from - left)));
  const caret = (mark.main ? '^' : '-').repeat(length);
  const paint = mark.main ? mainPaint : dim;
  const label = mark.text ? ` ${mark.text}` : '';
  return [
    `${dim(`${String(at.line).padStart(gutter)} |`)} ${visible(shown)}`,
    `${dim(`${' '.repeat(gutter)} |`)} ${' '.repeat(from - left)}${paint(caret + label)}`,
  ];
}

/**
 * One diagnostic as text: a title line, `file:line:column`, the source with carets, labels and the hint. Ends without a
 * line break.
 */
export function renderDiagnostic(d: Diagnostic, sources: SourceLookup, colours: Colours = {}): string {
  const paint = colours[d.severity] ?? plain;
  const bold = colours.bold ?? plain;
  const dim = colours.dim ?? plain;
  const lines = [`${paint(`${d.severity}[${d.code}]`)}${bold(`: ${d.message}`)}`];
  const marks: Mark[] = [
    ...(d.span ? [{ span: d.span, text: '', main: true }] : []),
    ...(d.labels ?? []).map((label) => ({ span: label.span, text: label.text, main: false })),
  ];
  const numbers = marks.map((m) => positionAt(sources(m.span.source) ?? '', m.span.start).line);
  const gutter = String(Math.max(1, ...numbers)).length;
  // Marks of one source are shown in the order of its lines; the source of the main mark comes first.
  for (const source of new Set(marks.map((m) => m.span.source))) {
    const own = marks.filter((m) => m.span.source === source);
    const text = sources(source);
    if (text === undefined) {
      const said = own.filter((m) => m.text !== '').map((m) => `: ${m.text}`);
      lines.push(`${dim(`${' '.repeat(gutter)}-->`)} ${source}${said.join('')}`);
      continue;
    }
    const at = positionAt(text, own[0]!.span.start);
    lines.push(`${dim(`${' '.repeat(gutter)}-->`)} ${source}:${at.line}:${at.column}`);
    lines.push(dim(`${' '.repeat(gutter)} |`));
    let last = 0;
    for (const mark of own.sort((x, y) => x.span.start - y.span.start)) {
      const { line } = positionAt(text, mark.span.start);
      if (last > 0 && line > last + 1) lines.push(dim(`${' '.repeat(gutter)} ...`));
      const frame = frameLine(text, mark, gutter, paint, dim);
      // Two marks on one line share its text.
      lines.push(...(line === last ? frame.slice(1) : frame));
      last = line;
    }
  }
  if (d.hint !== undefined) lines.push(`${dim(`${' '.repeat(gutter)} =`)} ${bold('hint:')} ${d.hint}`);
  return lines.join('\n');
}

/** Several diagnostics with an empty line between them and a count at the end; the empty text when there are none. */
export function renderDiagnostics(
  all: readonly Diagnostic[],
  sources: SourceLookup,
  colours: Colours = {},
): string {
  if (all.length === 0) return '';
  const counts = (['error', 'warning'] as const).flatMap((severity) => {
    const n = all.filter((d) => d.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`];
  });
  const parts = all.map((d) => renderDiagnostic(d, sources, colours));
  return [...parts, ...(counts.length > 0 ? [counts.join(', ')] : [])].join('\n\n') + '\n';
}

/** A place for programs: offsets and, where the source is at hand, lines and columns from 1. */
export interface JsonPlace {
  readonly source: string;
  readonly start: number;
  readonly end: number;
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}
export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly place?: JsonPlace;
  readonly labels?: readonly { readonly place: JsonPlace; readonly text: string }[];
  readonly hint?: string;
}

/** The form of a diagnostic that `--json` prints. */
export function diagnosticJson(d: Diagnostic, sources: SourceLookup): JsonDiagnostic {
  const place = (span: Span): JsonPlace => {
    const text = sources(span.source);
    if (text === undefined) return { source: span.source, start: span.start, end: span.end };
    const from = positionAt(text, span.start);
    const to = positionAt(text, span.end);
    return {
      source: span.source,
      start: span.start,
      end: span.end,
      line: from.line,
      column: from.column,
      endLine: to.line,
      endColumn: to.column,
    };
  };
  return {
    code: d.code,
    severity: d.severity,
    message: d.message,
    ...(d.span ? { place: place(d.span) } : {}),
    ...(d.labels ? { labels: d.labels.map((l) => ({ place: place(l.span), text: l.text })) } : {}),
    ...(d.hint === undefined ? {} : { hint: d.hint }),
  };
}
