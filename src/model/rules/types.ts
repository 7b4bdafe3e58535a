/** E0301 to E0305, E0401: operands have types that go together. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import type { ScalarType } from '../../expr/types.ts';
import { error } from './error.ts';

export function mixedTypes(what: string, types: readonly ScalarType[], span: Span): Diagnostic {
  const distinct = [...new Set(types)];
  return error('E0301', `${what} joins ${distinct.join(' and ')}`, span, {
    hint: distinct.includes('u32')
      ? 'u32 goes together with u32 and integer literals; convert one side with `u32(…)`, `i32(…)` or `f32(…)`'
      : 'convert one side',
  });
}

export function expectedBool(what: string, type: ScalarType, span: Span): Diagnostic {
  return error('E0302', `${what} must be true or false, but this is ${type}`, span, {
    hint: 'write a comparison, such as `x != 0`',
  });
}

export function maskNotBool(type: ScalarType, span: Span): Diagnostic {
  return error('E0401', `a mask must be true or false, but this is ${type}`, span, {
    hint: 'the mask says which elements are kept; a number that is added belongs into the score',
  });
}

export function expectedNumber(what: string, type: ScalarType, span: Span): Diagnostic {
  return error('E0303', `${what} needs a number, but this is ${type}`, span);
}

export function expectedInteger(what: string, type: ScalarType, span: Span): Diagnostic {
  return error('E0303', `${what} needs integers, but this is ${type}`, span, {
    hint:
      type === 'bool'
        ? 'for truth values use `&&`, `||` and `!`'
        : what === '`%`'
          ? 'for floats write `x - y * floor(x / y)`'
          : 'convert with `i32(…)`, which cuts off the fraction',
  });
}

export function literalRange(text: string, span: Span): Diagnostic {
  return error('E0304', `${text} does not fit into 32 bits`, span);
}

export function indexNotInteger(type: ScalarType, span: Span): Diagnostic {
  return error('E0305', `an index must be an integer, but this is ${type}`, span, {
    hint: 'convert with `i32(…)`, which cuts off the fraction',
  });
}

export function wrongDefault(what: string, type: ScalarType, wanted: string, span: Span): Diagnostic {
  return error('E0307', `the value of \`${what}\` is ${type}, declared is ${wanted}`, span);
}
