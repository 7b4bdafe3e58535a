/** Outputs: which definition each one writes, in which storage and order, with 0 where a mask removes the element. */
import { emptyValue } from '../expr/empty.ts';
import { constant, op, variable, type Expr } from '../expr/expr.ts';
import { STORAGE, type ScalarType, type StorageType } from '../expr/types.ts';
import { freeAxes, resolveDerived } from './axes.ts';
import type { Indexed } from './context.ts';
import type { Definitions } from './definitions.ts';
import { maskIn } from './elaborate-reduce.ts';
import { notAnAxis } from './rules/calls.ts';
import { duplicateName } from './rules/duplicate-name.ts';
import { missingIndices } from './rules/index-set.ts';
import { needsIndex } from './rules/indices.ts';
import { noOutput, outputWithoutDefinition, storageMismatch } from './rules/outputs.ts';
import { docOf, type ItemOf, type KernelState } from './state.ts';
import { promote, value } from './typing.ts';
import { printExpr } from '../expr/print.ts';

const NATURAL: Readonly<Record<ScalarType, StorageType>> = {
  f32: 'f32',
  i32: 'i32',
  u32: 'u32',
  bool: 'bool',
};

function checkOutput(s: KernelState, defs: Definitions, item: ItemOf<'out'>): void {
  const { text, span } = item.name;
  const target = s.declared.get(text);
  // A second value for a name was reported as its second declaration.
  if (item.value && target && !(target.kind === 'definition' && target.item === item)) return;
  if (target?.kind !== 'definition' && target?.kind !== 'input' && target?.kind !== 'state') {
    const known = [...s.declared.values()].flatMap((d) =>
      d.kind === 'definition' || d.kind === 'state' ? d.name.text : [],
    );
    return s.report(outputWithoutDefinition(item.name, known));
  }
  const first = s.outputs.find((o) => o.name === text);
  if (first) return s.report(duplicateName(item.name, first.span, 'output'));
  const b = s.lookup(item.name);
  if (b?.kind !== 'indexed') return;
  const own: string[] = [];
  for (const [n, d] of b.indexed.dims.entries()) {
    if (d.axis === undefined) return s.report(needsIndex(text, printExpr(d.extent), n, span));
    own.push(d.axis);
  }
  const dims = item.type?.dims;
  for (const e of dims ?? [])
    if (e.kind !== 'name' && e.kind !== 'error')
      s.report(
        notAnAxis(
          { text: 'this extent', span: e.span },
          s.axisList.map((a) => a.name),
          true,
        ),
      );
  const indices = dims ? s.indexNames(dims.flatMap((e) => (e.kind === 'name' ? [e.name] : []))) : own;
  const storage = item.type?.storage ?? NATURAL[b.indexed.type];
  const def = exported(s, defs, item, b.indexed, own, indices, storage);
  if (def) s.outputs.push({ name: text, storage, def, indices, span, ...docOf(item) });
}

/** The definition that the output writes: the named one, or a copy that is masked, converted or re-indexed. */
function exported(
  s: KernelState,
  defs: Definitions,
  item: ItemOf<'out'>,
  x: Indexed,
  own: readonly string[],
  indices: readonly string[],
  storage: StorageType,
): string | undefined {
  const { text, span } = item.name;
  const scope = new Set(indices);
  const plain: Expr = { kind: 'read', type: x.type, name: x.name, index: own.map((a) => variable(a)), span };
  const expr = resolveDerived(plain, scope, scope, s.axes);
  const missing = freeAxes(expr, s.axes).filter((a) => !scope.has(a));
  if (missing.length > 0) {
    s.report(missingIndices(text, missing, indices, span, 'output'));
    return undefined;
  }
  const type = STORAGE[storage].value;
  const converted = promote(value(expr), type);
  if (!converted) {
    s.report(storageMismatch(text, storage, x.type, item.type?.storageSpan ?? span));
    return undefined;
  }
  const kept: Expr[] = [];
  for (const mask of defs.allMasks()) {
    const condition = mask.axes.length > 0 ? maskIn(mask, scope, s.axes) : undefined;
    if (!condition) continue;
    kept.push(condition);
    s.applied(mask);
  }
  const isDef = s.declared.get(text)?.kind === 'definition';
  if (kept.length === 0 && isDef && own.length === indices.length && converted === plain) return text;
  const masked =
    kept.length === 0
      ? converted
      : op(
          'select',
          kept.reduce((a, b) => op('and', a, b)),
          converted,
          constant(type, removedValue(s, text, type)),
        );
  const name = s.fresh(`${text}.out`);
  s.defs.push({ name, role: 'out', indices, type, value: masked, span, written: false });
  return name;
}

/** What stands where a mask removes an element: a reduction over nothing where the output is one, else 0. */
function removedValue(s: KernelState, text: string, type: ScalarType): number {
  const value = s.defs.find((d) => d.name === text)?.value;
  return value?.kind === 'reduce' && value.type === type ? emptyValue(value.op, type) : 0;
}

export function checkOutputs(s: KernelState, defs: Definitions): void {
  const items = s.decl.items.filter((i) => i.kind === 'out');
  if (items.length === 0) s.report(noOutput(s.decl.name));
  for (const item of items) checkOutput(s, defs, item);
}
