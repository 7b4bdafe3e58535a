/** W0903: a mask line removes something. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { warning } from './error.ts';

export function maskNeverApplies(axes: readonly string[], span: Span): Diagnostic {
  return axes.length === 0
    ? warning('W0903', 'this mask mentions no axis and removes nothing', span)
    : warning('W0903', `this mask over [${axes.join(', ')}] applies to no reduction and no output`, span, {
        hint: 'a mask applies where one of its axes is reduced and all others are in scope',
      });
}
