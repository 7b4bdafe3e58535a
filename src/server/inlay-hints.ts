/** Index sets that were inferred, shown behind the names that have no brackets. */
import type { ModelKernel } from '../model/model.ts';
import type { KernelDecl, Name, Step } from '../syntax/ast.ts';
import type { Analysis } from './analysis.ts';

export interface InlayHint {
  readonly offset: number;
  readonly label: string;
  readonly tooltip: string;
}

export function inlayHints(a: Analysis, from = 0, to = a.text.length): InlayHint[] {
  const all = a.file.kernels.flatMap((k, n) => kernelHints(k, a.model.kernels[n]));
  return all.filter((h) => from <= h.offset && h.offset <= to);
}

function kernelHints(decl: KernelDecl, model: ModelKernel | undefined): InlayHint[] {
  if (!model) return [];
  const unsaid = decl.items.flatMap((i): (Name | Step)[] => {
    if (i.kind === 'def' && !i.indices) return [i.name];
    if (i.kind === 'recurrence') return i.steps.filter((s) => !s.indices);
    return i.kind === 'out' && !i.type ? [i.name] : [];
  });
  const states = new Set(model.states.map((s) => s.name));
  return unsaid.flatMap((x) => {
    const name = 'kind' in x ? x.name : x;
    // The declaration of a state says its indices.
    if ('kind' in x && states.has(name.text)) return [];
    const known =
      model.defs.find((d) => d.name === name.text) ?? model.outputs.find((o) => o.name === name.text);
    if (!known) return [];
    const type = 'type' in known ? known.type : known.storage;
    const label = `[${known.indices.join(', ')}]`;
    return [{ offset: name.span.end, label, tooltip: `${name.text}: ${type}${label}, inferred` }];
  });
}
