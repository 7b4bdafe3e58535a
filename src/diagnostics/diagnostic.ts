/** A place in a source text. Offsets are UTF-16 units; `end` is exclusive. */
export interface Span {
  /** Key into the source map: a path, `std:NAME`, or `<input>`. */
  readonly source: string;
  readonly start: number;
  readonly end: number;
}

export type Severity = 'error' | 'warning' | 'note';

/** A change of the text that mends what a diagnostic says, if that is what was meant. */
export interface Fix {
  readonly title: string;
  readonly span: Span;
  readonly text: string;
}

/** What a user is told. `code` is a row of `codes.ts`; `labels` point at further places. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span?: Span;
  readonly labels?: readonly { readonly span: Span; readonly text: string }[];
  readonly hint?: string;
  /** For editors, which offer to apply it. */
  readonly fix?: Fix;
}

/** Thrown only for our own bugs: names the stage and pass that broke. User errors are `Diagnostic` values. */
export class CompilerBug extends Error {
  constructor(
    readonly stage: string,
    message: string,
    readonly span?: Span,
  ) {
    super(`internal error in ${stage}: ${message}`);
    this.name = 'CompilerBug';
  }
}

/** Thrown by layers above the front end for errors that are the user's (sizes, tensors, flags). */
export class UserError extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.name = 'UserError';
  }
}

export function userError(
  code: string,
  message: string,
  extra: { hint?: string; span?: Span } = {},
): UserError {
  return new UserError({ code, severity: 'error', message, ...extra });
}
