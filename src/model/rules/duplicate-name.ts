/** E0203, E0204: a name is declared once, and not over a name of the language. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import type { Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

export function duplicateName(name: Name, first: Span, what: string): Diagnostic {
  return error('E0203', `${what} \`${name.text}\` is declared twice`, name.span, {
    labels: [{ span: first, text: 'first declared here' }],
    hint: 'rename one of the two',
  });
}

export function builtinName(name: Name): Diagnostic {
  return error('E0204', `\`${name.text}\` is a function of the language and cannot be redefined`, name.span, {
    hint: 'choose another name',
  });
}
