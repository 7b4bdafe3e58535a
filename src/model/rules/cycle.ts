/** E0205, E0206: definitions and functions do not depend on themselves. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Name } from '../../syntax/ast.ts';
import { error } from './error.ts';

const chain = (names: readonly string[]): string => names.map((n) => `\`${n}\``).join(' → ');

export function definitionCycle(name: Name, path: readonly string[]): Diagnostic {
  const through = path.length > 1 ? `: ${chain([...path, path[0]!])}` : '';
  return error('E0205', `\`${name.text}\` is defined by itself${through}`, name.span, {
    hint: 'a definition is an equation, not an assignment; use a new name for a changed value',
  });
}

export function recursiveFunction(name: Name, path: readonly string[]): Diagnostic {
  return error('E0206', `function \`${name.text}\` calls itself: ${chain([...path, path[0]!])}`, name.span, {
    hint: 'functions are expanded where they are called, so that they cannot recur',
  });
}
