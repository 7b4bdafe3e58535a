/**
 * A time axis cut into chunks: position t is c · C + r. Chunks can be cut into sections once more: c is then s · K + j. What
 * is made for chunks is collected here: axes, states and definitions over (c, r), or (s, j, r), and for each definition over t
 * that was made anew its counterpart over these.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import {
  freeVars,
  i32,
  mapChildren,
  op,
  read,
  substitute,
  variable,
  visit,
  type Expr,
  type ReadExpr,
} from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { IrAxis, IrDef, IrKernel, IrState } from '../../ir.ts';
import { readersOf } from '../../needs.ts';
import { FreshNames } from '../../passes/names.ts';

/** Where in its chunk a position is: `in` is the step at hand, `from` another one that it looks at. */
export type Place = 'in' | 'from';

export interface StateSpec {
  readonly base: string;
  /** Along which it is carried. */
  readonly axis: string;
  /** All axes, `axis` among them. */
  readonly indices: readonly string[];
  readonly init: Expr;
  /** By default as the recurrence that is formed. */
  readonly reverse?: boolean;
  /** The name of its last value, where somebody knows it already. */
  readonly final?: string;
}

export class World {
  readonly names: FreshNames;
  readonly axes: IrAxis[];
  readonly states: IrState[] = [];
  readonly defs: IrDef[] = [];
  /** Chunks: of the sequence, or of a section. */
  readonly chunk: string;
  /** Sections of chunks, where there are any. */
  readonly section: string | undefined;
  /** What numbers the chunks, outermost first. */
  readonly chunks: readonly string[];
  readonly in: string;
  readonly from: string;
  /** Definitions and states over t, by name, and how their values over (c, r) are called. */
  private readonly counterparts = new Map<string, string | (() => IrDef)>();
  private readonly source: ReadonlyMap<string, IrDef>;
  private readonly stateful: ReadonlySet<string>;
  private readonly extent: Expr;
  private readonly axisNames: Set<string>;

  constructor(
    readonly kernel: IrKernel,
    readonly axis: string,
    readonly size: number,
    readonly reverse: boolean,
    /** Chunks of a section. */
    private readonly perSection?: number,
  ) {
    const k = kernel;
    this.names = new FreshNames([
      ...k.sizes,
      ...[k.axes, k.params, k.tensors, k.defs].flatMap((xs) => xs.map((x) => x.name)),
      ...k.states.flatMap((s) => [s.name, s.final]),
    ]);
    this.extent = k.axes.find((a) => a.name === axis)!.extent;
    this.section = perSection === undefined ? undefined : this.names.fresh(`${axis}_section`);
    this.chunk = this.names.fresh(`${axis}_chunk`);
    this.chunks = [...(this.section === undefined ? [] : [this.section]), this.chunk];
    this.in = this.names.fresh(`${axis}_in`);
    this.from = this.names.fresh(`${axis}_from`);
    const parts = (n: number): Expr => simplify(op('idiv', op('add', this.extent, i32(n - 1)), i32(n)));
    this.axes = [
      ...(this.section === undefined || perSection === undefined
        ? [{ name: this.chunk, extent: parts(size) }]
        : [
            { name: this.section, extent: parts(size * perSection) },
            { name: this.chunk, extent: i32(perSection), walked: true as const },
          ]),
      { name: this.in, extent: i32(size), inside: true },
      { name: this.from, extent: i32(size), inside: true },
    ];
    this.axisNames = new Set([...k.axes.map((a) => a.name), ...this.chunks, this.in, this.from]);
    this.source = new Map(k.defs.map((d) => [d.name, d]));
    this.stateful = dependents(k, axis);
  }

  /** Another axis of the same extent. */
  copyAxis(name: string): string {
    const axis = [...this.kernel.axes, ...this.axes].find((a) => a.name === name)!;
    const copy = this.names.fresh(`${name}_unit`);
    this.axes.push({ name: copy, extent: axis.extent });
    this.axisNames.add(copy);
    return copy;
  }

