/** Names that a kernel declares, and the size symbols that its extents bring in. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Item, KernelDecl, Name, Step, SurfaceExpr } from '../syntax/ast.ts';
import { walkExpr } from '../syntax/walk.ts';
import { duplicateName } from './rules/duplicate-name.ts';
import { assignedOutside, notAssignable } from './rules/states.ts';

type Of<K extends Item['kind']> = Extract<Item, { kind: K }>;
type AxisDecl = Of<'axes'>['axes'][number];

/** One statement of a recurrence. */
export interface StepPlace {
  readonly block: Of<'recurrence'>;
  readonly at: number;
}
export type Declared =
  | { readonly kind: 'axis'; readonly name: Name; readonly axis: AxisDecl; readonly doc?: string | undefined }
  | { readonly kind: 'input'; readonly name: Name; readonly item: Of<'in'> }
  | { readonly kind: 'param' | 'const'; readonly name: Name; readonly item: Of<'param' | 'const'> }
  | {
      readonly kind: 'definition';
      readonly name: Name;
      readonly item: Of<'def'> | Of<'out'> | Step;
      readonly value: SurfaceExpr;
      /** Where it stands in a recurrence, when it is a value of one. */
      readonly step?: StepPlace;
      /** The state that it assigns; its own name is then one that the source cannot have. */
      readonly assigns?: string;
    }
  | { readonly kind: 'state'; readonly name: Name; readonly item: Of<'state'> };

/** The axis that the rounds of a `repeat` run along. */
export function axisOfRounds({ axis, rounds }: Of<'recurrence'>): AxisDecl | undefined {
  return rounds && { name: axis, extent: rounds, span: axis.span };
}

/** What each name is declared as; a second declaration is reported and left out. */
export function declaredNames(k: KernelDecl, report: (d: Diagnostic) => void): Map<string, Declared> {
  const names = new Map<string, Declared>();
  const states = new Map(k.items.flatMap((i) => (i.kind === 'state' ? [[i.name.text, i.name]] : [])));
  const add = (d: Declared): void => {
    const first = names.get(d.name.text);
    const state = d.kind === 'definition' ? states.get(d.name.text) : undefined;
    if (state) return report(assignedOutside(d.name, state.span));
    if (first) report(duplicateName(d.name, first.name.span, d.kind));
    else names.set(d.name.text, d);
  };
  const addSteps = (block: Of<'recurrence'>): void => {
    for (const [at, item] of block.steps.entries()) {
      const { name, value } = item;
      const first = names.get(name.text);
      if (states.has(name.text)) continue;
      if (first) report(notAssignable(name, first.kind, first.name.span));
      else names.set(name.text, { kind: 'definition', name, item, value, step: { block, at } });
    }
  };
  for (const item of k.items) {
    if (item.kind === 'axes')
      for (const axis of item.axes) add({ kind: 'axis', name: axis.name, axis, doc: item.doc });
    else if (item.kind === 'in') add({ kind: 'input', name: item.name, item });
    else if (item.kind === 'param' || item.kind === 'const') add({ kind: item.kind, name: item.name, item });
    else if (item.kind === 'def') add({ kind: 'definition', name: item.name, item, value: item.value });
    else if (item.kind === 'out' && item.value)
      add({ kind: 'definition', name: item.name, item, value: item.value });
    else if (item.kind === 'state') add({ kind: 'state', name: item.name, item });
    else if (item.kind === 'recurrence') {
      const axis = axisOfRounds(item);
      if (axis) add({ kind: 'axis', name: axis.name, axis });
      addSteps(item);
    }
  }
  return names;
}

/** Size symbols in the order in which they first occur: names in extents that are declared nowhere else. */
export function sizeSymbols(k: KernelDecl, declared: ReadonlyMap<string, Declared>): Map<string, Span> {
  const sizes = new Map<string, Span>();
  const walk = (root: SurfaceExpr): void =>
    walkExpr(root, (e) => {
      if (e.kind !== 'name' || declared.has(e.name.text) || sizes.has(e.name.text)) return;
      sizes.set(e.name.text, e.name.span);
    });
  for (const item of k.items) {
    if (item.kind === 'axes') item.axes.forEach((a) => walk(a.extent));
    if (item.kind === 'in') item.type.dims.forEach(walk);
  }
  return sizes;
}
