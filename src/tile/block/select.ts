/**
 * Which values a workgroup computes together for a chunk: everything between tensors, or states that are carried over chunks,
 * and a value that is kept, as long as it lies over axes of fixed extent and is made of positions inside of a chunk.
 */
import {
  readsOf,
  freeVars,
  key,
  mapChildren,
  op,
  i32,
  read,
  substitute,
  variable,
  visit,
  type Expr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrAxis, IrDef, IrKernel, IrOutput } from '../../ir/ir.ts';
import { StateGraph } from '../clusters.ts';
import type { Block, BlockState, BlockStore, StepDef, Walk } from '../tile.ts';

export interface BlockPart extends Block {
  readonly batch: readonly string[];
  readonly locals: readonly string[];
  /** What an earlier stage keeps. */
  readonly cuts: readonly string[];
}

/** Positions of one axis that a workgroup shares. */
const LONGEST = 256;

export class BlockFinder {
  private readonly g: StateGraph;
  private readonly axes: ReadonlyMap<string, IrAxis>;
  private readonly tensors: ReadonlySet<string>;

  constructor(private readonly kernel: IrKernel) {
    this.g = new StateGraph(kernel);
    this.axes = new Map(kernel.axes.map((a) => [a.name, a]));
    this.tensors = new Set(kernel.tensors.map((t) => t.name));
  }

  /** The part that computes a kept definition, if a workgroup can. */
  kept(name: string, output: string): BlockPart | undefined {
    const d = this.g.def(name);
    if (!d) return undefined;
    const index = d.indices.map((a) => variable(a));
    return this.part([d], (locals) => ({
      output,
      axes: d.indices.filter((a) => locals.includes(a)),
      index,
      value: read(d.name, index, d.type),
    }));
  }

  /** The part that computes an output of positions, each of which is one of a chunk. */
  output(o: IrOutput): BlockPart | undefined {
    const chunks = this.chunksOf(o.def);
    if (!chunks) return undefined;
    const made = new Map<string, IrDef>();
    const { time, parts } = chunks;
    const copy = (d: IrDef): IrDef => {
      const known = made.get(d.name);
      if (known) return known;
      const indices = d.indices.flatMap((a) => (a === chunks.axis ? parts : [a]));
      const c: IrDef = { ...d, name: `${d.name}.in`, indices, value: at(d.value) };
      made.set(d.name, c);
      return c;
    };
    const at = (e: Expr): Expr => {
      if (e.kind === 'var') return e.name === chunks.axis ? time : e;
      if (e.kind !== 'read') return simplify(mapChildren(e, at));
      const d = this.g.def(e.name);
      if (!d) return mapChildren(e, at);
      const index = e.index.map((x) => this.inChunk(x, chunks) ?? at(x));
      const p = d.stored ? -1 : d.indices.indexOf(chunks.axis);
      const x = e.index[p];
      if (x?.kind !== 'var' || x.name !== chunks.axis) return { ...e, index };
      index.splice(p, 1, ...parts.map((a) => variable(a)));
      return { ...e, name: copy(d).name, index };
    };
    const root = copy(this.g.def(o.def)!);
    const finder = new BlockFinder({ ...this.kernel, defs: [...this.kernel.defs, ...made.values()] });
    const extent = this.axes.get(chunks.axis)!.extent;
    const whole = extent.kind === 'const' && extent.value % chunks.size === 0;
    return finder.part([root], (locals) => ({
      output: o.name,
      axes: root.indices.filter((a) => locals.includes(a)),
      index: o.indices.map((a) => (a === chunks.axis ? time : variable(a))),
      ...(whole ? {} : { where: op('lt', time, extent) }),
      value: read(
        root.name,
        root.indices.map((a) => variable(a)),
        root.type,
      ),
    }));
  }

