/** E0222: expansion stays within bounds. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { error } from './error.ts';

const hint = 'give parts of it a name with `let`: a definition is computed once and not written out again';

export function expansionTooLarge(span: Span): Diagnostic {
  return error('E0222', 'this expression is too large once its functions are written out', span, { hint });
}

export function callsTooDeep(span: Span): Diagnostic {
  return error('E0222', 'functions call each other more than 64 deep', span, { hint });
}

export function tooManyCalls(span: Span): Diagnostic {
  return error(
    'E0222',
    'this kernel calls functions more than 20,000 times once they are written out',
    span,
    { hint },
  );
}
