/** What is known about a kernel, as of a version of the document in which it stands elsewhere. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { ModelKernel } from '../model/model.ts';

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Mover {
  all<T>(value: T): T;
  kernel(k: ModelKernel): ModelKernel;
}

/** Parts that many questions do not ask for; they are large, so that they are moved when they are first read. */
const LATER = [
  'axes', 'tensors', 'params', 'consts', 'requires', 'masks', 'states', 'defs', 'outputs',
] as const satisfies readonly (keyof ModelKernel)[]; // prettier-ignore

/**
 * Moves places of a source from old ranges to new ones; ranges correspond by their order. What is shared stays shared, and nothing
 * is copied when all stay where they were.
 */
export function mover(source: string, from: readonly Range[], to: readonly Range[]): Mover {
  const by = from.map((r, n) => to[n]!.start - r.start);
  if (by.every((d) => d === 0)) return { all: (x) => x, kernel: (k) => k };
  const moved = new Map<object, unknown>();
  const shift = (s: Span): Span => {
    const at = s.source === source ? from.findIndex((r) => r.start <= s.start && s.end <= r.end) : -1;
    return at < 0 ? s : { ...s, start: s.start + by[at]!, end: s.end + by[at]! };
  };
  const copy = (x: unknown): unknown => {
    if (typeof x !== 'object' || x === null) return x;
    const ready = moved.get(x);
    if (ready !== undefined) return ready;
    const made = isSpan(x)
      ? shift(x)
      : Array.isArray(x)
        ? x.map(copy)
        : Object.fromEntries(Object.entries(x).map(([name, part]) => [name, copy(part)]));
    moved.set(x, made);
    return made;
  };
  const all = <T>(value: T): T => copy(value) as T;
  return { all, kernel: (k) => later(k, all) };
}

const isSpan = (x: object): x is Span => 'source' in x && 'start' in x && 'end' in x;

function later(k: ModelKernel, all: Mover['all']): ModelKernel {
  const made = { ...k, span: all(k.span), symbols: all(k.symbols), references: all(k.references) };
  for (const name of LATER) {
    let value: unknown;
    Object.defineProperty(made, name, { enumerable: true, get: () => (value ??= all(k[name])) });
  }
  return made;
}
