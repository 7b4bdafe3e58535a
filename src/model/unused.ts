/** What a kernel declares and never needs. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { visit, type Expr } from '../expr/expr.ts';
import type { ModelKernel, ModelMask } from './model.ts';
import { maskNeverApplies } from './rules/masks.ts';
import { overwritten } from './rules/states.ts';
import { unusedDeclaration, unusedDefinition } from './rules/unused.ts';

/** Names of the definitions and states that outputs and masks need. */
export function neededNames(k: ModelKernel): Set<string> {
  const byName = new Map(k.defs.map((d) => [d.name, d]));
  const states = new Map(
    k.states.flatMap((s) => [
      [s.name, s],
      [s.final, s],
    ]),
  );
  const needed = new Set<string>();
  const pending: Expr[] = k.masks.map((m) => m.condition);
  const need = (name: string): void => {
    const state = states.get(name);
    if (state && !needed.has(state.name)) {
      needed.add(state.name);
      pending.push(state.init);
      need(state.next);
    }
    const def = byName.get(name);
    if (!def || needed.has(name)) return;
    needed.add(name);
    pending.push(def.value);
  };
  k.outputs.forEach((o) => need(o.def));
  for (let e = pending.pop(); e; e = pending.pop())
    visit(e, (x) => {
      if (x.kind === 'read') need(x.name);
    });
  return needed;
}

/**
 * Warnings about a kernel without errors.
 * @param mentioned names that some expression mentions
 * @param applied mask lines that remove something
 */
export function unusedWarnings(
  k: ModelKernel,
  mentioned: ReadonlySet<string>,
  applied: ReadonlySet<ModelMask>,
): Diagnostic[] {
  const needed = neededNames(k);
  const unused = (
    kind: 'input' | 'param' | 'const',
    all: readonly { name: string; span: ModelMask['span'] }[],
  ) => all.filter((x) => !mentioned.has(x.name)).map((x) => unusedDeclaration(kind, x.name, x.span));
  return [
    ...unused('input', k.tensors),
    ...unused('param', k.params),
    ...unused('const', k.consts),
    ...[...k.states, ...k.defs.filter((d) => d.written)]
      .filter((d) => !needed.has(d.name))
      .map((d) => unusedDefinition(d.name, d.span)),
    ...k.defs.flatMap((d) =>
      d.assigns !== undefined && needed.has(d.assigns) && !needed.has(d.name)
        ? overwritten(d.assigns, d.span)
        : [],
    ),
    ...k.masks.filter((m) => !applied.has(m)).map((m) => maskNeverApplies(m.axes, m.span)),
  ];
}