  /** The axis of a definition whose positions are read as those of chunks. */
  private chunksOf(name: string): Chunks | undefined {
    const d = this.g.def(name);
    if (!d) return undefined;
    for (const x of this.coneOf(name))
      for (const r of readsOf(this.g.def(x)!.value)) {
        const of = this.g.def(r.name);
        const n = of?.indices.findIndex((a) => this.axes.get(a)?.inside) ?? -1;
        const i = r.index[n];
        if (!of || n < 1 || i?.kind !== 'op' || i.op !== 'mod') continue;
        const [t, size] = i.args;
        if (t?.kind !== 'var' || size?.kind !== 'const' || !d.indices.includes(t.name)) continue;
        const walked = this.axes.get(of.indices[n - 1]!);
        const per = walked?.walked && walked.extent.kind === 'const' ? walked.extent.value : undefined;
        const own = of.indices.slice(n - (per === undefined ? 1 : 2), n + 1);
        const chunks: Chunks = {
          axis: t.name,
          size: size.value,
          parts: own,
          at: partsAt(t, size.value, per),
          time: timeOf(own, size.value, per),
        };
        const isHere = (a: string, m: number): boolean =>
          key(r.index[of.indices.indexOf(a)]!) === key(chunks.at[m]!);
        if (own.every(isHere)) return chunks;
      }
    return undefined;
  }

  private coneOf(name: string): Set<string> {
    const out = new Set([name]);
    for (const x of out) {
      const d = this.g.def(x)!;
      if (d.stored && x !== name) continue;
      for (const r of readsOf(d.value)) if (this.g.def(r.name)) out.add(r.name);
    }
    return out;
  }

  private inChunk(e: Expr, c: Chunks): Expr | undefined {
    const n = c.at.findIndex((x) => key(x) === key(e));
    return n < 0 ? undefined : variable(c.parts[n]!);
  }

  private part(
    roots: readonly IrDef[],
    store: (locals: readonly string[]) => BlockStore,
  ): BlockPart | undefined {
    const gathered = new Gathering(this.g, this.axes, this.tensors);
    for (const d of roots) if (!gathered.add(d)) return undefined;
    const defs = gathered.ordered();
    if (!defs || !gathered.hasInside()) return undefined;
    const split = gathered.split(roots.flatMap((d) => d.indices));
    if (!split) return undefined;
    const names = this.kernel.axes.map((a) => a.name);
    const walk = split.walk ? { walk: split.walk } : {};
    return {
      ...walk,
      batch: names.filter((a) => split.batch.has(a)),
      locals: names.filter((a) => split.locals.has(a)),
      cuts: [...gathered.cuts],
      states: [...gathered.states.values()],
      defs,
      stores: [store([...split.locals])],
    };
  }
}

/** Positions of an axis as those of chunks, or of chunks of sections. */
interface Chunks {
  readonly axis: string;
  /** Positions of a chunk. */
  readonly size: number;
  /** What numbers sections, chunks, and positions inside of them. */
  readonly parts: readonly string[];
  /** These numbers of a position. */
  readonly at: readonly Expr[];
  /** The position, of these numbers. */
  readonly time: Expr;
}

function partsAt(t: Expr, size: number, perSection: number | undefined): readonly Expr[] {
  const chunk = op('idiv', t, i32(size));
  const inside = op('mod', t, i32(size));
  if (perSection === undefined) return [chunk, inside];
  return [op('idiv', t, i32(size * perSection)), op('mod', chunk, i32(perSection)), inside];
}

function timeOf(parts: readonly string[], size: number, perSection: number | undefined): Expr {
  const [inside, chunk, section] = [...parts].reverse().map((a) => variable(a)) as [Expr, Expr, Expr];
  const first = perSection === undefined ? undefined : op('mul', section, i32(perSection));
  return op('add', op('mul', first ? op('add', first, chunk) : chunk, i32(size)), inside);
}

interface Split {
  readonly batch: ReadonlySet<string>;
  readonly locals: ReadonlySet<string>;
  readonly walk?: Walk;
}

class Gathering {
  readonly defs = new Map<string, StepDef>();
  readonly states = new Map<string, BlockState>();
  readonly cuts = new Set<string>();
  private readonly seen = new Set<string>();
  private ok = true;
  /** Axes of the value that is kept or written. */
  private open: ReadonlySet<string> = new Set();

