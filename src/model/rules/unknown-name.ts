/** E0201, E0202: every name that is used is declared. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { meant } from '../../diagnostics/suggest.ts';
import type { Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

export function unknownName(name: Name, known: Iterable<string>, isFunction: boolean): Diagnostic {
  const extra = isFunction ? { hint: `\`${name.text}\` is a function: call it` } : meant(name, known);
  return error('E0201', `unknown name \`${name.text}\``, name.span, extra);
}

export function unknownFunction(name: Name, known: Iterable<string>, isValue: boolean): Diagnostic {
  const extra = isValue
    ? { hint: `\`${name.text}\` is a value; to re-index it write brackets: \`${name.text}[…]\`` }
    : meant(name, known);
  return error('E0202', `unknown function \`${name.text}\``, name.span, extra);
}
