/** W0904, W0905, W0907: reductions and divisions that are probably not meant. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { warning } from './error.ts';

export function axisNotInBody(op: string, axis: string, span: Span): Diagnostic {
  return warning('W0904', `the body of \`${op}[${axis}]\` does not depend on \`${axis}\``, span, {
    hint: op === 'sum' ? `this is the body times the extent of \`${axis}\`` : 'leave out the reduction',
  });
}

export function literalDivision(text: string, result: number, span: Span): Diagnostic {
  return warning('W0905', `\`${text}\` divides integers and gives ${result}`, span, {
    hint: 'write a point, as in `1.0 / 2`, to divide floats',
  });
}

export function aggregateWithoutReduction(name: string, span: Span): Diagnostic {
  return warning('W0907', `\`aggregate ${name}\` contains no reduction`, span, {
    hint: 'use `let` for a value that sums nothing up',
  });
}
