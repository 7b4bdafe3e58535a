/** What is wrong with a document, as its editor shows it. */
import { checkRows } from '../compile.ts';
import type { Diagnostic, Fix, Severity, Span } from '../diagnostics/diagnostic.ts';
import type { Analysis } from './analysis.ts';

export interface Problem {
  /** In this document. */
  readonly span: Span;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly related: readonly { readonly span: Span; readonly text: string }[];
  /** The text is not needed. */
  readonly unused: boolean;
  readonly fix?: Fix;
}

const UNUSED = new Set(['W0901', 'W0902']);

/** Errors and warnings of the text; what is wrong in an imported file is shown where it is imported. */
export function problemsOf(a: Analysis): Problem[] {
  return a.diagnostics.map((d) => problem(a, d));
}

/** Warnings about rows that may keep nothing. They take a search, so that they are asked for when there is time. */
export function rowProblems(a: Analysis): Problem[] {
  return [...checkRows(a).values()].flatMap((r) => r.diagnostics).map((d) => problem(a, d));
}

function problem(a: Analysis, d: Diagnostic): Problem {
  const here = d.span?.source === a.key ? d.span : undefined;
  const elsewhere = d.span && !here ? [{ span: d.span, text: d.message }] : [];
  const message = d.hint === undefined ? d.message : `${d.message}\n${d.hint}`;
  return {
    span: here ?? placeOfImport(a, d.span),
    severity: d.severity,
    code: d.code,
    message: here || !d.span ? message : `in an imported file: ${message}`,
    related: [...elsewhere, ...(d.labels ?? [])],
    unused: UNUSED.has(d.code),
    ...(d.fix && d.fix.span.source === a.key ? { fix: d.fix } : {}),
  };
}

/** The import through which a file comes in, as far as its name says so; else the first one, or the start. */
function placeOfImport(a: Analysis, span: Span | undefined): Span {
  const imports = a.file.imports;
  const file = span?.source.split('/').at(-1);
  const found = imports.find((i) => i.from.split('/').at(-1) === file) ?? imports[0];
  return found?.fromSpan ?? { source: a.key, start: 0, end: 0 };
}
