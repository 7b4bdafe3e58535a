/** E0201, E0202: every name that is used is declared. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { didYouMean } from '../../diagnostics/suggest.ts';
import type { Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

export function unknownName(name: Name, known: Iterable<string>, isFunction: boolean): Diagnostic {
  const hint = isFunction ? `\`${name.text}\` is a function: call it` : didYouMean(name.text, known);
  return error('E0201', `unknown name \`${name.text}\``, name.span, { hint });
}

export function unknownFunction(name: Name, known: Iterable<string>, isValue: boolean): Diagnostic {
  const hint = isValue
    ? `\`${name.text}\` is a value; to re-index it write brackets: \`${name.text}[…]\``
    : didYouMean(name.text, known);
  return error('E0202', `unknown function \`${name.text}\``, name.span, { hint });
}
