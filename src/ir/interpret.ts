/**
 * The definition of what a kernel means: float64, whole rows, every definition by its formula. No tiling, no streaming.
 *
 * Evaluation is by demand. An element of a definition is computed when something reads it, once; an element that no
 * output needs, and an element that a `where` removes, is never computed. f32 values are carried as doubles.
 *
 * A step of a recurrence is asked for while a later step of the same definition is computed, and both would use the same
 * variables. So a state that is not there yet stops what reads it; it is computed first, and then the reader anew.
 */
import { CompilerBug, userError, type Span } from '../diagnostics/diagnostic.ts';
import { compileExpr, evalConst, type EvalEnv, type Evaluator } from '../expr/evaluate.ts';
import { constant, freeVars, substitute, type Expr, type ReadExpr, type ReduceExpr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import { reducer, type Machine, type Scope } from './interpret-reduce.ts';
import type { IrDef, IrKernel, IrState } from './ir.ts';

export interface InterpretedTensor {
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  /** The exact values of the storage type, row-major; booleans as 0 and 1. */
  readonly data: ArrayLike<number>;
}
export interface InterpretedOutput {
  readonly shape: readonly number[];
  /** Not rounded to the storage type. */
  readonly data: Float64Array;
}

/** Something that reads index into: an input, or the results of a definition so far. */
interface Store {
  readonly name: string;
  readonly what: 'tensor' | 'definition';
  readonly extents: readonly number[];
  readonly strides: readonly number[];
  readonly data: Float64Array;
  /** Absent for inputs: computes one element where it is not yet there and returns it. */
  readonly get?: (flat: number) => number;
}

function stridesOf(extents: readonly number[]): number[] {
  const strides: number[] = new Array<number>(extents.length).fill(1);
  for (let n = extents.length - 2; n >= 0; n--) strides[n] = strides[n + 1]! * extents[n + 1]!;
  return strides;
}
const countOf = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

function outOfRange(store: Store, dim: number, value: number, span: Span | undefined): never {
  throw userError(
    'E0506',
    `index ${value} is outside of dimension ${dim + 1} of ${store.what} \`${store.name}\`, whose extent is ${store.extents[dim]}`,
    { hint: 'the index is evaluated only where no mask removes the element', ...(span ? { span } : {}) },
  );
}

/** Thrown where a state is read whose value is not there yet; `Interpreter.missing` says which. */
const MISSING = Symbol('a step that is not there yet');

/** A definition with more elements than this is computed anew at each read. */
const MEMO_LIMIT = 2 ** 27;

class Interpreter implements Machine {
  /** Room for every variable of every definition; grows while closures are compiled, before any runs. */
  readonly frame = new Float64Array(1 << 16);
  private slotCount = 0;
  private readonly stores = new Map<string, Store>();
  private readonly extents = new Map<string, number>();
  private readonly constants = new Map<string, Expr>();

  constructor(
    private readonly kernel: IrKernel,
    inputs: Readonly<Record<string, InterpretedTensor>>,
    sizes: Readonly<Record<string, number>>,
    params: Readonly<Record<string, number>>,
    known: Readonly<Record<string, InterpretedTensor>>,
  ) {
    const values = new Map<string, number>();
    for (const s of kernel.sizes) values.set(s, given(sizes, s, 'size'));
    for (const p of kernel.params) {
      const value =
        params[p.name] ?? (p.default ? evalConst(p.default, values) : given(params, p.name, 'parameter'));
      values.set(p.name, value);
      this.constants.set(p.name, constant(p.type, value));
    }
    for (const s of kernel.sizes) this.constants.set(s, constant('i32', values.get(s)!));
    for (const a of kernel.axes) this.extents.set(a.name, evalConst(a.extent, values));
    for (const t of kernel.tensors) {
      const extents = t.dims.map((d) => evalConst(d.extent, values));
      this.stores.set(t.name, inputStore(t.name, extents, inputs[t.name]));
    }
    // A state and its steps read each other: the reads are bound when the first element is asked for.
    for (const s of kernel.states) this.declareState(s);
    for (const d of kernel.defs)
      this.stores.set(d.name, known[d.name] ? this.knownStore(d, known[d.name]!) : this.defStore(d));
    const unknown = Object.keys(known).find((name) => !kernel.defs.some((d) => d.name === name));
    if (unknown !== undefined)
      throw userError('E0512', `kernel \`${kernel.name}\` computes no \`${unknown}\``, {
        hint: `it computes ${kernel.defs.map((d) => d.name).join(', ')}`,
      });
    for (const s of kernel.states) this.bindState(s);
  }

  private readonly pending = new Map<string, (flat: number) => number>();
  private missing: () => void = () => {};

  /** An element of a definition, after every state that it needs. */
  private demand(get: (flat: number) => number, flat: number): number {
    const waiting: (() => void)[] = [];
    for (;;) {
      try {
        const first = waiting.at(-1);
        if (!first) return get(flat);
        first();
        waiting.pop();
      } catch (e) {
        if (e !== MISSING) throw e;
        waiting.push(this.missing);
      }
    }
  }

  private declareState(s: IrState): void {
    for (const [name, indices] of [
      [s.name, s.indices],
      [s.final, s.indices.filter((a) => a !== s.axis)],
    ] as const) {
      const extents = indices.map((a) => this.extent(a));
      const get = (flat: number): number => this.pending.get(name)!(flat);
      const base = { name, what: 'definition', extents, strides: stridesOf(extents) } as const;
      this.stores.set(name, { ...base, data: new Float64Array(0), get });
    }
  }

  /** Steps are taken one after the other from the last one known, so that a long sequence needs no deep recursion. */
  private bindState(s: IrState): void {
    const { extents, strides } = this.stores.get(s.name)!;
    const count = countOf(extents);
    if (count > MEMO_LIMIT)
      throw userError('E0508', `state \`${s.name}\` would have ${count} values over all steps`, {
        hint: 'the interpreter keeps them all: check the kernel at smaller sizes',
        ...(s.span ? { span: s.span } : {}),
      });
    const along = s.indices.indexOf(s.axis);
    const stride = strides[along]!;
    const steps = extents[along]!;
    const first = this.defStore({ ...s, indices: s.indices.filter((a) => a !== s.axis), value: s.init });
    const initial = (flat: number, t: number): number => {
      const outer = Math.floor((flat - t * stride) / (stride * steps));
      return first.get!(outer * stride + (flat % stride));
    };
    const next = this.stores.get(s.next)!;
    const order = this.kernel.defs.find((d) => d.name === s.next)!.indices;
    const nextStrides = s.indices.map((a) => next.strides[order.indexOf(a)]!);
    const nextAt = (flat: number): number => {
      let at = 0;
      for (let n = 0; n < strides.length; n++)
        at += (Math.floor(flat / strides[n]!) % extents[n]!) * nextStrides[n]!;
      return next.get!(at);
    };
    const data = new Float64Array(count);
    const ready = new Uint8Array(count);
    const back = s.reverse ? stride : -stride;
    const compute = (flat: number): void => {
      const t = Math.floor(flat / stride) % steps;
      let missing = s.reverse ? steps - 1 - t : t;
      let at = flat;
      while (ready[at] === 0 && missing > 0) {
        at += back;
        missing--;
      }
      if (ready[at] === 0) {
        data[at] = initial(at, s.reverse ? steps - 1 : 0);
        ready[at] = 1;
      }
      for (; at !== flat; at -= back) {
        data[at - back] = nextAt(at);
        ready[at - back] = 1;
      }
    };
    this.pending.set(s.name, (flat) => {
      if (ready[flat] === 1) return data[flat]!;
      this.missing = () => compute(flat);
      throw MISSING;
    });
    this.pending.set(s.final, (flat) => {
      if (steps === 0) return first.get!(flat);
      const outer = Math.floor(flat / stride);
      const last = s.reverse ? 0 : steps - 1;
      const at = outer * stride * steps + last * stride + (flat % stride);
      return nextAt(at);
    });
  }

  /** Computes every output. */
  run(): Record<string, InterpretedOutput> {
    const results: Record<string, InterpretedOutput> = {};
    for (const o of this.kernel.outputs) {
      const store = this.stores.get(o.def);
      const def = this.kernel.defs.find((d) => d.name === o.def);
      if (!store?.get || !def) throw new CompilerBug('ir/interpret', `output ${o.name} has no definition`);
      const shape = o.indices.map((a) => this.extent(a));
      const strides = o.indices.map((a) => store.strides[def.indices.indexOf(a)]!);
      const data = new Float64Array(countOf(shape));
      const at = shape.map(() => 0);
      for (let n = 0; n < data.length; n++) {
        data[n] = this.demand(
          store.get,
          at.reduce((flat, index, k) => flat + index * strides[k]!, 0),
        );
        for (let k = at.length - 1; k >= 0 && ++at[k]! === shape[k]; k--) at[k] = 0;
      }
      results[o.name] = { shape, data };
    }
    return results;
  }

  extent(axis: string): number {
    const extent = this.extents.get(axis);
    if (extent === undefined) throw new CompilerBug('ir/interpret', `unknown axis ${axis}`);
    return extent;
  }

  newSlot(): number {
    if (this.slotCount === this.frame.length) throw new CompilerBug('ir/interpret', 'too many variables');
    return this.slotCount++;
  }

  compile(e: Expr, scope: Scope): Evaluator {
    const env: EvalEnv = {
      frame: this.frame,
      slot: (name) => scope.slots.get(name),
      read: (r) => this.compileRead(r, scope),
      reduce: (r: ReduceExpr) => reducer(this, r, scope),
    };
    return compileExpr(e, env);
  }

  /** A definition whose values come from outside. */
  private knownStore(def: IrDef, values: InterpretedTensor): Store {
    const store = inputStore(
      def.name,
      def.indices.map((a) => this.extent(a)),
      values,
    );
    return { ...store, what: 'definition', get: (flat) => store.data[flat]! };
  }

  private defStore(def: Pick<IrDef, 'name' | 'indices' | 'value'>): Store {
    const extents = def.indices.map((a) => this.extent(a));
    const strides = stridesOf(extents);
    const slots = new Map(def.indices.map((a) => [a, this.newSlot()]));
    const places = [...slots.values()];
    const scope: Scope = { slots, moving: new Set(), before: [] };
    const body = this.compile(simplify(substitute(def.value, this.constants)), scope);
    const frame = this.frame;
    const compute = (flat: number): number => {
      let rest = flat;
      for (let n = 0; n < places.length; n++) {
        const stride = strides[n]!;
        const index = Math.floor(rest / stride);
        frame[places[n]!] = index;
        rest -= index * stride;
      }
      return body();
    };
    const count = countOf(extents);
    const base = { name: def.name, what: 'definition', extents, strides } as const;
    if (count > MEMO_LIMIT) return { ...base, data: new Float64Array(0), get: compute };
    const data = new Float64Array(count);
    const ready = new Uint8Array(count);
    const get = (flat: number): number => {
      if (ready[flat] === 1) return data[flat]!;
      const value = compute(flat);
      data[flat] = value;
      ready[flat] = 1;
      return value;
    };
    return { ...base, data, get };
  }

  /**
   * A read as a closure. Indices that do not move inside the innermost reduction and need no read of their own are
   * summed once before its loop; a plain moving axis costs one multiply-add; anything else is checked at each element.
   */
  private compileRead(e: ReadExpr, scope: Scope): Evaluator {
    const store = this.stores.get(e.name);
    if (!store) throw new CompilerBug('ir/interpret', `read of unknown ${e.name}`, e.span);
    const still: { dim: number; index: Evaluator }[] = [];
    const moving: { slot: number; stride: number }[] = [];
    const other: { dim: number; index: Evaluator }[] = [];
    e.index.forEach((index, dim) => {
      const fits = index.kind === 'var' && this.extent(index.name) <= store.extents[dim]!;
      const f = this.compile(index, scope);
      if (fits && scope.moving.has(index.name))
        moving.push({ slot: scope.slots.get(index.name)!, stride: store.strides[dim]! });
      else if (isStill(index, scope)) still.push({ dim, index: f });
      else other.push({ dim, index: f });
    });
    const { extents, strides, data } = store;
    let base = 0;
    let badDim = -1;
    let badValue = 0;
    const prepare = (): void => {
      base = 0;
      badDim = -1;
      for (let n = 0; n < still.length; n++) {
        const { dim, index } = still[n]!;
        const value = index();
        if (value < 0 || value >= extents[dim]!) {
          badDim = dim;
          badValue = value;
        }
        base += value * strides[dim]!;
      }
    };
    // An index out of range is an error only at an element that is evaluated, so the loop asks again.
    const check = (): void => {
      if (badDim >= 0) outOfRange(store, badDim, badValue, e.span);
    };
    const rest = (): number => {
      let flat = base;
      for (let n = 0; n < moving.length; n++) flat += this.frame[moving[n]!.slot]! * moving[n]!.stride;
      for (let n = 0; n < other.length; n++) {
        const { dim, index } = other[n]!;
        const value = index();
        if (value < 0 || value >= extents[dim]!) outOfRange(store, dim, value, e.span);
        flat += value * strides[dim]!;
      }
      return flat;
    };
    const hoisted = scope.moving.size > 0;
    if (hoisted) scope.before.push(prepare);
    const fetch = store.get ?? ((flat: number) => data[flat]!);
    if (!hoisted)
      return () => {
        prepare();
        check();
        return fetch(rest());
      };
    if (other.length > 0 || moving.length > 1)
      return () => {
        check();
        return fetch(rest());
      };
    const { slot, stride } = moving[0] ?? { slot: 0, stride: 0 };
    const frame = this.frame;
    if (store.get)
      return () => {
        if (badDim >= 0) check();
        return fetch(base + frame[slot]! * stride);
      };
    return () => {
      if (badDim >= 0) check();
      return data[base + frame[slot]! * stride]!;
    };
  }
}

function isStill(index: Expr, scope: Scope): boolean {
  let still = true;
  for (const name of freeVars(index)) if (scope.moving.has(name)) still = false;
  const walk = (e: Expr): void => {
    if (e.kind === 'read' || e.kind === 'reduce') still = false;
    else if (e.kind === 'op') e.args.forEach(walk);
  };
  walk(index);
  return still;
}

function given(values: Readonly<Record<string, number>>, name: string, what: string): number {
  const value = values[name];
  if (value === undefined) throw userError('E0504', `${what} \`${name}\` has no value`);
  return value;
}

function inputStore(name: string, extents: readonly number[], tensor: InterpretedTensor | undefined): Store {
  if (!tensor) throw userError('E0505', `input \`${name}\` is missing`);
  const count = countOf(extents);
  if (tensor.shape.length !== extents.length || tensor.shape.some((n, k) => n !== extents[k]))
    throw userError(
      'E0501',
      `input \`${name}\` has shape [${tensor.shape.join(', ')}], not [${extents.join(', ')}]`,
    );
  if (tensor.data.length !== count)
    throw userError('E0501', `input \`${name}\` has ${tensor.data.length} elements, its shape says ${count}`);
  const data = tensor.data instanceof Float64Array ? tensor.data : Float64Array.from(tensor.data);
  return { name, what: 'tensor', extents, strides: stridesOf(extents), data };
}

/**
 * Interprets a kernel.
 * @param inputs tensors by name, holding the exact values of their storage type, row-major
 * @param sizes every size symbol of the kernel
 * @param params runtime parameters; those with a default may be left out
 * @param known values of definitions, over their indices in order, that are taken in the place of what is computed: what
 *   another executor selected, for one, so that the rest can be compared past a tie
 * @returns float64 outputs by name, not rounded to their storage type
 * @throws UserError for missing or misshapen inputs and for a read outside of a tensor at an element that is evaluated
 */
export function interpretKernel(
  kernel: IrKernel,
  inputs: Readonly<Record<string, InterpretedTensor>>,
  sizes: Readonly<Record<string, number>>,
  params: Readonly<Record<string, number>> = {},
  known: Readonly<Record<string, InterpretedTensor>> = {},
): Record<string, InterpretedOutput> {
  return new Interpreter(kernel, inputs, sizes, params, known).run();
}
