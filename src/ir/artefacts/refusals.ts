/** What stands between a kernel and one of its artefacts. */
import { userError, type Span, type UserError } from '../../diagnostics/diagnostic.ts';

const at = (hint: string, span: Span | undefined): { hint: string; span?: Span } => ({
  hint,
  ...(span ? { span } : {}),
});

export const noRecurrence = (kernel: string, artefact: string, span?: Span): UserError =>
  userError(
    'E0630',
    `\`${kernel}\` carries no state along an axis, so that it has no ${artefact}`,
    at('write a `state` and a `recurrence`, or sums over earlier positions that split into factors', span),
  );

export const needsFuture = (what: string, span?: Span): UserError =>
  userError(
    'E0631',
    `a step would need the future: ${what}`,
    at('compile the artefacts summary and apply, or the sequence', span),
  );

export const beyondSegment = (what: string, hint: string, span?: Span): UserError =>
  userError('E0632', `a part of the sequence does not hold what is read: ${what}`, at(hint, span));

export const noSummary = (state: string, why: string, span?: Span): UserError =>
  userError(
    'E0633',
    `state \`${state}\` has no summary: ${why}`,
    at('a summary needs steps that are affine in the states, maxima, or sums relative to a maximum', span),
  );
