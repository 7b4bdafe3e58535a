/**
 * In which order a workgroup computes the values of a block, which of them lie in workgroup memory and where. Values that one
 * reader needs once are computed where they are read; arrays whose time is over give their place to later ones.
 */
import {
  freeVars,
  key,
  mapChildren,
  op,
  read,
  readNames,
  variable,
  visit,
  type Expr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { STORAGE, type StorageType } from '../../expr/types.ts';
import type { Block, BlockState, StepDef, TileTensor, VectorAxis } from '../tile.ts';
import { readoutShape, type BlockArray, type Item, type Side } from './items.ts';
import { lay, type Laid } from './places.ts';
import { factorsOf, pulledOut } from './product.ts';

export interface BlockSchedule extends Laid {
  /** Values that are computed where they are read. */
  readonly opened: ReadonlyMap<string, StepDef>;
  /** Where values are read from. */
  readonly arrays: ReadonlyMap<string, BlockArray>;
  /** Indices of values that the schedule made itself. */
  readonly indices: ReadonlyMap<string, readonly string[]>;
}

export interface BlockInput {
  readonly block: Block;
  readonly vectors: readonly VectorAxis[];
  readonly tensors: readonly Pick<TileTensor, 'name' | 'role' | 'storage' | 'axes' | 'shape'>[];
  readonly lanes: number;
  /** Products of 16-bit values may use matrix units. */
  readonly mma: boolean;
}

/** A larger state is not kept for each of its steps. */
const LARGEST = 32 * 1024;
/** Bytes after each row of an array, so that the rows begin in different banks. */
const PAD = 16;
const COSTLY = new Set(['exp', 'exp2', 'log', 'log1p', 'pow', 'tanh', 'sin', 'cos', 'erf']);

export function scheduleBlock(x: BlockInput): BlockSchedule | undefined {
  const s = new Scheduling(x);
  return s.run() ? s.result() : undefined;
}

class Scheduling {
  private readonly items: Item[] = [];
  private readonly arrays = new Map<string, BlockArray>();
  private readonly opened = new Map<string, StepDef>();
  private readonly extents: ReadonlyMap<string, number>;
  private readonly tensors: ReadonlyMap<string, BlockInput['tensors'][number]>;
  private readonly defs: ReadonlyMap<string, StepDef>;
  private readonly operands = new Map<string, BlockArray>();
  private readonly block: Block;
  private readonly done = new Set<string>();
  private readonly own = new Map<string, readonly string[]>();

  constructor(private readonly x: BlockInput) {
    this.block = x.block;
    this.extents = new Map(x.vectors.map((v) => [v.name, v.extent]));
    this.tensors = new Map(x.tensors.map((t) => [t.name, t]));
    this.defs = new Map(x.block.defs.map((d) => [d.name, d]));
  }

  run(): boolean {
    const { states, defs, stores } = this.block;
    for (const d of defs) {
      if (this.done.has(d.name)) continue;
      const s = states.find((y) => y.next === d.name);
      if (s) {
        if (!this.carry(s, d)) return false;
      } else if (this.isInStep(d)) {
        if (d.value.kind === 'reduce') return false;
        this.opened.set(d.name, d);
      } else if (d.value.kind === 'reduce') {
        const large = this.largeOf(d);
        if (large ? !this.readout(large, d) : !this.reduce(d, d.value)) return false;
      } else if (this.isKept(d)) this.keep(d);
      else this.opened.set(d.name, d);
    }
    for (const store of stores) this.items.push({ kind: 'write', store });
    return true;
  }

  // ---- axes and arrays

  private locals(axes: Iterable<string>): string[] {
    return [...axes].filter((a) => this.extents.has(a));
  }

  private localsIn(e: Expr): string[] {
    return this.locals(freeVars(e));
  }

  private array(name: string, axes: readonly string[], storage: StorageType): BlockArray {
    const { bytes } = STORAGE[storage];
    const extents = axes.map((a) => this.extents.get(a)!);
    const strides: number[] = [];
    let length = 1;
    for (let n = axes.length - 1; n >= 0; n--) {
      strides[n] = length;
      length *= extents[n]!;
      if (n === axes.length - 1 && n > 0 && length * bytes >= 32) length += PAD / bytes;
    }
    return { name, storage, axes, extents, strides, length };
  }

  private typeOf(d: { readonly type: StepDef['type'] }): StorageType {
    return d.type === 'bool' ? 'u32' : d.type;
  }

  // ---- readers

  private readersOf(name: string): readonly StepDef[] {
    return this.block.defs.filter((d) => mentions(d.value, name));
  }

  /** The value depends on a state, and the state's next value on it: it is a part of the step. */
  private isInStep(d: StepDef): boolean {
    return this.block.states.some((s) => this.depends(d.name, s.name) && this.depends(s.next, d.name));
  }

  private depends(name: string, on: string): boolean {
    const seen = new Set([name]);
    for (const x of seen) {
      const d = this.defs.get(x);
      if (d) for (const r of readNames(d.value)) seen.add(r);
    }
    return seen.has(on);
  }

  private isKept(d: StepDef): boolean {
    const readers = this.readersOf(d.name);
    const trivial = d.value.kind !== 'op';
    if (trivial || readers.length === 0) return false;
    const own = this.locals(d.indices);
    const costly = this.isCostly(d.value);
    const often = (r: StepDef): boolean => {
      const around = r.value.kind === 'reduce' ? [...r.indices, ...r.value.axes] : r.indices;
      const beside = this.locals(around).filter(
        (a) => !this.reads(r.value, d.name).some((i) => i.includes(a)),
      );
      const isProduct = r.value.kind === 'reduce' && factorsOf(r.value, this.locals(r.indices)) !== undefined;
      return !isProduct && beside.length > 0;
    };
    if (costly && readers.length > 1) return true;
    if (costly && readers.some((r) => this.isNext(r))) return true;
    return own.length > 0 && readers.some(often);
  }

  private isNext = (d: StepDef): boolean => this.block.states.some((s) => s.next === d.name);

  /** Local axes in the indices of each read. */
  private reads(e: Expr, name: string): string[][] {
    const out: string[][] = [];
    visit(e, (x) => {
      if (x.kind === 'read' && x.name === name) out.push(x.index.flatMap((i) => this.localsIn(i)));
    });
    return out;
  }

  private isCostly(e: Expr): boolean {
    let costly = false;
    visit(e, (x) => {
      if (x.kind === 'op' && COSTLY.has(x.op)) costly = true;
      if (x.kind === 'read' && this.tensors.has(x.name) && x.index.some((i) => this.localsIn(i).length > 0))
        costly = true;
      const o = x.kind === 'read' ? this.opened.get(x.name) : undefined;
      if (o && this.isCostly(o.value)) costly = true;
    });
    return costly;
  }

  // ---- pointwise values

  private keep(d: StepDef): void {
    const array = this.array(d.name, this.layout(d.value, this.locals(d.indices)), this.typeOf(d));
    this.arrays.set(d.name, array);
    this.items.push({ kind: 'fill', array, value: d.value, copied: false });
  }

  /** Neighbours in what is read are neighbours in the array. */
  private layout(e: Expr, axes: readonly string[]): string[] {
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
      const array = this.arrays.get(x.name);
      const o = this.opened.get(x.name);
      if (this.tensors.has(x.name)) vote(x.index, 4);
      else if (array)
        vote(
          array.axes.map((a) => x.index[this.indicesOf(x.name).indexOf(a)]!),
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

  private indicesOf(name: string): readonly string[] {
    const s = this.block.states.find((y) => y.name === name || y.final === name);
    if (s) return s.final === name ? s.indices.filter((a) => a !== s.axis) : s.indices;
    return this.own.get(name) ?? this.defs.get(name)!.indices;
  }

  // ---- states

  private carry(state: BlockState, next: StepDef): boolean {
    const over = this.locals(state.indices).filter((a) => a !== state.axis);
    const size = [...over, state.axis].reduce((n, a) => n * this.extents.get(a)!, 4);
    this.done.add(next.name);
    if (!readsOwn(next.value, state.name, state.indices)) return false;
    // What its readers need comes before it: it is run where the last of them is.
    if (size > LARGEST)
      return this.readersOf(next.name)
        .concat(this.readersOf(state.name))
        .some((d) => d !== next);
    const axes = [state.axis, ...over];
    const isRead = (name: string): boolean =>
      this.readersOf(name).some((d) => d !== next) || this.block.stores.some((x) => mentions(x.value, name));
    const made: { before?: BlockArray; after?: BlockArray; last?: BlockArray } = {};
    const type = this.typeOf(state);
    if (isRead(state.name)) this.arrays.set(state.name, (made.before = this.array(state.name, axes, type)));
    if (isRead(next.name)) this.arrays.set(next.name, (made.after = this.array(next.name, axes, type)));
    if (isRead(state.final)) this.arrays.set(state.final, (made.last = this.array(state.final, over, type)));
    this.items.push({ kind: 'scan', state, next, over, ...made });
    return true;
  }

  private largeOf(d: StepDef): BlockState | undefined {
    return this.block.states.find(
      (s) =>
        (mentions(d.value, s.name) || mentions(d.value, s.next)) &&
        this.locals(s.indices).reduce((n, a) => n * this.extents.get(a)!, 4) > LARGEST,
    );
  }

  /** Runs a large state once the last of its readers is reached. */
  private readout(state: BlockState, reader: StepDef): boolean {
    const next = this.defs.get(state.next)!;
    const over = this.locals(state.indices).filter((a) => a !== state.axis);
    const readers = this.block.defs.filter((d) => d !== next && this.largeOf(d) === state);
    if (reader !== readers.at(-1)) return true;
    if (readers.length === 0 || over.length !== 2 || state.init.kind !== 'const') return false;
    if (this.block.stores.some((x) => [state.name, next.name, state.final].some((n) => mentions(x.value, n))))
      return false;
    const summed = readers[0]!.value.kind === 'reduce' ? readers[0]!.value.axes[0]! : '';
    const lanesAxis = over.find((a) => a !== summed)!;
    const fits = readers.every(
      ({ value: v, indices }) =>
        v.kind === 'reduce' &&
        v.op === 'sum' &&
        !v.where &&
        v.axes.length === 1 &&
        v.axes[0] === summed &&
        this.locals(indices).length === 2 &&
        [state.axis, lanesAxis].every((a) => indices.includes(a)),
    );
    const isPlain = ({ value }: StepDef): boolean =>
      readsOwn(value, next.name, next.indices) &&
      readsOwn(value, state.name, state.indices) &&
      !(mentions(value, next.name) && mentions(value, state.name));
    if (!readers.every(isPlain)) return false;
    if (
      !over.includes(summed) ||
      !fits ||
      !readoutShape(this.extents.get(lanesAxis)!, this.extents.get(summed)!, this.x.lanes)
    )
      return false;
    const shared = (e: Expr): Expr => this.sharedReads(e, [state.axis, summed], lanesAxis);
    const sums = readers.map((reader) => {
      const value = reader.value as ReduceExpr;
      const def: StepDef = { ...reader, value: { ...value, body: shared(value.body) } };
      const array = this.array(def.name, [state.axis, lanesAxis], 'f32');
      this.arrays.set(def.name, array);
      this.done.add(def.name);
      return { def, array, before: mentions(value, state.name) };
    });
    const step = { ...next, value: shared(next.value) as StepDef['value'] };
    this.items.push({ kind: 'readout', state, next: step, lanesAxis, summed, sums });
    return true;
  }

  /** Tensors that all lanes read along the same axes are loaded once, into arrays. */
  private sharedReads(e: Expr, axes: readonly string[], apart: string): Expr {
    if (e.kind !== 'read' || !this.tensors.has(e.name))
      return mapChildren(e, (c) => this.sharedReads(c, axes, apart));
    const moving = new Set(e.index.flatMap((i) => this.localsIn(i)));
    if (moving.has(apart) || !axes.every((a) => moving.has(a)) || moving.size !== axes.length) return e;
    const name = `${e.name}.rows ${key(e)}`;
    if (!this.arrays.has(name)) {
      const layout = this.layout(e, axes);
      // Each lane reads it many times: it is widened once.
      const array = this.array(`${e.name}.rows`, layout, STORAGE[this.tensors.get(e.name)!.storage].value);
      this.arrays.set(name, array);
      this.own.set(name, layout);
      this.items.push({ kind: 'fill', array, value: e, copied: this.isCopied(e, array) });
    }
    return read(
      name,
      this.own.get(name)!.map((a) => variable(a)),
      e.type,
    );
  }

  // ---- sums

  private reduce(d: StepDef, e: ReduceExpr): boolean {
    const own = this.locals(d.indices);
    const apart = pulledOut(e);
    if (apart) {
      const free = freeVars(apart.sum);
      const indices = d.indices.filter((a) => free.has(a));
      const inner: StepDef = { name: `${d.name}.sum`, type: 'f32', indices, value: apart.sum };
      this.own.set(inner.name, indices);
      const sum = read(
        inner.name,
        indices.map((a) => variable(a)),
      );
      this.opened.set(d.name, { ...d, value: op('mul', apart.outer, sum) });
      return this.reduce(inner, apart.sum);
    }
    // Neighbours in what is read become neighbours in the result.
    const f = factorsOf(e, this.layout(e.body, own));
    const into = this.array(d.name, f ? [f.rows, f.columns] : own, this.typeOf(d));
    this.arrays.set(d.name, into);
    if (!f) {
      this.items.push({ kind: 'gather', def: d, array: into });
      return true;
    }
    const [rows, columns, depth] = [f.rows, f.columns, f.depth].map((a) => this.extents.get(a)!) as [
      number,
      number,
      number,
    ];
    const matrix =
      this.x.mma && [rows, columns, depth].every((n) => n % 16 === 0)
        ? this.unit(f.left, f.right)
        : undefined;
    const left = this.operand(`${d.name}.left`, f.left, f.rows, f.depth, matrix);
    const right = this.operand(`${d.name}.right`, f.right, f.columns, f.depth, matrix);
    this.items.push({
      kind: 'product',
      left,
      right,
      rows,
      columns,
      depth,
      into,
      ...(matrix ? { matrix } : {}),
    });
    return true;
  }

  /**
   * The storage in which matrix units take both sides. What is made of bf16 values and rounded to bf16 once more has an error of
   * the same size, 2^-9 of its own magnitude, and has the range of f32. f16 lacks that range: only values that lie in
   * memory as f16 are taken.
   */
  private unit(left: Expr, right: Expr): 'f16' | 'bf16' | undefined {
    const sides = [left, right].map((e) => this.halves(e));
    const found = new Set(sides.flatMap((x) => [...x]));
    // Sides that nobody stored in 16 bits are not rounded, but for values that the kernel keeps for itself.
    const isFine = (e: Expr, n: number): boolean => sides[n]!.size > 0 || this.isKeptBefore(e);
    if (found.size !== 1 || ![left, right].every(isFine)) return undefined;
    const [only] = found;
    if (only === 'bf16') return only;
    return [left, right].every((e) => this.plain(e) === 'f16') ? 'f16' : undefined;
  }

  private isKeptBefore(e: Expr): boolean {
    return e.kind === 'read' && this.tensors.get(e.name)?.role === 'workspace';
  }

  private halves(e: Expr, seen = new Set<string>()): Set<'f16' | 'bf16'> {
    const out = new Set<'f16' | 'bf16'>();
    visit(e, (x) => {
      if (x.kind !== 'read') return;
      const storage = this.tensors.get(x.name)?.storage;
      if (storage === 'f16' || storage === 'bf16') out.add(storage);
      const name = this.block.states.find((s) => s.name === x.name || s.final === x.name)?.next ?? x.name;
      const d = this.defs.get(name);
      if (!d || seen.has(name)) return;
      seen.add(name);
      for (const h of this.halves(d.value, seen)) out.add(h);
    });
    return out;
  }

  /** Storage of the tensor that the expression reads as it is. */
  private plain(e: Expr): StorageType | undefined {
    return e.kind === 'read' ? this.tensors.get(e.name)?.storage : undefined;
  }

  private operand(
    name: string,
    e: Expr,
    axis: string,
    depth: string,
    matrix: 'f16' | 'bf16' | undefined,
  ): Side {
    const storage = matrix ?? this.plain(e) ?? 'f32';
    const held = this.heldAs(e, axis, depth);
    if (held && held.array.storage === storage) return held;
    const id = `${storage} ${key(e)}`;
    const known = this.operands.get(id);
    if (known) return { array: known, depthFirst: known.axes[0] === depth };
    const array = this.array(name, this.layout(e, [axis, depth]), storage);
    this.operands.set(id, array);
    this.items.push({ kind: 'fill', array, value: e, copied: this.isCopied(e, array) });
    return { array, depthFirst: array.axes[0] === depth };
  }

  /** The expression reads an array that is there, under other names of its axes perhaps. */
  private heldAs(e: Expr, axis: string, depth: string): Side | undefined {
    const array = e.kind === 'read' ? this.arrays.get(e.name) : undefined;
    if (!array || e.kind !== 'read' || array.axes.length !== 2) return undefined;
    const indices = this.indicesOf(e.name);
    const at = array.axes.map((a) => e.index[indices.indexOf(a)]);
    const names = at.map((x) => (x?.kind === 'var' ? x.name : ''));
    if (!names.includes(axis) || !names.includes(depth)) return undefined;
    return { array, depthFirst: names[0] === depth };
  }

  private isCopied(e: Expr, array: BlockArray): boolean {
    if (e.kind !== 'read' || this.plain(e) !== array.storage || array.axes.length !== 2) return false;
    const t = this.tensors.get(e.name)!;
    const last = e.index.at(-1);
    const innermost = t.shape.at(-1);
    const pieces = PAD / STORAGE[array.storage].bytes;
    const own = last?.kind === 'var' && last.name === array.axes[1];
    const once = e.index.slice(0, -1).every((i) => !freeVars(i).has(array.axes[1]!));
    return (
      own &&
      once &&
      innermost?.kind === 'const' &&
      innermost.value === array.extents[1] &&
      innermost.value % pieces === 0
    );
  }

  // ---- the result

  /** Undefined where something is read before it is there. */
  result(): BlockSchedule | undefined {
    const { arrays, opened, own } = this;
    const { states, defs } = this.block;
    const names = new Set([...defs.map((d) => d.name), ...states.flatMap((s) => [s.name, s.final])]);
    const laid = lay(this.items, { arrays, opened, own: names });
    return laid && { ...laid, opened, arrays, indices: own };
  }
}

function mentions(e: Expr, name: string): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.kind === 'read' && x.name === name) found = true;
  });
  return found;
}

/** Every read of the value is at its own indices. */
function readsOwn(e: Expr, name: string, indices: readonly string[]): boolean {
  let own = true;
  visit(e, (x) => {
    if (x.kind !== 'read' || x.name !== name) return;
    if (x.index.some((i, n) => !(i.kind === 'var' && i.name === indices[n]))) own = false;
  });
  return own;
}
