/** What the translation from the concrete tree carries along: the source and the errors found on the way. */
import type { CstNode, IToken } from 'chevrotain';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { replacement } from '../diagnostics/suggest.ts';
import type { Name } from './ast.ts';

export class Builder {
  readonly diagnostics: Diagnostic[] = [];

  constructor(
    readonly source: string,
    readonly text: string,
  ) {}

  span(start: number, end: number): Span {
    return { source: this.source, start, end };
  }

  /** The span of a token; tokens that recovery put in have no place and get an empty span at `at`. */
  tokenSpan(token: IToken, at = 0): Span {
    if (!Number.isFinite(token.startOffset)) return this.span(at, at);
    return this.span(token.startOffset, token.startOffset + token.image.length);
  }

  /** The span of a node; a node in which nothing was read gets an empty span at `at`. */
  nodeSpan(node: CstNode, at = 0): Span {
    const start = node.location?.startOffset ?? NaN;
    const end = (node.location?.endOffset ?? NaN) + 1;
    if (!Number.isFinite(start)) return this.span(at, at);
    return this.span(start, Number.isFinite(end) ? Math.max(end, start) : start);
  }

  name(token: IToken): Name {
    return { text: token.image, span: this.tokenSpan(token) };
  }

  /** @param text what would be right in the place of the span */
  error(code: string, message: string, span: Span, hint?: string, text?: string): void {
    this.diagnostics.push({
      code,
      severity: 'error',
      message,
      span,
      ...(hint === undefined ? {} : { hint }),
      ...(text === undefined ? {} : { fix: replacement(span, text) }),
    });
  }
}

export const joinSpans = (a: Span, b: Span): Span => ({
  source: a.source,
  start: Math.min(a.start, b.start),
  end: Math.max(a.end, b.end),
});
