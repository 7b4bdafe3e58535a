/** E0210 to E0212, E0218: brackets give the right indices. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { meant } from '../../diagnostics/suggest.ts';
import type { Name } from '../../syntax/ast.ts';
import { error, list } from './error.ts';

export function tooManyIndices(what: string, given: number, dims: readonly string[], span: Span): Diagnostic {
  const has = dims.length === 0 ? 'is a single value' : `has ${dims.length}: [${dims.join(', ')}]`;
  return error('E0210', `${given} ${given === 1 ? 'index' : 'indices'} given, but \`${what}\` ${has}`, span);
}

export function noSuchAxis(
  axis: Name,
  what: string,
  dims: readonly string[],
  derived: string | undefined,
): Diagnostic {
  const extra = derived
    ? { hint: `it has \`${derived}\`, which is derived; write \`${derived} = …\`` }
    : { hint: dims.length > 0 ? `its axes are ${list(dims)}` : undefined, ...meant(axis, dims) };
  return error('E0211', `\`${what}\` has no axis \`${axis.text}\``, axis.span, extra);
}

export function needsIndex(what: string, extent: string, position: number, span: Span): Diagnostic {
  return error('E0212', `dimension ${position + 1} of \`${what}\` is no axis and needs an index`, span, {
    hint: `its extent is \`${extent}\`; write \`${what}[…]\` with an index for it`,
  });
}

export function axisTwice(name: Name): Diagnostic {
  return error('E0218', `axis \`${name.text}\` is given twice`, name.span);
}

export function positionalOnExpression(span: Span): Diagnostic {
  return error(
    'E0210',
    'an expression has no order of indices, so that it is re-indexed by name only',
    span,
    {
      hint: 'write `[axis = index]`, or give the expression a name with `let`',
    },
  );
}

export function mixedIndices(span: Span): Diagnostic {
  return error('E0210', 'indices are given by position or by name, not both', span);
}