  constructor(
    private readonly g: StateGraph,
    private readonly axes: ReadonlyMap<string, IrAxis>,
    private readonly tensors: ReadonlySet<string>,
  ) {}

  private fixed(a: string): number | undefined {
    const e = this.axes.get(a)?.extent;
    return e?.kind === 'const' ? e.value : undefined;
  }

  add(root: IrDef): boolean {
    this.open = new Set(root.indices);
    if (!this.belongs(root)) return false;
    this.define(root);
    return this.ok;
  }

  hasInside(): boolean {
    return [...this.defs.values()].some((d) => d.indices.some((a) => this.axes.get(a)?.inside));
  }

  /** A workgroup takes the steps of states along the axis. */
  private isOwn(axis: string): boolean {
    const a = this.axes.get(axis);
    return a?.inside === true || a?.walked === true;
  }

  /** It lies over the batch and fixed extents, and no state that others carry is needed at its step. */
  private belongs(d: IrDef): boolean {
    // The whole sequence is too long to be shared, even where its length is known.
    const isShared = (a: string): boolean => (this.fixed(a) ?? Infinity) <= LONGEST;
    if (!d.indices.every((a) => this.open.has(a) || isShared(a))) return false;
    return [...this.g.stepStates(d.name)].every((s) => this.isOwn(s.axis));
  }

  private define(d: IrDef): void {
    if (this.seen.has(d.name)) return;
    this.seen.add(d.name);
    const value = this.value(d.value);
    this.defs.set(d.name, {
      name: d.name,
      type: d.type,
      indices: d.indices,
      value: value as StepDef['value'],
    });
  }

  private value(e: Expr): Expr {
    if (e.kind !== 'read' || this.tensors.has(e.name)) return mapChildren(e, (c) => this.value(c));
    const index = e.index.map((c) => this.value(c));
    const state = this.g.state(e.name);
    const last = this.g.last(e.name);
    const inside = (state ?? last) && this.isOwn((state ?? last)!.axis);
    if (state && !inside) this.ok = false;
    if (last && !inside) this.cuts.add(e.name);
    if ((state ?? last) && inside) this.carry((state ?? last)!.name);
    const d = this.g.def(e.name);
    if (!d) return { ...e, index };
    if (this.belongs(d)) this.define(d);
    else if (d.stored || d.value.kind === 'reduce' || this.g.allStates(d.name).size > 0)
      this.cuts.add(d.name);
    else return this.value(substitute(d.value, new Map(d.indices.map((a, n) => [a, index[n]!]))));
    return { ...e, index };
  }

  private carry(name: string): void {
    if (this.states.has(name)) return;
    const s = this.g.state(name)!;
    this.states.set(name, s);
    this.states.set(name, { ...s, init: this.value(s.init) });
    this.define(this.g.next(s));
  }

  /** In dependence order, states before what reads them. Undefined where states need each other's steps. */
  ordered(): readonly StepDef[] | undefined {
    const out: StepDef[] = [];
    const done = new Map<string, boolean>();
    const cones = new Map([...this.states.values()].map((s) => [s.name, this.cone(s.next)]));
    const visitDef = (name: string): boolean => {
      const known = done.get(name);
      if (known !== undefined) return known;
      done.set(name, false);
      const d = this.defs.get(name)!;
      for (const r of readsOf(d.value)) {
        const s = this.states.get(r.name) ?? [...this.states.values()].find((x) => x.final === r.name);
        const next = s ? (cones.get(s.name)!.has(name) ? undefined : s.next) : r.name;
        if (next !== undefined && this.defs.has(next) && !visitDef(next)) return false;
      }
      out.push(d);
      done.set(name, true);
      return true;
    };
    return [...this.defs.keys()].every(visitDef) ? out : undefined;
  }

