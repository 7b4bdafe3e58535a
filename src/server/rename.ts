/** Other names for what a document declares. */
import { KEYWORDS } from '../../grammar/tokens.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { CALLABLE_NAMES, isConstant } from '../model/builtins.ts';
import { kernelAt, useAt, type Analysis, type Named } from './analysis.ts';
import { referencesAt } from './definition.ts';
import type { Workspace } from './workspace.ts';

/** The name at an offset if it can be changed: what the language or its library has cannot. */
export function renameableAt(
  a: Analysis,
  offset: number,
): { readonly span: Span; readonly name: string } | undefined {
  const use = useAt(a, offset);
  const home = use?.symbol.span;
  if (!use || !home || home.source.startsWith('std:')) return undefined;
  return { span: use.span, name: use.symbol.name };
}

export type Renaming = { readonly edits: readonly Span[] } | { readonly refused: string };

/** Every place that says the name; or why the new name cannot be. */
export function renameAt(w: Workspace, a: Analysis, offset: number, name: string): Renaming {
  const use = useAt(a, offset);
  if (!use || !renameableAt(a, offset)) return { refused: 'there is no name here that can be changed' };
  const refused = refusal(a, offset, use.symbol, name);
  return refused === undefined ? { edits: referencesAt(w, a, offset, true) } : { refused };
}

const WORDS = new Set(KEYWORDS.filter((k) => k.group !== 'clause').map((k) => k.word));

function refusal(a: Analysis, offset: number, symbol: Named, name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return `\`${name}\` is no name: names consist of letters, digits and \`_\``;
  if (name === symbol.name) return undefined;
  if (WORDS.has(name)) return `\`${name}\` is a keyword`;
  if (symbol.kind === 'function') {
    if (CALLABLE_NAMES.includes(name)) return `\`${name}\` is a function of the language`;
    return a.model.fns.lookup(name) ? `there is a function \`${name}\` already` : undefined;
  }
  if (symbol.kind === 'kernel')
    return a.model.kernels.some((k) => k.name === name) ? `there is a kernel \`${name}\` already` : undefined;
  if (isConstant(name)) return `\`${name}\` is a constant of the language`;
  return taken(a, offset, name) ? `there is a \`${name}\` here already` : undefined;
}

/** Whether a value of the kernel or function around has the name. */
function taken(a: Analysis, offset: number, name: string): boolean {
  const kernel = kernelAt(a, offset)?.model;
  if (kernel) return kernel.symbols.some((s) => s.name === name);
  const fn = a.file.fns.find((f) => f.span.start <= offset && offset <= f.span.end);
  return (
    fn !== undefined && [...fn.axes, ...fn.params, ...fn.lets.map((l) => l.name)].some((n) => n.text === name)
  );
}
