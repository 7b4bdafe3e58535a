/** E0217: a definition's free axes are among its indices. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { error, list } from './error.ts';

export function missingIndices(
  what: string,
  missing: readonly string[],
  indices: readonly string[],
  span: Span,
  place: 'definition' | 'output' | 'state',
): Diagnostic {
  const many = missing.length > 1;
  return error(
    'E0217',
    `the value of \`${what}\` depends on ${list(missing)}, which ${many ? 'are' : 'is'} not among the indices [${indices.join(', ')}] of this ${place}`,
    span,
    {
      hint: `reduce over ${list(missing)}, as in \`sum[${missing.join(', ')}](…)\`, or add ${many ? 'them' : 'it'} to the indices`,
    },
  );
}
