/**
 * In which order a workgroup computes the values of a block, which of them lie in workgroup memory and where. Values that one
 * reader needs once are computed where they are read; arrays whose time is over give their place to later ones.
 */
import {
  mentions,
  freeVars,
  key,
  mapChildren,
  op,
  read,
  readNames,
  variable,
  visit,
  type Expr,
  type ReadExpr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { STORAGE, type StorageType } from '../../expr/types.ts';
import type { Block, BlockState, StepDef, TileTensor, VectorAxis } from '../tile.ts';
import { finished, writtenOut } from './finish.ts';
import { readoutShape, type BlockArray, type Item, type Product, type Side } from './items.ts';
import { isOfPieces, Layouts } from './layout.ts';
import { lay, type Laid } from './places.ts';
import { isWalked, PHASES, Phases, stepsLast, type Phase } from './walk.ts';
import { factorsOf, pulledOut } from './product.ts';
import { beginsAt, readsOwn } from './reads.ts';
import { laidWithTiles } from './tiles.ts';
import { Units } from './units.ts';

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
const COSTLY = new Set(['exp', 'exp2', 'log', 'log1p', 'pow', 'tanh', 'sin', 'cos', 'erf']);

export function scheduleBlock(x: BlockInput): BlockSchedule | undefined {
  const s = new Scheduling(x);
  return s.run() ? s.result() : undefined;
}

class Scheduling {
  private readonly phases: Record<Phase, Item[]> = { before: [], turn: [], after: [] };
  private items = this.phases.before;
  private readonly arrays = new Map<string, BlockArray>();
  private readonly opened = new Map<string, StepDef>();
  private readonly extents: ReadonlyMap<string, number>;
  private readonly tensors: ReadonlyMap<string, BlockInput['tensors'][number]>;
  private readonly defs: ReadonlyMap<string, StepDef>;
  private readonly operands = new Map<string, BlockArray>();
  private readonly block: Block;
  private readonly done = new Set<string>();
  private readonly own = new Map<string, readonly string[]>();
  private readonly products = new Map<string, Product>();
  private readonly units: Units;
  private readonly layouts: Layouts;

  constructor(private readonly x: BlockInput) {
    this.block = x.block;
    this.extents = new Map(x.vectors.map((v) => [v.name, v.extent]));
    this.tensors = new Map(x.tensors.map((t) => [t.name, t]));
    this.defs = new Map(x.block.defs.map((d) => [d.name, d]));
    this.units = new Units(x.block, this.tensors);
    const { extents, tensors, arrays, opened } = this;
    this.layouts = new Layouts({ extents, tensors, arrays, opened, indicesOf: (n) => this.indicesOf(n) });
  }

  run(): boolean {
    const phases = new Phases(this.block);
    const walked = this.block.states.filter((s) => isWalked(this.block, s));
    if (walked.length > 0 && !stepsLast(this.block)) return false;
    for (const phase of PHASES) {
      this.items = this.phases[phase];
      if (!phases.defs(phase).every((d) => this.compute(d))) return false;
      if (phase === 'before') for (const s of walked) this.hold(s);
      for (const store of phases.stores(phase)) this.items.push({ kind: 'write', store });
      if (phase === 'turn' && !walked.every((s) => this.take(s))) return false;
    }
    return true;
  }

  private compute(d: StepDef): boolean {
    if (this.done.has(d.name)) return true;
    const s = this.block.states.find((y) => y.next === d.name);
    if (s) return isWalked(this.block, s) || this.carry(s, d);
    if (this.isInStep(d)) {
      this.opened.set(d.name, d);
      return d.value.kind !== 'reduce';
    }
    if (d.value.kind === 'reduce') {
      const large = this.largeOf(d);
      return large ? this.readout(large, d) : this.reduce(d, d.value);
    }
    if (this.finish(d)) return true;
    if (this.isKept(d)) this.keep(d);
    else this.opened.set(d.name, d);
    return true;
  }

  // ---- axes and arrays

  private locals(axes: Iterable<string>): string[] {
    return [...axes].filter((a) => this.extents.has(a));
  }

  private localsIn(e: Expr): string[] {
    return this.locals(freeVars(e));
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
    const array = this.layouts.array(
      d.name,
      this.layouts.of(d.value, this.locals(d.indices)),
      this.typeOf(d),
    );
    this.arrays.set(d.name, array);
    this.items.push({ kind: 'fill', array, value: d.value, copied: false });
  }

  private indicesOf(name: string): readonly string[] {
    const s = this.block.states.find((y) => y.name === name || y.final === name);
    if (s) return s.final === name ? s.indices.filter((a) => a !== s.axis) : s.indices;
    return this.own.get(name) ?? this.defs.get(name)!.indices;
  }

  // ---- states

  /** A state along the walk lies in an array from its beginning to its end. */
  private hold(s: BlockState): void {
    const axes = this.locals(s.indices);
    const array = this.layouts.array(s.name, this.layouts.of(s.init, axes), this.typeOf(s));
    for (const name of [s.name, s.final]) this.arrays.set(name, array);
    this.items.push({ kind: 'fill', array, value: s.init, copied: false });
  }

  /** Its step, in place: each lane replaces elements that only it reads from here on. */
  private take(s: BlockState): boolean {
    const next = this.defs.get(s.next)!;
    const array = this.arrays.get(s.name)!;
    if (next.value.kind === 'reduce' || !readsOwn(next.value, s.name, s.indices)) return false;
    if (!this.finish(next, array)) this.items.push({ kind: 'fill', array, value: next.value, copied: false });
    return true;
  }

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
    if (isRead(state.name))
      this.arrays.set(state.name, (made.before = this.layouts.array(state.name, axes, type)));
    if (isRead(next.name))
      this.arrays.set(next.name, (made.after = this.layouts.array(next.name, axes, type)));
    if (isRead(state.final))
      this.arrays.set(state.final, (made.last = this.layouts.array(state.final, over, type)));
    this.items.push({ kind: 'scan', state, next, over, ...made });
    return true;
  }

  private largeOf(d: StepDef): BlockState | undefined {
    return this.block.states.find(
      (s) =>
        !isWalked(this.block, s) &&
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
    if (readers.length === 0 || over.length < 2 || state.init.kind !== 'const') return false;
    if (this.block.stores.some((x) => [state.name, next.name, state.final].some((n) => mentions(x.value, n))))
      return false;
    const summed = readers[0]!.value.kind === 'reduce' ? readers[0]!.value.axes[0]! : '';
    // The last of them is told apart at each step; what does not move with it is shared.
    const beginning = beginsAt(next.value, state.axis);
    const others = over.filter((a) => a !== summed && a !== beginning);
    const lanesAxes = beginning !== undefined && over.includes(beginning) ? [...others, beginning] : others;
    const elements = lanesAxes.reduce((n, a) => n * this.extents.get(a)!, 1);
    const fits = readers.every(
      ({ value: v, indices }) =>
        v.kind === 'reduce' &&
        v.op === 'sum' &&
        !v.where &&
        v.axes.length === 1 &&
        v.axes[0] === summed &&
        this.locals(indices).length === over.length &&
        [state.axis, ...lanesAxes].every((a) => indices.includes(a)),
    );
    const isPlain = ({ value }: StepDef): boolean =>
      readsOwn(value, next.name, next.indices) &&
      readsOwn(value, state.name, state.indices) &&
      !(mentions(value, next.name) && mentions(value, state.name));
    if (!readers.every(isPlain)) return false;
    if (!over.includes(summed) || !fits || !readoutShape(elements, this.extents.get(summed)!, this.x.lanes))
      return false;
    const apart = lanesAxes.at(-1)!;
    const shared = (e: Expr): Expr =>
      this.sharedReads(e, [...lanesAxes.slice(0, -1), state.axis, summed], apart);
    const sums = readers.map((reader) => {
      const value = reader.value as ReduceExpr;
      const def: StepDef = { ...reader, value: { ...value, body: shared(value.body) } };
      const array = this.layouts.array(def.name, [state.axis, ...lanesAxes], 'f32');
      this.arrays.set(def.name, array);
      this.done.add(def.name);
      return { def, array, before: mentions(value, state.name) };
    });
    const step = { ...next, value: shared(next.value) as StepDef['value'] };
    this.items.push({ kind: 'readout', state, next: step, lanesAxes, summed, sums });
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
      const layout = this.layouts.of(e, axes);
      // Each lane reads it many times: it is widened once.
      const array = this.layouts.array(
        `${e.name}.rows`,
        layout,
        STORAGE[this.tensors.get(e.name)!.storage].value,
      );
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
    const f = factorsOf(e, this.layouts.of(e.body, own), (x) => this.units.plain(x) !== undefined);
    const members = f?.member === undefined ? [] : [f.member];
    const into = this.layouts.array(d.name, f ? [...members, f.rows, f.columns] : own, this.typeOf(d));
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
        ? this.units.of(f.left, f.right)
        : undefined;
    const left = this.operand(`${d.name}.left`, f.left, [...members, f.rows, f.depth], matrix);
    const right = this.operand(`${d.name}.right`, f.right, [...members, f.columns, f.depth], matrix);
    this.multiply({
      kind: 'product',
      name: d.name,
      parts: [{ left, right, depth }],
      rowAxis: f.rows,
      columnAxis: f.columns,
      rows,
      columns,
      ...(f.member === undefined ? {} : { members: { axis: f.member, count: this.extents.get(f.member)! } }),
      into,
      ...(matrix ? { matrix } : {}),
    });
    return true;
  }

  private multiply(p: Product): void {
    this.products.set(p.name, p);
    this.items.push(p);
  }

  /** A value that is made of sums nobody else reads is computed where these end. */
  private finish(d: StepDef, into?: BlockArray): boolean {
    const own = this.locals(d.indices);
    const mine = new Map(
      [...this.products].filter(
        ([name, p]) =>
          this.items.includes(p) &&
          own.length === 2 &&
          [p.rowAxis, p.columnAxis].every((a) => own.includes(a)) &&
          this.isOnlyFor(name, d),
      ),
    );
    const value = writtenOut(d.value, this.opened, mine);
    const plain = (name: string): boolean =>
      readsOwn(value, name, this.own.get(name) ?? this.defs.get(name)!.indices);
    if (mine.size === 0 || ![...mine.keys()].every(plain)) return false;
    const { rowAxis, columnAxis } = [...mine.values()].at(-1)!;
    const array = into ?? this.layouts.array(d.name, [rowAxis, columnAxis], this.typeOf(d));
    const made = finished(value, mine, array);
    if (!made) return false;
    for (const name of made.taken) {
      const p = this.products.get(name)!;
      this.items.splice(this.items.indexOf(p), 1);
      this.products.delete(name);
      this.arrays.delete(name);
    }
    this.items.push(made.product);
    if (!into) this.arrays.set(d.name, array);
    return true;
  }

  /** Nothing but a value, and what is computed where it is read, reads the sums. */
  private isOnlyFor(name: string, d: StepDef): boolean {
    const readers = [...this.block.defs, ...this.opened.values()].filter((x) => mentions(x.value, name));
    if (this.block.stores.some((x) => mentions(x.value, name))) return false;
    return readers.every(
      (x) => x === d || (this.opened.get(x.name) !== undefined && this.isOnlyFor(x.name, d)),
    );
  }

  private operand(name: string, e: Expr, axes: readonly string[], matrix: 'f16' | 'bf16' | undefined): Side {
    const storage = matrix ?? this.units.plain(e) ?? 'f32';
    const own = axes.slice(-2);
    const [axis, depth] = own as [string, string];
    const members = axes.slice(0, -2);
    const held = members.length > 0 ? undefined : this.heldAs(e, axis, depth);
    if (held && held.array.storage === storage) return held;
    const id = `${storage} ${key(e)}`;
    const known = this.operands.get(id);
    if (known) return { array: known, depthFirst: known.axes.at(-2) === depth };
    const array = this.layouts.array(name, [...members, ...this.layouts.of(e, own)], storage);
    this.operands.set(id, array);
    this.items.push({ kind: 'fill', array, value: e, copied: this.isCopied(e, array) });
    return { array, depthFirst: array.axes.at(-2) === depth };
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
    const isPlain = e.kind === 'read' && this.units.plain(e) === array.storage;
    return isPlain && isOfPieces(e, this.tensors.get(e.name)!.shape, array);
  }

  // ---- the result

  /** Undefined where something is read before it is there. */
  result(): BlockSchedule | undefined {
    const { arrays, opened, own } = this;
    const { states, defs } = this.block;
    const names = new Set([...defs.map((d) => d.name), ...states.flatMap((s) => [s.name, s.final])]);
    const homes = { arrays, opened, own: names };
    const plain = lay(this.phases, homes);
    if (!plain) return undefined;
    const copied = (e: ReadExpr, axes: readonly string[]): BlockArray | undefined => {
      const { storage } = this.tensors.get(e.name)!;
      const array = this.layouts.array(`${e.name}.tile`, axes, storage);
      return this.isCopied(e, array) ? array : undefined;
    };
    const isTensor = (n: string): boolean => this.tensors.has(n);
    const made = laidWithTiles(this.phases, homes, plain, {
      extents: this.extents,
      opened,
      copied,
      isTensor,
    });
    for (const { name, array } of made?.tiles ?? []) {
      arrays.set(name, array);
      own.set(name, array.axes);
    }
    return { ...(made?.laid ?? plain), opened, arrays, indices: own };
  }
}
