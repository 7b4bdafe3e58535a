/** What is known about one version of a document: made once, and asked by every feature. */
import type { IToken } from 'chevrotain';
import { lexer } from '../../grammar/tokens.ts';
import type { Checked } from '../compile.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { checkFile } from '../model/check.ts';
import type { Loader, ModelKernel, ModelSymbol, SymbolKind } from '../model/model.ts';
import { joinPath } from '../model/path.ts';
import type { FnDecl, KernelDecl } from '../syntax/ast.ts';
import { parseSource } from '../syntax/parse.ts';
import { KernelCache } from './kernel-cache.ts';
import { Lines } from './lines.ts';

/** What a name stands for: what the model knows, or a kernel. */
export interface Named extends Omit<ModelSymbol, 'kind'> {
  readonly kind: SymbolKind | 'kernel';
}
/** A use (or the declaration) of a name. */
export interface Use {
  readonly span: Span;
  readonly symbol: Named;
}

export interface Analysis extends Checked {
  /** Source key of its spans. */
  readonly key: string;
  readonly text: string;
  readonly lines: Lines;
  /** Without comments, in order. */
  readonly tokens: readonly IToken[];
  /** Uses and declarations of names in this file, in order. */
  readonly references: readonly Use[];
  /** Every file that was read on the way, also those that are not there. */
  readonly read: ReadonlySet<string>;
}

/**
 * Checks a text; never throws for any.
 * @param kernels what is remembered of the version before, and will be of this one
 */
export function analyse(key: string, text: string, load: Loader, kernels = new KernelCache()): Analysis {
  const read = new Map<string, string | undefined>();
  const { file, diagnostics: syntax } = parseSource(text, key);
  const loader: Loader = (path, from) => {
    const found = load(path, from);
    read.set(joinPath(from, path), found);
    return found;
  };
  const { model, diagnostics } = checkFile(file, loader, kernels.check(file, syntax, read));
  const names = model.kernels.map((k) => ({ span: k.span, symbol: kernelSymbol(k) }));
  const all = [...model.references, ...names, ...model.kernels.flatMap((k) => k.references)];
  return {
    file,
    model,
    diagnostics: [...syntax, ...diagnostics],
    key,
    text,
    lines: new Lines(text),
    tokens: lexer.tokenize(text).tokens,
    references: inOrder(all.filter((r) => r.span.source === key)),
    read: new Set(read.keys()),
  };
}

/** By place; what stands at one place once, as the model says last. */
function inOrder(all: readonly Use[]): Use[] {
  const byPlace = new Map(all.map((r) => [`${r.span.start}:${r.span.end}`, r]));
  return [...byPlace.values()].sort((a, b) => a.span.start - b.span.start);
}

const kernelSymbol = (k: ModelKernel): Named => ({
  kind: 'kernel',
  name: k.name,
  span: k.span,
  detail: `kernel ${k.name}`,
  ...(k.doc === undefined ? {} : { doc: k.doc }),
});

/** The use or declaration at an offset; between two names that touch it, the one that starts there. */
export function useAt(a: Analysis, offset: number): Use | undefined {
  const touching = a.references.filter((r) => r.span.start <= offset && offset <= r.span.end);
  return touching.at(-1);
}

/** Whether two uses mean the same thing; symbols are made anew by each check. */
export function sameSymbol(x: Named, y: Named): boolean {
  if (x.name !== y.name) return false;
  if (!x.span || !y.span) return x.span === y.span;
  return x.span.source === y.span.source && x.span.start === y.span.start;
}

/** The token that an offset lies in or behind which it stands. */
export const tokenAt = (a: Analysis, offset: number): IToken | undefined =>
  a.tokens.findLast((t) => t.startOffset <= offset && offset <= t.startOffset + t.image.length);

/** The kernel around an offset, as written and as understood; in a broken file the last one that begins before. */
export function kernelAt(a: Analysis, offset: number): { decl: KernelDecl; model: ModelKernel } | undefined {
  const at = a.file.kernels.findLastIndex((k) => k.span.start <= offset);
  const decl = a.file.kernels[at];
  const model = a.model.kernels[at];
  if (!decl || !model) return undefined;
  const after = [...a.file.fns, ...a.file.imports].some(
    (d) => d.span.start > decl.span.start && d.span.start <= offset,
  );
  return after || (decl.span.end < offset && isClosed(a, decl)) ? undefined : { decl, model };
}

const isClosed = (a: Analysis, { span }: KernelDecl): boolean =>
  span.end > span.start && a.text[span.end - 1] === '}';

/** The function around an offset. */
export const functionAt = (a: Analysis, offset: number): FnDecl | undefined =>
  a.file.fns.find((f) => f.span.start <= offset && offset <= f.span.end);
