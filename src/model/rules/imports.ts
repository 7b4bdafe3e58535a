/** E0207 to E0209: imports lead to files and to functions in them. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { meant } from '../../diagnostics/suggest.ts';
import type { ImportDecl, Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

export function importNotFound(i: ImportDecl): Diagnostic {
  return error('E0207', `cannot find \`${i.from}\``, i.fromSpan, {
    hint:
      i.from.startsWith('.') || i.from.startsWith('/')
        ? 'the path is relative to this file'
        : 'the standard library is "std"; a file is imported as "./name.attn"',
  });
}

export function importCycle(i: ImportDecl, path: readonly string[]): Diagnostic {
  return error('E0208', `these files import each other: ${path.join(' → ')}`, i.fromSpan);
}

export function notExported(name: Name, from: string, known: Iterable<string>): Diagnostic {
  return error('E0209', `"${from}" has no function \`${name.text}\``, name.span, meant(name, known));
}
