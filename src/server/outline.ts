/** The declarations of a document as a tree. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { fnDetail } from '../model/functions.ts';
import type { ModelKernel } from '../model/model.ts';
import type { Item, KernelDecl, Name } from '../syntax/ast.ts';
import { declarations } from '../syntax/walk.ts';
import type { Analysis } from './analysis.ts';

export type OutlineKind = 'import' | 'function' | 'kernel' | 'axis' | 'input' | 'param' | 'const' | 'state' | 'value' | 'output' | 'block'; // prettier-ignore

export interface OutlineEntry {
  readonly name: string;
  readonly kind: OutlineKind;
  readonly detail?: string;
  /** All of the declaration. */
  readonly span: Span;
  /** Its name, inside of `span`. */
  readonly place: Span;
  readonly children: readonly OutlineEntry[];
}

export function outlineOf(a: Analysis): OutlineEntry[] {
  return declarations(a.file).flatMap((d): OutlineEntry[] => {
    if (d.kind === 'import') return [entry(d.from, 'import', d.span, d.fromSpan)];
    if (d.kind === 'fn') return [entry(d.name.text, 'function', d.span, d.name.span, fnDetail(d))];
    const model = a.model.kernels[a.file.kernels.indexOf(d)];
    return [{ ...entry(d.name.text, 'kernel', d.span, d.name.span), children: children(d, model) }];
  });
}

/** Editors want a name, and its place inside of the whole. */
function entry(name: string, kind: OutlineKind, span: Span, place: Span, detail?: string): OutlineEntry {
  const whole = {
    source: span.source,
    start: Math.min(span.start, place.start),
    end: Math.max(span.end, place.end),
  };
  const shown = name === '' ? '?' : name;
  return { name: shown, kind, span: whole, place, children: [], ...(detail === undefined ? {} : { detail }) };
}

function children(k: KernelDecl, model: ModelKernel | undefined): OutlineEntry[] {
  const details = new Map(model?.symbols.map((s) => [s.name, s.detail.replace(/^[a-z]+ \w+(?:: )?/, '')]));
  const named = (n: Name, kind: OutlineKind, span: Span): OutlineEntry => {
    const detail = details.get(n.text);
    return entry(n.text, kind, span, n.span, detail === '' ? undefined : detail);
  };
  return k.items.flatMap((i) => itemEntries(i, named));
}

function itemEntries(
  i: Item,
  named: (n: Name, kind: OutlineKind, span: Span) => OutlineEntry,
): OutlineEntry[] {
  switch (i.kind) {
    case 'axes':
      return i.axes.map((x) => named(x.name, 'axis', x.span));
    case 'in':
      return [named(i.name, 'input', i.span)];
    case 'param':
    case 'const':
    case 'state':
      return [named(i.name, i.kind, i.span)];
    case 'def':
      return [named(i.name, 'value', i.span)];
    case 'out':
      return [named(i.name, 'output', i.span)];
    case 'recurrence': {
      const title = i.rounds ? 'repeat' : `recurrence over ${i.axis.text}`;
      const steps = i.steps.map((s) => named(s.name, 'value', s.span));
      return [{ ...entry(title, 'block', i.span, i.axis.span), children: steps }];
    }
    case 'mask':
    case 'require':
      return [];
  }
}
