/** The function whose arguments are being written, and which of them. */
import { builtinDoc, castOf, isReduction, isSpecial, scalarFunction } from '../model/builtins.ts';
import type { Analysis } from './analysis.ts';
import { cursorAt, type OpenBracket } from './cursor.ts';

export interface Signature {
  readonly label: string;
  readonly doc?: string;
  /** Where each part stands in the label: axes first, then arguments. */
  readonly parts: readonly (readonly [number, number])[];
  /** Index into `parts`. */
  readonly active: number;
}

export function signatureAt(a: Analysis, offset: number): Signature | undefined {
  const { open, inText } = cursorAt(a, offset);
  if (inText) return undefined;
  const brackets = open.filter((o) => o.kind !== '{');
  for (const o of brackets.reverse()) {
    const found = o.before && signatureOf(a, o.before.image, o);
    if (found) return found;
  }
  return undefined;
}

/** Names of what a function takes: in brackets, and in parentheses; `rest` when the last can be repeated. */
interface Shape {
  readonly axes: readonly string[];
  readonly params: readonly string[];
  readonly rest: boolean;
  readonly doc: string | undefined;
}

const LETTERS = ['x', 'y', 'z'];
/** What functions take whose typing is their own, and selections beside the value that they look at. */
const PARAMS: Readonly<Record<string, readonly string[]>> = {
  select: ['condition', 'a', 'b'],
  rand: ['seed', 'counter', '…'],
  extent: ['axis'],
  topk: ['x', 'k'],
  topp: ['x', 'share'],
  nth: ['taken', 'n'],
};

function shapeOf(a: Analysis, name: string, withAxes: boolean): Shape | undefined {
  const decl = a.model.fns.lookup(name)?.decl;
  const texts = (names: readonly { text: string }[]): string[] => names.map((n) => n.text);
  if (decl) return { axes: texts(decl.axes), params: texts(decl.params), rest: false, doc: decl.doc };
  const doc = builtinDoc(name);
  const listed = Object.hasOwn(PARAMS, name) ? PARAMS[name] : undefined;
  if (isReduction(name) && (withAxes || !isSpecial(name)))
    return { axes: ['axis', '…'], params: listed ?? ['x'], rest: false, doc };
  if (isSpecial(name)) return { axes: [], params: listed ?? ['x', 'y', '…'], rest: true, doc };
  const scalar = scalarFunction(name);
  if (scalar) return { axes: [], params: LETTERS.slice(0, scalar.arity), rest: false, doc };
  return castOf(name) ? { axes: [], params: ['x'], rest: false, doc } : undefined;
}

function signatureOf(a: Analysis, name: string, o: OpenBracket): Signature | undefined {
  const inAxes = o.kind === '[';
  const shape = shapeOf(a, name, inAxes || o.axes !== undefined);
  // Brackets behind a name that takes none index a value.
  if (!shape || (inAxes && shape.axes.length === 0)) return undefined;
  const parts: [number, number][] = [];
  let label = name;
  const add = (names: readonly string[], left: string, right: string): void => {
    label += left;
    for (const [n, text] of names.entries()) {
      if (n > 0) label += ', ';
      parts.push([label.length, label.length + text.length]);
      label += text;
    }
    label += right;
  };
  if (shape.axes.length > 0) add(shape.axes, '[', ']');
  add(shape.params, '(', ')');
  const count = inAxes ? shape.axes.length : shape.params.length;
  const within = shape.rest || inAxes ? Math.min(o.commas, count - 1) : o.commas;
  return {
    label,
    ...(shape.doc === undefined ? {} : { doc: shape.doc }),
    parts,
    active: (inAxes ? 0 : shape.axes.length) + within,
  };
}
