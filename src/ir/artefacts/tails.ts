/**
 * Reads of earlier positions, where a part of the sequence begins: the positions before it are an input, its tail, and
 * what the next part will need of them is an output.
 */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { linear, minus, plus } from '../../expr/linear.ts';
import { simplify } from '../../expr/simplify.ts';
import { STORAGE, type ScalarType, type StorageType } from '../../expr/types.ts';
import {
  axisOf,
  type IrAxis,
  type IrDef,
  type IrDim,
  type IrKernel,
  type IrOutput,
  type IrTensor,
} from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import type { Capacity } from './capacity.ts';
import { identifier } from './names.ts';

/** One tensor or definition that is read behind the reader's own position. */
export interface Tail {
  readonly of: string;
  readonly input: string;
  readonly output: string;
  /** Which of its dimensions has the positions. */
  readonly at: number;
  /** How many positions are kept. */
  readonly length: Expr;
}

/** What is read under a name, with its dimensions. */
export interface Source {
  readonly storage: StorageType;
  readonly type: ScalarType;
  readonly dims: readonly IrDim[];
}

export function sourceOf(k: IrKernel, name: string): Source | undefined {
  const t = k.tensors.find((x) => x.name === name);
  if (t) return { storage: t.storage, type: STORAGE[t.storage].value, dims: t.dims };
  const d = k.defs.find((x) => x.name === name);
  return (
    d && {
      storage: d.type,
      type: d.type,
      dims: d.indices.map((axis) => ({ axis, extent: axisOf(k, axis)!.extent })),
    }
  );
}

/** The longest of the tails asked for, by name. */
export class Tails {
  private readonly all = new Map<string, Tail>();

  constructor(
    private readonly names: FreshNames,
    private readonly capacity: Capacity,
  ) {}

  get list(): readonly Tail[] {
    return [...this.all.values()];
  }

  of(name: string): Tail | undefined {
    return this.all.get(name);
  }

  /** Asks for the last `most` positions, over sizes, params and constants. */
  need(name: string, at: number, most: Expr): void {
    const before = this.all.get(name);
    const length = this.capacity.length(most);
    if (before) this.all.set(name, { ...before, length: this.capacity.longer(before.length, length) });
    else
      this.all.set(name, {
        of: name,
        input: this.names.fresh(`${identifier(name)}_tail`),
        output: this.names.fresh(`${identifier(name)}_tail_out`),
        at,
        length,
      });
  }
}

/** The value at `local`, a position of the part, or before it when that is negative. */
export function readWithTail(
  tail: Tail,
  type: ScalarType,
  index: readonly Expr[],
  local: Expr,
  earliest: { readonly before: boolean },
): Expr {
  const at = (name: string, position: Expr): Expr =>
    read(
      name,
      index.map((x, n) => (n === tail.at ? position : x)),
      type,
    );
  const old = at(tail.input, simplify(plus(local, tail.length)));
  const condition = simplify(op('ge', local, i32(0)));
  if (earliest.before || (condition.kind === 'const' && condition.value === 0)) return old;
  if (condition.kind === 'const') return at(tail.of, local);
  return op('select', condition, at(tail.of, local), old);
}

/** The inputs and outputs of a tail, over a part of `extent` positions. */
export function tailParts(
  k: IrKernel,
  tail: Tail,
  extent: Expr,
  names: FreshNames,
): {
  readonly tensor: IrTensor;
  readonly axes: readonly IrAxis[];
  readonly def: IrDef;
  readonly output: IrOutput;
} {
  const source = sourceOf(k, tail.of)!;
  const axes: IrAxis[] = [];
  const indices = source.dims.map((d, n) => {
    const repeated = source.dims.findIndex((x) => x.axis === d.axis) !== n;
    if (n !== tail.at && d.axis !== undefined && !repeated) return d.axis;
    const name = names.fresh(n === tail.at ? `${tail.input}_at` : `${identifier(tail.of)}_at`);
    axes.push({ name, extent: n === tail.at ? tail.length : d.extent });
    return name;
  });
  const row = variable(indices[tail.at]!);
  const local = simplify(minus(plus(row, extent), tail.length));
  const tensor: IrTensor = {
    name: tail.input,
    storage: source.storage,
    dims: source.dims.map((d, n) => (n === tail.at ? { axis: indices[n]!, extent: tail.length } : d)),
    optional: false,
  };
  const value = readWithTail(
    tail,
    source.type,
    indices.map((a) => variable(a)),
    local,
    { before: false },
  );
  // A tail of one position is the last position of a part that has any.
  const single = linear(tail.length);
  const last = single.terms.size === 0 && single.constant === 1 && extent.kind === 'const';
  const def: IrDef = {
    name: names.fresh(`${tail.output}_value`),
    role: 'out',
    indices,
    type: source.type,
    value: last
      ? read(
          tail.of,
          indices.map((a, n) => (n === tail.at ? minus(extent, i32(1)) : variable(a))),
          source.type,
        )
      : value,
  };
  return {
    tensor,
    axes,
    def,
    output: { name: tail.output, storage: source.storage, def: def.name, indices },
  };
}