  /** Positions of a part of a chunk, or what numbers such parts. */
  insideAxis(base: string, extent: number): string {
    const name = this.names.fresh(`${this.axis}_${base}`);
    this.axes.push({ name, extent: i32(extent), inside: true });
    this.axisNames.add(name);
    return name;
  }

  /** Every free axis of an expression, in order of declaration. */
  axesOf(e: Expr): string[] {
    const free = freeVars(e);
    return [...this.axisNames].filter((a) => free.has(a));
  }

  def(name: string): IrDef {
    const d = this.source.get(name);
    if (!d) throw new CompilerBug('ir/forms', `unknown definition ${name}`);
    return d;
  }

  position(place: Place): Expr {
    return variable(place === 'in' ? this.in : this.from);
  }

  /** The position on the time axis. */
  time(place: Place): Expr {
    const { section, perSection = 1 } = this;
    const within = variable(this.chunk);
    const first = section === undefined ? undefined : op('mul', variable(section), i32(perSection));
    const chunk = first ? op('add', first, within) : within;
    return op('add', op('mul', chunk, i32(this.size)), this.position(place));
  }

  /** The numbers of chunks and of the position in them, of any position on the time axis. */
  private parts(t: Expr): Expr[] {
    const { size, section, perSection = 1 } = this;
    const chunk = op('idiv', t, i32(size));
    const inside = op('mod', t, i32(size));
    if (section === undefined) return [chunk, inside];
    return [op('idiv', t, i32(size * perSection)), op('mod', chunk, i32(perSection)), inside];
  }

  /** Positions of the last chunk may lie past the end. Undefined when none can. */
  exists(place: Place): Expr | undefined {
    const e = this.extent;
    if (e.kind === 'const' && e.value % this.size === 0) return undefined;
    return op('lt', this.time(place), e);
  }

  /** `e` at positions that exist, else a value that changes nothing. */
  guarded(e: Expr, place: Place, neutral: Expr): Expr {
    const exists = this.exists(place);
    return exists ? op('select', exists, e, neutral) : e;
  }

  /** Indices over t with t replaced by the chunk and the position in it. */
  indices(over: readonly string[], place: Place = 'in'): string[] {
    const own = place === 'in' ? this.in : this.from;
    return over.flatMap((a) => (a === this.axis ? [...this.chunks, own] : [a]));
  }

  /** An expression over t as one over (c, r). What depends on states is read from its counterparts. */
  at(e: Expr, place: Place): Expr {
    const map = new Map<string, Expr>([[this.axis, this.time(place)]]);
    const go = (x: Expr): Expr => {
      if (x.kind === 'var') return map.get(x.name) ?? x;
      if (x.kind === 'read' && (this.stateful.has(x.name) || this.counterparts.has(x.name)))
        return this.readAt(x, place, go);
      return mapChildren(x, go);
    };
    return simplify(go(e));
  }

  private readAt(x: ReadExpr, place: Place, go: (e: Expr) => Expr): Expr {
    const other = this.counterpart(x.name);
    const d = this.source.get(x.name);
    const indices = d?.indices ?? this.kernel.states.find((s) => s.name === x.name)?.indices;
    if (!indices) return mapChildren(x, go);
    if (other === undefined) {
      if (!d) throw new CompilerBug('ir/forms', `state ${x.name} has no counterpart over chunks`);
      return go(substitute(d.value, new Map(indices.map((a, n) => [a, x.index[n]!]))));
    }
    const index = x.index.flatMap((e, n): Expr[] => {
      if (indices[n] !== this.axis) return [go(e)];
      if (e.kind === 'var' && e.name === this.axis)
        return [...this.chunks.map((a) => variable(a)), this.position(place)];
      return this.parts(go(e));
    });
    return read(other, index, x.type);
  }

  /** Every state that the expression depends on in the same step has its counterpart. */
  ready(e: Expr): boolean {
    let ready = true;
    visit(e, (x) => {
      if (x.kind !== 'read' || !ready || this.hasCounterpart(x.name) || !this.stateful.has(x.name)) return;
      const d = this.source.get(x.name);
      ready = d !== undefined && this.ready(d.value);
    });
    return ready;
  }

