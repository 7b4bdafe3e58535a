/**
 * A Python expression with the axes that its value has, in the order of the scope it stands in. Values meet by
 * broadcasting: an axis that one of them lacks is inserted with `None`.
 */
import type { ScalarType } from '../expr/types.ts';

/** How tightly Python's operators bind; a `ternary` binds least. */
export const LEVEL = {
  ternary: 1,
  or: 2,
  and: 3,
  not: 4,
  compare: 5,
  bitor: 6,
  bitxor: 7,
  bitand: 8,
  shift: 9,
  sum: 10,
  product: 11,
  sign: 12,
  power: 13,
  atom: 14,
} as const;

export interface Value {
  readonly text: string;
  readonly level: number;
  /** Empty for a tensor without dimensions and for a number of Python. */
  readonly axes: readonly string[];
  /** A tensor, and not a number of Python: sizes, params and positions of loops are numbers. */
  readonly tensor: boolean;
  readonly type: ScalarType;
  /** The same before its dimensions were put in order: contractions take them in any. */
  readonly unordered?: { readonly text: string; readonly axes: readonly string[] };
}

export const atom = (text: string, type: ScalarType): Value => ({
  text,
  level: LEVEL.atom,
  axes: [],
  tensor: false,
  type,
});

/** The text where something binds with `level`. */
export const at = (v: Pick<Value, 'text' | 'level'>, level: number): string =>
  v.level < level ? `(${v.text})` : v.text;

/** Axes of several values, in the order of the scope. */
export function unionOf(scope: readonly string[], values: readonly Pick<Value, 'axes'>[]): string[] {
  const present = new Set(values.flatMap((v) => v.axes));
  return scope.filter((a) => present.has(a));
}

const own = ({ text, level, axes, tensor, type }: Value): Value => ({ text, level, axes, tensor, type });

/** The same value with `axes`, a superset of its own: missing ones in front are left to broadcasting. */
export function align(v: Value, axes: readonly string[]): Value {
  if (v.axes.length === 0) return v;
  const places = axes.slice(axes.indexOf(v.axes[0]!)).map((a) => (v.axes.includes(a) ? ':' : 'None'));
  if (!places.includes('None')) return { ...own(v), axes };
  while (places.at(-1) === ':' && places.length > 1) places.pop();
  return { ...own(v), text: `${at(v, LEVEL.atom)}[${places.join(', ')}]`, level: LEVEL.atom, axes };
}

/** The value over all `axes` in memory's sense: what it lacks is repeated. `extents` gives Python texts. */
export function expand(v: Value, axes: readonly string[], extents: (axis: string) => string): Value {
  if (v.tensor && axes.every((a) => v.axes.includes(a))) return v;
  const shape = `(${axes.map(extents).join(', ')}${axes.length === 1 ? ',' : ''})`;
  return {
    ...own(v),
    text: `torch.broadcast_to(${align(v, axes).text}, ${shape})`,
    level: LEVEL.atom,
    axes: [...axes],
    tensor: true,
  };
}

/** Moves the dimensions of `text`, which are over `from`, into the order of `to`. */
export function permuted(text: string, from: readonly string[], to: readonly string[]): string {
  if (from.every((a, n) => a === to[n])) return text;
  return `torch.permute(${text}, (${to.map((a) => from.indexOf(a)).join(', ')}))`;
}
