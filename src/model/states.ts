/** States: what each one is, which block assigns it, and what its assignments are called. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { STORAGE, type ScalarType } from '../expr/types.ts';
import type { Name } from '../syntax/ast.ts';
import type { ModelAxis } from './model.ts';
import { notAnAxis } from './rules/calls.ts';
import {
  assignedTwice,
  neverAssigned,
  ownAxis,
  recurrenceWithoutState,
  stateStorage,
} from './rules/states.ts';
import type { Definition, ItemOf, KernelState } from './state.ts';

/** A state whose declaration and block are in order. */
export interface Carried {
  readonly item: ItemOf<'state'>;
  readonly type: ScalarType;
  /** As declared: without the axis of the recurrence. */
  readonly dims: readonly string[];
  readonly block: ItemOf<'recurrence'>;
  readonly axis: string;
  /** With the axis, where the kernel's order of axes puts it. */
  readonly indices: readonly string[];
  /** One per assignment, in their order. */
  readonly versions: readonly Definition[];
  readonly final: string;
}

/** The axis that a block runs along; a name that is none was reported. */
export function axisOf(s: KernelState, block: ItemOf<'recurrence'>): string | undefined {
  return s.declared.get(block.axis.text)?.kind === 'axis' ? block.axis.text : undefined;
}

/** The indices with one more, before the first that is declared after it. */
export function withAxis(indices: readonly string[], axis: string, axes: readonly ModelAxis[]): string[] {
  const order = (name: string): number => axes.findIndex((a) => a.name === name);
  const at = indices.findIndex((a) => order(a) > order(axis));
  return at < 0 ? [...indices, axis] : [...indices.slice(0, at), axis, ...indices.slice(at)];
}

/** Blocks that assign no state. */
export function idleBlocks(s: KernelState): Diagnostic[] {
  const isState = (n: Name): boolean => s.declared.get(n.text)?.kind === 'state';
  return s.decl.items.flatMap((i) =>
    i.kind === 'recurrence' && !i.steps.some((x) => isState(x.name))
      ? [recurrenceWithoutState(i.axis.span)]
      : [],
  );
}

/** The declared indices of a state; undefined when its type is wrong. */
function checkType(s: KernelState, item: ItemOf<'state'>): string[] | undefined {
  const { dims, storage, storageSpan } = item.type;
  const axes = s.axisList.map((a) => a.name);
  const indices = s.indexNames(dims.flatMap((e) => (e.kind === 'name' ? [e.name] : [])));
  for (const e of dims)
    if (e.kind !== 'name' && e.kind !== 'error')
      s.report(notAnAxis({ text: 'this extent', span: e.span }, axes, true));
  if (storage === 'f16' || storage === 'bf16')
    s.report(stateStorage(item.name.text, storage, storageSpan ?? item.type.span));
  return storage !== undefined && indices.length === dims.length ? indices : undefined;
}

function checkState(s: KernelState, item: ItemOf<'state'>): void {
  const { text, span } = item.name;
  const declared = s.declared.get(text);
  if (declared?.kind !== 'state' || declared.item !== item) return;
  const dims = checkType(s, item);
  const blocks = s.decl.items.filter((i) => i.kind === 'recurrence');
  const own = blocks.filter((b) => b.steps.some((x) => x.name.text === text));
  const block = own[0];
  if (!block) return s.report(neverAssigned(text, span));
  for (const other of own.slice(1)) {
    const at = (b: ItemOf<'recurrence'>): Name => b.steps.find((x) => x.name.text === text)!.name;
    s.report(assignedTwice(at(other), at(block).span));
  }
  const axis = axisOf(s, block);
  if (axis === undefined || !dims) return;
  if (dims.includes(axis)) return s.report(ownAxis(text, block.axis, span));
  const versions = block.steps.flatMap((step, at): Definition[] => {
    if (step.name.text !== text) return [];
    s.symbols.referName(step.name);
    const { name, value } = step;
    return [{ kind: 'definition', name, item: step, value, step: { block, at }, assigns: text }];
  });
  s.carried.set(text, {
    item,
    type: STORAGE[item.type.storage!].value,
    dims,
    block,
    axis,
    indices: withAxis(dims, axis, s.axisList),
    versions: versions.map((v, n) => ({ ...v, name: { ...v.name, text: s.fresh(`${text}.${n + 1}`) } })),
    final: s.fresh(`${text}.last`),
  });
}

/** Checks the states' declarations and the heads of the blocks. */
export function checkStates(s: KernelState): void {
  for (const item of s.decl.items) if (item.kind === 'recurrence') s.indexNames([item.axis]);
  for (const item of s.decl.items) if (item.kind === 'state') checkState(s, item);
}