  hasCounterpart(name: string): boolean {
    return this.counterparts.has(name);
  }

  /** From now on `name`, over t, is called so over (c, r); a function makes the definition once somebody asks for it. */
  setCounterpart(name: string, as: string | (() => IrDef)): void {
    this.counterparts.set(name, as);
  }

  private counterpart(name: string): string | undefined {
    const as = this.counterparts.get(name);
    if (typeof as !== 'function') return as;
    const made = as().name;
    this.counterparts.set(name, made);
    return made;
  }

  /** The definition that is now the counterpart of `name`. */
  made(name: string): IrDef {
    const as = this.counterpart(name);
    const d = this.defs.find((x) => x.name === as);
    if (!d) throw new CompilerBug('ir/forms', `${name} has no counterpart over chunks`);
    return d;
  }

  /** A definition that is kept in memory, over the axes that its value has or those given. */
  keep(base: string, value: Expr, indices: readonly string[] = this.axesOf(value)): IrDef {
    return this.add(base, value, indices, true);
  }

  let(base: string, value: Expr, indices: readonly string[] = this.axesOf(value)): IrDef {
    return this.add(base, value, indices, false);
  }

  /** A definition that is computed in the steps of a state, whether it reads the state or not. */
  inSteps(state: ReadExpr, base: string, value: Expr): IrDef {
    return this.add(base, value, this.axesOf(value), false, state.name);
  }

  private add(
    base: string,
    value: Expr,
    indices: readonly string[],
    stored: boolean,
    inStepsOf?: string,
  ): IrDef {
    const name = this.names.fresh(base);
    const d: IrDef = {
      name,
      role: 'let',
      indices,
      type: value.type,
      value,
      ...(stored ? { stored } : {}),
      ...(inStepsOf === undefined ? {} : { inStepsOf }),
    };
    this.defs.push(d);
    return d;
  }

  /**
   * A state along the chunks or inside of one.
   * @param step the value after a step, given the read of the value before it
   */
  state(spec: StateSpec, step: (before: ReadExpr) => Expr): IrState {
    return this.together([spec], ([before]) => [step(before!)])[0]!;
  }

  /** States whose steps read each other. */
  together(
    specs: readonly StateSpec[],
    step: (before: readonly ReadExpr[]) => readonly Expr[],
  ): readonly IrState[] {
    const names = specs.map((s) => this.names.fresh(s.base));
    const before = specs.map((s, n) =>
      read(
        names[n]!,
        s.indices.map((a) => variable(a)),
      ),
    );
    const made = step(before).map((value, n): IrState => {
      const { axis, indices, init, reverse = this.reverse, final } = specs[n]!;
      const name = names[n]!;
      const next = this.let(`${name}.next`, value, indices).name;
      return {
        name,
        axis,
        reverse,
        indices,
        type: 'f32',
        init,
        next,
        final: final ?? this.names.fresh(`${name}.last`),
      };
    });
    this.states.push(...made);
    return made;
  }

  /** The time axis as chunks and positions, for readers outside of this world. */
  outside(kept: IrDef, over: readonly string[]): Expr {
    const index = over.flatMap((a): Expr[] => (a === this.axis ? this.parts(variable(a)) : [variable(a)]));
    return read(kept.name, index, kept.type);
  }
}

export const readOf = (d: IrDef | IrState, swap: ReadonlyMap<string, Expr> = new Map()): Expr =>
  read(
    d.name,
    d.indices.map((a) => swap.get(a) ?? variable(a)),
    d.type,
  );

/** The value after the last step, at the axes of the state. */
export const lastOf = (s: IrState): Expr =>
  read(
    s.final,
    s.indices.filter((a) => a !== s.axis).map((a) => variable(a)),
    s.type,
  );

/** Names of the states along an axis, and of definitions that depend on one in the same step and are not kept. */
const dependents = (k: IrKernel, axis: string): ReadonlySet<string> =>
  readersOf(
    k,
    k.states.filter((s) => s.axis === axis).map((s) => s.name),
    (d) => !d.stored,
  );
