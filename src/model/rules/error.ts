/** How rules make their diagnostics. */
import type { Diagnostic, Severity, Span } from '../../diagnostics/diagnostic.ts';

interface Extra {
  readonly hint?: string | undefined;
  readonly labels?: readonly { readonly span: Span; readonly text: string }[];
}

function make(severity: Severity, code: string, message: string, span: Span, extra: Extra): Diagnostic {
  const { hint, labels } = extra;
  return { code, severity, message, span, ...(hint ? { hint } : {}), ...(labels ? { labels } : {}) };
}

export const error = (code: string, message: string, span: Span, extra: Extra = {}): Diagnostic =>
  make('error', code, message, span, extra);
export const warning = (code: string, message: string, span: Span, extra: Extra = {}): Diagnostic =>
  make('warning', code, message, span, extra);

/** `a`, `b` and `c`, each in backquotes. */
export function list(names: readonly string[]): string {
  const quoted = names.map((n) => `\`${n}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)!}`;
}
