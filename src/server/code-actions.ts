/** What can be done at a place: changes that mend a problem, and views of the kernel around. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { kernelAt, type Analysis } from './analysis.ts';
import { problemsOf, type Problem } from './diagnostics.ts';
import type { Edit } from './formatting.ts';
import { VIEW_INFO, type View } from './virtual.ts';

export type CodeAction =
  | {
      readonly kind: 'fix';
      readonly title: string;
      readonly problem: Problem;
      readonly edits: readonly Edit[];
      /** The change is most probably right. */
      readonly preferred: boolean;
    }
  | { readonly kind: 'show'; readonly title: string; readonly view: View; readonly kernel: string };

/** Actions for a selection; an empty one is a cursor. */
export function codeActionsAt(a: Analysis, from: number, to: number): CodeAction[] {
  const fixes = problemsOf(a)
    .filter((p) => p.span.start <= to && from <= p.span.end)
    .flatMap((p) => fixOf(a, p));
  return [...fixes, ...views(a, from)];
}

function fixOf(a: Analysis, problem: Problem): CodeAction[] {
  if (problem.fix) {
    const { title, span, text } = problem.fix;
    return [{ kind: 'fix', title, problem, edits: [{ span, text }], preferred: true }];
  }
  if (!problem.unused) return [];
  const span = itemAround(a, problem.span);
  const title = `Remove \`${a.text.slice(problem.span.start, problem.span.end)}\``;
  return span ? [{ kind: 'fix', title, problem, edits: [{ span, text: '' }], preferred: false }] : [];
}

/** The whole lines of the item that declares a name, if nothing else stands on them. */
function itemAround(a: Analysis, name: Span): Span | undefined {
  const kernel = kernelAt(a, name.start)?.decl;
  const item = kernel?.items.find(
    (i) =>
      i.kind !== 'axes' && i.kind !== 'recurrence' && i.span.start <= name.start && name.end <= i.span.end,
  );
  if (!item) return undefined;
  const { lines, text } = a;
  const start = lines.startOf(lines.placeOf(item.span.start).line);
  const end = lines.startOf(lines.placeOf(item.span.end).line + 1);
  const around = text.slice(start, item.span.start) + text.slice(item.span.end, end).replace(/\/\/.*/, '');
  return around.trim() === '' ? { source: a.key, start, end } : item.span;
}

function views(a: Analysis, offset: number): CodeAction[] {
  const kernel = kernelAt(a, offset);
  if (!kernel?.model.ok) return [];
  const name = kernel.decl.name.text;
  const wanted: readonly View[] = [
    'wgsl',
    'cuda',
    'explain',
    ...(kernel.model.masks.length > 0 ? (['mask'] as const) : []),
  ];
  return wanted.map((view) => ({
    kind: 'show',
    title: `${view === 'mask' ? 'Draw' : 'Show'} ${VIEW_INFO[view].title} of \`${name}\``,
    view,
    kernel: name,
  }));
}
