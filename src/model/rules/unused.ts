/** W0901, W0902: what is declared is used. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { warning } from './error.ts';

export function unusedDeclaration(kind: 'input' | 'param' | 'const', name: string, span: Span): Diagnostic {
  return warning('W0901', `${kind} \`${name}\` is never used`, span, {
    hint: kind === 'input' ? 'callers would have to give a tensor that changes nothing' : 'remove it',
  });
}

export function unusedDefinition(name: string, span: Span): Diagnostic {
  return warning('W0902', `\`${name}\` reaches no output and is never computed`, span, {
    hint: `write it out with \`out ${name}: …\`, or remove it`,
  });
}