  /** Definitions that a definition is made of within a step, itself included. */
  private cone(name: string): ReadonlySet<string> {
    const out = new Set([name]);
    for (const x of out)
      for (const r of readsOf(this.defs.get(x)!.value)) if (this.defs.has(r.name)) out.add(r.name);
    return out;
  }

  /** Batch axes are those along which nothing is shared. Undefined where some read is at another member of the batch. */
  split(of: readonly string[]): Split | undefined {
    const all = new Set<string>(of);
    const locals = new Set<string>();
    const big: ReadonlySet<string>[] = [];
    let strided = false;
    for (const d of this.defs.values()) {
      for (const a of d.indices) all.add(a);
      if (d.value.kind === 'reduce') for (const a of d.value.axes) locals.add(a);
      visit(d.value, (e) => {
        if (e.kind !== 'read' || !(this.tensors.has(e.name) || this.cuts.has(e.name))) return;
        const free = new Set(e.index.flatMap((x) => [...freeVars(x)]));
        if (![...free].some((a) => this.axes.get(a)?.inside)) return;
        big.push(free);
        // Vectors lie innermost in memory; where members of the batch do, workgroups would read single elements.
        const last = e.index.at(-1);
        if (last?.kind !== 'var') return;
        if (this.fixed(last.name) === undefined) strided = true;
        else locals.add(last.name);
      });
    }
    const walk = this.walk();
    if (walk === 'several') return undefined;
    for (const a of all) {
      if (this.fixed(a) === undefined || a === walk?.axis) continue;
      if (this.axes.get(a)?.inside || !big.every((free) => free.has(a))) locals.add(a);
    }
    if (strided) return undefined;
    const batch = new Set([...all].filter((a) => !locals.has(a) && a !== walk?.axis));
    for (const a of locals) if ((this.fixed(a) ?? Infinity) > LONGEST) return undefined;
    for (const s of this.states.values()) if (!locals.has(s.axis) && s.axis !== walk?.axis) return undefined;
    return this.staysIn(batch) ? { batch, locals, ...(walk ? { walk } : {}) } : undefined;
  }

  /** The axis whose positions a workgroup goes through. */
  private walk(): Walk | 'several' | undefined {
    const along = [...this.states.values()].filter((s) => this.axes.get(s.axis)?.walked);
    const [first] = along;
    if (!first) return undefined;
    const { axis, reverse } = first;
    if (along.some((s) => s.axis !== axis || s.reverse !== reverse)) return 'several';
    return { axis, reverse, extent: this.fixed(axis)! };
  }

  private staysIn(batch: ReadonlySet<string>): boolean {
    let stays = true;
    const look = (e: Expr): void =>
      visit(e, (x) => {
        const indices =
          x.kind === 'read' ? (this.states.get(x.name)?.indices ?? this.defs.get(x.name)?.indices) : [];
        if (x.kind !== 'read' || !indices) return;
        for (const [n, a] of indices.entries()) {
          const own = x.index[n];
          if (batch.has(a) && !(own?.kind === 'var' && own.name === a)) stays = false;
        }
      });
    for (const d of this.defs.values()) look(d.value);
    return stays;
  }
}

/** They number workgroups alike and go through the same chunks. */
export const isBeside = (a: BlockPart, b: BlockPart): boolean =>
  a.batch.join() === b.batch.join() && a.walk?.axis === b.walk?.axis && a.walk?.reverse === b.walk?.reverse;

/** Parts of one batch as one. */
export function joinParts(a: BlockPart, b: BlockPart): BlockPart {
  const defs = new Map([...a.defs, ...b.defs].map((d) => [d.name, d]));
  const states = new Map([...a.states, ...b.states].map((s) => [s.name, s]));
  return {
    ...(a.walk ? { walk: a.walk } : {}),
    batch: a.batch,
    locals: [...new Set([...a.locals, ...b.locals])],
    cuts: [...new Set([...a.cuts, ...b.cuts])],
    states: [...states.values()],
    defs: [...defs.values()],
    stores: [...a.stores, ...b.stores],
  };
}
