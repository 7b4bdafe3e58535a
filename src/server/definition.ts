/** Where a name is declared, and everywhere that it is used. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { joinPath } from '../model/path.ts';
import { sameSymbol, useAt, type Analysis, type Use } from './analysis.ts';
import type { Workspace } from './workspace.ts';

/** The declaration of the name at an offset, in whatever file; of the path of an import, the start of that file. */
export function definitionAt(a: Analysis, offset: number): Span | undefined {
  const path = a.file.imports.find((i) => i.fromSpan.start <= offset && offset <= i.fromSpan.end);
  if (path) return path.from === 'std' ? undefined : { source: joinPath(a.key, path.from), start: 0, end: 0 };
  return useAt(a, offset)?.symbol.span;
}

/** Uses in this document of what the name at an offset stands for, in order; the declaration is among them. */
export function usesHere(a: Analysis, offset: number): readonly Use[] {
  const use = useAt(a, offset);
  return use ? a.references.filter((r) => sameSymbol(r.symbol, use.symbol)) : [];
}

/**
 * Uses in all files. Only functions are seen outside of the file that declares them.
 * @param declaration whether the place of the declaration is wanted as well
 */
export function referencesAt(w: Workspace, a: Analysis, offset: number, declaration: boolean): Span[] {
  const use = useAt(a, offset);
  if (!use) return [];
  const home = use.symbol.span;
  const shared = use.symbol.kind === 'function' && home !== undefined;
  const files = shared ? w.files(home.source) : [a.key];
  // A file that does not have the word has no use.
  const found = files
    .filter((key) => w.textOf(key)?.includes(use.symbol.name))
    .flatMap((key) => w.analysis(key) ?? [])
    .flatMap((x) => x.references.filter((r) => sameSymbol(r.symbol, use.symbol)));
  const isHome = (s: Span): boolean => s.source === home?.source && s.start === home.start;
  return found.map((r) => r.span).filter((s) => declaration || !isHome(s));
}
