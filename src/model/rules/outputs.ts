/** E0220, E0221, E0306: outputs export definitions in a storage that holds them. */
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.ts';
import { meant } from '../../diagnostics/suggest.ts';
import type { ScalarType, StorageType } from '../../expr/types.ts';
import type { Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

export function outputWithoutDefinition(name: Name, known: Iterable<string>): Diagnostic {
  return error('E0220', `there is no definition \`${name.text}\` to write out`, name.span, {
    hint: `define it, or give the value: \`out ${name.text}: … = …\``,
    ...meant(name, known),
  });
}

export function noOutput(kernel: Name): Diagnostic {
  return error('E0221', `kernel \`${kernel.text}\` has no output`, kernel.span, {
    hint: 'add a line `out NAME: f32[…]`',
  });
}

export function storageMismatch(
  what: string,
  storage: StorageType,
  type: ScalarType,
  span: Span,
): Diagnostic {
  return error('E0306', `\`${what}\` is ${type}, which \`${storage}\` does not hold`, span, {
    hint: `change the storage, or convert the value with \`${storage === 'f16' || storage === 'bf16' ? 'f32' : storage}(…)\``,
  });
}
