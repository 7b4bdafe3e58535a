/** E0213 to E0216, E0402, E0403: functions and reductions get what they ask for. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { meant } from '../../diagnostics/suggest.ts';
import type { Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

const count = (n: number, one: string, several: string): string => `${n} ${n === 1 ? one : several}`;

export function wrongArguments(callee: Name, given: number, wanted: string, span: Span): Diagnostic {
  return error('E0213', `\`${callee.text}\` takes ${wanted}, not ${given}`, span);
}
export const argumentCount = (n: number): string => count(n, 'argument', 'arguments');

export function wrongAxes(callee: Name, given: number, params: readonly string[], span: Span): Diagnostic {
  const wanted =
    params.length === 0
      ? 'no axes in brackets'
      : `${count(params.length, 'axis', 'axes')} in brackets: \`${callee.text}[${params.join(', ')}](…)\``;
  return error('E0214', `\`${callee.text}\` takes ${wanted}${given > 0 ? `, not ${given}` : ''}`, span);
}

export function notAnAxis(name: Name, axes: readonly string[], isKnown: boolean): Diagnostic {
  return error(
    'E0215',
    isKnown ? `\`${name.text}\` is not an axis` : `unknown axis \`${name.text}\``,
    name.span,
    { hint: axes.length > 0 ? `the axes are ${axes.join(', ')}` : undefined, ...meant(name, axes) },
  );
}

export function severalAxes(name: Name, axes: readonly string[]): Diagnostic {
  return error(
    'E0216',
    `\`${name.text}\` stands for several axes here (${axes.join(', ')}) and has no single index`,
    name.span,
  );
}

export function reductionWithoutAxes(callee: Name, span: Span, axes: readonly string[]): Diagnostic {
  return error('E0402', `\`${callee.text}\` needs the axes it reduces over`, span, {
    hint: `write \`${callee.text}[${axes.at(-1) ?? 'j'}](…)\``,
  });
}

export function rangeOnFunction(callee: Name, span: Span): Diagnostic {
  return error('E0403', `\`${callee.text}\` is a function; only reductions take a range`, span, {
    hint: 'write the range as a `mask`, or inside the function',
  });
}
