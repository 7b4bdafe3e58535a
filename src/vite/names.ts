/** What kernels are called in TypeScript. */
import { typeName } from '../../backends/wgsl/host.ts';

/** Words that cannot be names of constants in modules. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally ' +
    'for function if implements import in instanceof interface let new null package private protected public return static super ' +
    'switch this throw true try typeof var void while with yield'
  ).split(' '),
);

/** `gated_window` → `gatedWindow`; a word of the language gets `Kernel` behind it. */
export function exportName(kernel: string): string {
  const type = typeName(kernel);
  const name = type[0]!.toLowerCase() + type.slice(1);
  return RESERVED.has(name) ? `${name}Kernel` : name;
}

/** `gated_window` → `GatedWindowTypes`. */
export const typesName = (kernel: string): string => `${typeName(kernel)}Types`;
