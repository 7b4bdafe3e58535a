/** Reads: whole dimensions stay as they are, an index along one axis picks from its dimension, and all else gathers. */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import type { Expr, ReadExpr } from '../expr/expr.ts';
import { extentOf, isSameExtent, mayBeZero, type Machine, type Scope, type SourceDim } from './scope.ts';
import { align, LEVEL, permuted, unionOf, type Value } from './value.ts';

type Index =
  | { readonly kind: 'all'; readonly axis: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'tensor'; readonly value: Value };

export type Translate = (e: Expr, scope: Scope) => Value;

export function readValue(m: Machine, e: ReadExpr, scope: Scope, translate: Translate): Value {
  const source = m.sources.get(e.name);
  if (!source) throw new CompilerBug('torch', `read of ${e.name} before it is there`, e.span);
  const indices: Index[] = [];
  const plain = new Set<string>();
  let text = source.text;
  e.index.forEach((index, n) => {
    const dim = source.dims[n]!;
    if (dim.kind === 'absent') return;
    if (dim.kind === 'at') return isPresentStep(e, index, scope);
    const made = indexOf(m, index, dim, scope, translate);
    // A computed index is clamped, for which there must be an element.
    if (made.kind !== 'all' && mayBeZero(dim.extent)) text = `_some(${text}, ${indices.length})`;
    // Along one axis twice: the second one picks elements.
    if (made.kind === 'all' && plain.has(made.axis))
      indices.push({ kind: 'tensor', value: translate(index, scope) });
    else indices.push(made);
    if (made.kind === 'all') plain.add(made.axis);
  });
  return { ...taken(m, text, indices, plain, scope), type: source.type };
}

function isPresentStep(e: ReadExpr, index: Expr, scope: Scope): void {
  if (index.kind === 'var' && scope.at.has(index.name)) return;
  throw userError(
    'E0660',
    `PyTorch has no formula for another step of \`${e.name}\` in the loop that makes it`,
    {
      hint: 'what a step needs of the steps before it is carried by a state',
      ...(e.span ? { span: e.span } : {}),
    },
  );
}

function indexOf(m: Machine, index: Expr, dim: SourceDim, scope: Scope, translate: Translate): Index {
  const fits =
    index.kind === 'var' && isAxisOf(m, index.name) && isSameExtent(extentOf(m, index.name), dim.extent);
  if (index.kind === 'var' && fits && scope.axes.includes(index.name))
    return { kind: 'all', axis: index.name };
  const value = translate(index, scope);
  const inside = fits || (index.kind === 'const' && index.value === 0);
  const text = inside ? value.text : `_within(${value.text}, ${m.scalar(dim.extent).text})`;
  if (!value.tensor) return { kind: 'number', text };
  return { kind: 'tensor', value: inside ? value : { ...value, text, level: LEVEL.atom } };
}

const isAxisOf = (m: Machine, name: string): boolean => m.kernel.axes.some((a) => a.name === name);

function taken(
  m: Machine,
  text: string,
  indices: readonly Index[],
  plain: ReadonlySet<string>,
  scope: Scope,
): Omit<Value, 'type'> {
  const base = { level: LEVEL.atom, tensor: true } as const;
  const numbers = indices.map((i) => (i.kind === 'number' ? i.text : ':'));
  const first = subscript(text, numbers);
  const rest = indices.filter((i) => i.kind !== 'number');
  const picks = rest.flatMap((i) => (i.kind === 'tensor' ? [i.value] : []));
  const only = picks.length === 1 ? picks[0] : undefined;
  if (picks.length === 0 || (only?.axes.length === 1 && !plain.has(only.axes[0]!))) {
    const made = subscript(
      first,
      rest.map((i) => (i.kind === 'tensor' ? i.value.text : ':')),
    );
    const has = rest.map((i) => (i.kind === 'all' ? i.axis : only!.axes[0]!));
    const axes = scope.axes.filter((a) => has.includes(a));
    return { ...base, text: permuted(made, has, axes), axes, unordered: { text: made, axes: has } };
  }
  const values = rest.map((i): Value =>
    i.kind === 'tensor' ? i.value : position(m, i.kind === 'all' ? i.axis : ''),
  );
  const axes = unionOf(scope.axes, values);
  return {
    ...base,
    text: subscript(
      first,
      values.map((v) => align(v, axes).text),
    ),
    axes,
  };
}

function subscript(text: string, places: readonly string[]): string {
  const used = [...places];
  while (used.at(-1) === ':') used.pop();
  return used.length === 0 ? text : `${text}[${used.join(', ')}]`;
}

/** Positions along an axis, as a tensor. */
export function position(m: Machine, axis: string): Value {
  m.positions.add(axis);
  return { text: m.name('axis', axis), level: LEVEL.atom, axes: [axis], tensor: true, type: 'i32' };
}
