/** E0219: some places may mention only what is known before a launch. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { error } from './error.ts';

export function notAllowedHere(
  name: string,
  kind: string,
  place: string,
  allowed: string,
  span: Span,
): Diagnostic {
  return error('E0219', `${kind} \`${name}\` cannot be used in ${place}`, span, {
    hint: `${place} may mention ${allowed}`,
  });
}
