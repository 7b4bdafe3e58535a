/** Comments of a file, and which of them document a declaration. */
import type { IToken } from 'chevrotain';
import type { Comment } from './ast.ts';
import type { Builder } from './builder.ts';

interface Line {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Nothing but the comment stands on its line. */
  readonly alone: boolean;
}

/** Finds the documentation of declarations by their place. */
export class Docs {
  readonly comments: readonly Comment[];
  private readonly lines = new Map<number, Line>();
  /** Offsets at which lines start; line n is at n - 1. */
  private readonly starts: number[] = [0];

  constructor(
    private readonly b: Builder,
    tokens: readonly IToken[],
  ) {
    for (let n = 0; n < b.text.length; n++) {
      const c = b.text[n];
      if (c === '\n' || (c === '\r' && b.text[n + 1] !== '\n')) this.starts.push(n + 1);
    }
    this.comments = tokens.map((t) => ({ text: t.image.trimEnd(), span: b.tokenSpan(t) }));
    for (const { text, span } of this.comments) {
      const line = this.lineOf(span.start);
      const before = b.text.slice(this.starts[line - 1], span.start);
      this.lines.set(line, {
        start: span.start,
        end: span.end,
        text: bare(text),
        alone: before.trim() === '',
      });
    }
  }

  /** The line of an offset, from 1. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** Comment lines directly above a declaration that starts its line, then the comment at the end of its last line. */
  of(start: number, end: number, trailing = true): { readonly doc?: string } {
    const parts: string[] = [];
    const first = this.lineOf(start);
    if (this.b.text.slice(this.starts[first - 1], start).trim() === '') {
      for (let n = first - 1; this.lines.get(n)?.alone; n--) parts.unshift(this.lines.get(n)!.text);
    }
    const last = this.lines.get(this.lineOf(Math.max(start, end - 1)));
    if (trailing && last && last.start >= end && /^[\s,]*$/.test(this.b.text.slice(end, last.start))) {
      parts.push(last.text);
    }
    const doc = parts.join('\n').trim();
    return doc === '' ? {} : { doc };
  }
}

const bare = (comment: string): string => comment.replace(/^\/+ ?/, '').trimEnd();
