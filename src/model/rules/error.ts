/** How rules make their diagnostics. */
import type { Diagnostic, Fix, Severity, Span } from '../../diagnostics/diagnostic.ts';

interface Extra {
  readonly hint?: string | undefined;
  readonly labels?: readonly { readonly span: Span; readonly text: string }[];
  readonly fix?: Fix | undefined;
}

function make(severity: Severity, code: string, message: string, span: Span, extra: Extra): Diagnostic {
  const { hint, labels, fix } = extra;
  return {
    code,
    severity,
    message,
    span,
    ...(hint ? { hint } : {}),
    ...(labels ? { labels } : {}),
    ...(fix ? { fix } : {}),
  };
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
