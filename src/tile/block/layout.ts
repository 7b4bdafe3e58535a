/** Arrays of values: in which order their axes lie in workgroup memory. */
import { freeVars, visit, type Expr, type ReadExpr } from '../../expr/expr.ts';
import { STORAGE, type StorageType } from '../../expr/types.ts';
import type { StepDef } from '../tile.ts';
import type { BlockArray } from './items.ts';

/** Bytes after each row of an array, so that the rows begin in different banks. */
const PAD = 16;

interface Known {
  readonly extents: ReadonlyMap<string, number>;
  readonly tensors: ReadonlyMap<string, unknown>;
  readonly arrays: ReadonlyMap<string, BlockArray>;
  readonly opened: ReadonlyMap<string, StepDef>;
  readonly indicesOf: (name: string) => readonly string[];
}

export class Layouts {
  constructor(private readonly x: Known) {}

  array(name: string, axes: readonly string[], storage: StorageType): BlockArray {
    const { bytes } = STORAGE[storage];
    const extents = axes.map((a) => this.x.extents.get(a)!);
    const strides: number[] = [];
    let length = 1;
    for (let n = axes.length - 1; n >= 0; n--) {
      strides[n] = length;
      length *= extents[n]!;
      if (n === axes.length - 1 && n > 0 && length * bytes >= 32) length += PAD / bytes;
    }
    return { name, storage, axes, extents, strides, length };
  }

  /** Neighbours in what is read are neighbours in the array. */
  of(e: Expr, axes: readonly string[]): string[] {
    const votes = this.votes(e);
    const weight = (a: string): number => votes.get(a) ?? 0;
    const inner = axes.reduce<string | undefined>(
      (best, a) => (weight(a) > 0 && (best === undefined || weight(a) >= weight(best)) ? a : best),
      undefined,
    );
    return inner === undefined ? [...axes] : [...axes.filter((a) => a !== inner), inner];
  }

  /** Axes along which reads lie innermost in memory; what moves with more axes counts more, and tensors more than arrays. */
  private votes(e: Expr): ReadonlyMap<string, number> {
    const out = new Map<string, number>();
    const vote = (index: readonly Expr[], by: number): void => {
      const all = new Set(index.flatMap((i) => this.localsIn(i)));
      const last = index.at(-1);
      if (last) for (const a of this.localsIn(last)) out.set(a, (out.get(a) ?? 0) + by * all.size ** 2);
    };
    visit(e, (x) => {
      if (x.kind !== 'read') return;
      const array = this.x.arrays.get(x.name);
      const o = this.x.opened.get(x.name);
      if (this.x.tensors.has(x.name)) vote(x.index, 4);
      else if (array)
        vote(
          array.axes.map((a) => x.index[this.x.indicesOf(x.name).indexOf(a)]!),
          1,
        );
      else if (o)
        for (const [a, n] of this.votes(o.value)) {
          const at = x.index[o.indices.indexOf(a)];
          if (at) for (const v of this.localsIn(at)) out.set(v, (out.get(v) ?? 0) + n);
        }
    });
    return out;
  }

  private localsIn(e: Expr): string[] {
    return [...freeVars(e)].filter((a) => this.x.extents.has(a));
  }
}

/** Rows of the array are rows of the tensor that is read, which hold whole pieces of 16 bytes. */
export function isOfPieces(e: ReadExpr, shape: readonly Expr[], array: BlockArray): boolean {
  const own = array.axes.at(-1);
  if (array.axes.length < 2 || own === undefined) return false;
  const last = e.index.at(-1);
  const innermost = shape.at(-1);
  const once = e.index.slice(0, -1).every((i) => !freeVars(i).has(own));
  return (
    last?.kind === 'var' &&
    last.name === own &&
    once &&
    innermost?.kind === 'const' &&
    innermost.value === array.extents.at(-1) &&
    innermost.value % (PAD / STORAGE[array.storage].bytes) === 0
  );
}
