/** From the plain data of features to the shapes of the protocol. */
import {
  CompletionItemKind,
  DiagnosticSeverity,
  DiagnosticTag,
  InsertTextFormat,
  MarkupKind,
  SymbolKind,
  type CompletionItem,
  type Diagnostic,
  type DocumentSymbol,
  type Location,
  type MarkupContent,
  type Range,
  type TextEdit,
} from 'vscode-languageserver';
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Completion, CompletionKind } from '../completion.ts';
import type { Problem } from '../diagnostics.ts';
import type { Edit } from '../formatting.ts';
import { uriOf } from '../keys.ts';
import { Lines } from '../lines.ts';
import type { OutlineEntry, OutlineKind } from '../outline.ts';
import type { Workspace } from '../workspace.ts';

export const rangeOf = (lines: Lines, { start, end }: Pick<Span, 'start' | 'end'>): Range => ({
  start: lines.placeOf(start),
  end: lines.placeOf(end),
});

/** Of a span in any document. */
export function locationOf(w: Workspace, span: Span): Location {
  const lines = w.analysis(span.source)?.lines ?? new Lines(w.textOf(span.source) ?? '');
  return { uri: uriOf(span.source), range: rangeOf(lines, span) };
}

export const editOf = (lines: Lines, { span, text }: Edit): TextEdit => ({
  range: rangeOf(lines, span),
  newText: text,
});

export const markdown = (value: string): MarkupContent => ({ kind: MarkupKind.Markdown, value });

const SEVERITY = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  note: DiagnosticSeverity.Information,
} as const;

export const diagnosticOf = (w: Workspace, lines: Lines, p: Problem): Diagnostic => ({
  range: rangeOf(lines, p.span),
  severity: SEVERITY[p.severity],
  code: p.code,
  source: 'attnc',
  message: p.message,
  ...(p.unused ? { tags: [DiagnosticTag.Unnecessary] } : {}),
  ...(p.related.length > 0
    ? { relatedInformation: p.related.map((r) => ({ location: locationOf(w, r.span), message: r.text })) }
    : {}),
});

const COMPLETION: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  snippet: CompletionItemKind.Snippet,
  type: CompletionItemKind.Class,
  axis: CompletionItemKind.TypeParameter,
  size: CompletionItemKind.Constant,
  value: CompletionItemKind.Variable,
  parameter: CompletionItemKind.Property,
  function: CompletionItemKind.Function,
  constant: CompletionItemKind.Constant,
  file: CompletionItemKind.File,
};

/** @param snippets whether the editor fills in places; if not, only the label is written */
export const completionOf = (c: Completion, snippets: boolean): CompletionItem => ({
  label: c.label,
  kind: COMPLETION[c.kind],
  sortText: `${c.rank} ${c.label}`,
  ...(c.detail === undefined ? {} : { detail: c.detail }),
  ...(c.doc === undefined ? {} : { documentation: markdown(c.doc) }),
  ...(snippets && c.snippet !== undefined
    ? { insertText: c.snippet, insertTextFormat: InsertTextFormat.Snippet }
    : {}),
});

const OUTLINE: Readonly<Record<OutlineKind, SymbolKind>> = {
  import: SymbolKind.Module,
  function: SymbolKind.Function,
  kernel: SymbolKind.Class,
  axis: SymbolKind.TypeParameter,
  input: SymbolKind.Property,
  param: SymbolKind.Field,
  const: SymbolKind.Constant,
  state: SymbolKind.Variable,
  value: SymbolKind.Variable,
  output: SymbolKind.Event,
  block: SymbolKind.Namespace,
};

export const symbolOf = (lines: Lines, e: OutlineEntry): DocumentSymbol => ({
  name: e.name,
  kind: OUTLINE[e.kind],
  range: rangeOf(lines, e.span),
  selectionRange: rangeOf(lines, e.place),
  children: e.children.map((c) => symbolOf(lines, c)),
  ...(e.detail === undefined ? {} : { detail: e.detail }),
});
