/**
 * Pass `normal-form`: every reduction becomes the root of a definition of its own, equal reductions become one, and every
 * definition is read at its own indices. After it, dependence between definitions is a graph over names.
 *
 * A read at other indices (`kk[b, h / 4, j]`, `s[i, j + 1]`) becomes a read of a copy with the indices substituted; axes
 * bound inside the copy are renamed when a replacement mentions them. What is stored is read where it is, and so is what
 * must be: another step's value of something that states are carried into.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import {
  children,
  freeVars,
  key,
  mapChildren,
  read,
  substitute,
  variable,
  type Expr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { stateOf, type IrAxis, type IrDef, type IrKernel, type IrState } from '../ir.ts';
import { FreshNames } from './names.ts';
import { Steps } from './steps.ts';

class Normalizer {
  private readonly out: IrDef[] = [];
  private readonly axes: IrAxis[];
  private readonly axisNames: Set<string>;
  private readonly source = new Map<string, IrDef>();
  private readonly done = new Map<string, IrDef>();
  private readonly reductions = new Map<string, IrDef>();
  private readonly names: FreshNames;
  private readonly steps: Steps;
  /** States that something reads; those whose parts are still to be normalised wait. */
  private readonly states = new Map<string, IrState>();
  private readonly waiting: IrState[] = [];
  /** Definitions that are read at other steps. */
  private readonly kept = new Set<string>();
  /** Copies of states for axes that something reads them over, by where they are read. */
  private readonly stateCopies = new Map<string, IrState>();
  /** Copies, by the definition that reads them. */
  private readonly readers = new Map<string, string>();

  constructor(private readonly kernel: IrKernel) {
    this.axes = [...kernel.axes];
    this.axisNames = new Set(kernel.axes.map((a) => a.name));
    for (const d of kernel.defs) this.source.set(d.name, d);
    this.steps = new Steps(kernel, (name) => this.source.get(name));
    this.names = new FreshNames([
      ...kernel.sizes,
      ...this.axisNames,
      ...kernel.params.map((p) => p.name),
      ...kernel.tensors.map((t) => t.name),
      ...kernel.defs.map((d) => d.name),
      ...kernel.states.flatMap((s) => [s.name, s.final]),
    ]);
  }

  run(): IrKernel {
    for (const o of this.kernel.outputs) this.define(o.def);
    // What a state is next may read what is being defined when the state is found: so states come afterwards.
    for (let s = this.waiting.shift(); s; s = this.waiting.shift()) {
      this.define(s.next);
      this.states.set(s.name, { ...s, init: this.normalize(s.init, `${s.name}.init`, false) });
    }
    const all = [...this.kernel.states, ...this.stateCopies.values()];
    const states = all.flatMap((s) => this.states.get(s.name) ?? []);
    const defs = this.out.map((d) => (this.kept.has(d.name) ? { ...d, stored: true as const } : d));
    return { ...this.kernel, axes: this.axes, states, defs };
  }

  private need(s: IrState): void {
    if (this.states.has(s.name)) return;
    this.states.set(s.name, s);
    this.waiting.push(s);
  }

  private define(name: string): IrDef {
    const ready = this.done.get(name);
    if (ready) return ready;
    const source = this.source.get(name);
    if (!source) throw new CompilerBug('ir/normal-form', `read of unknown definition ${name}`);
    const value = this.normalize(source.value, source.name, true);
    const def: IrDef = { ...source, value };
    this.done.set(name, def);
    this.out.push(def);
    if (value.kind === 'reduce') {
      // What is computed in the steps of a state is nothing for the steps of another one.
      const k = `${this.identity(value)}@${def.indices.join(',')}@${def.inStepsOf ?? ''}`;
      const twin = this.reductions.get(k);
      // An equal reduction already has a definition: this one becomes another name for it.
      if (twin && twin.name !== name) {
        const alias: IrDef = { ...def, value: this.readOf(twin) };
        this.out[this.out.length - 1] = alias;
        this.done.set(name, alias);
        return alias;
      }
      this.reductions.set(k, def);
    }
    return def;
  }

  private readonly interned = new Map<string, number>();
  private readonly defIdentities = new Map<string, number>();
  /** Equal for expressions that mean the same once definitions are read through; linear by interning. */
  private identity(e: Expr): number {
    const def = e.kind === 'read' ? this.done.get(e.name) : undefined;
    if (def && e.kind === 'read' && isIdentity(e, def)) {
      const id = this.defIdentities.get(def.name) ?? this.identity(def.value);
      this.defIdentities.set(def.name, id);
      return id;
    }
    const parts = children(e).map((c) => this.identity(c));
    const head =
      e.kind === 'op'
        ? `${e.op}:${e.type}`
        : e.kind === 'reduce'
          ? `${e.op}|${e.axes.join(',')}|${e.where ? 'where' : ''}`
          : e.kind === 'read'
            ? `[${e.name}`
            : key(e);
    const text = `${head}(${parts.join(' ')})`;
    const known = this.interned.get(text) ?? this.interned.size;
    this.interned.set(text, known);
    return known;
  }

  private readOf(def: IrDef): Expr {
    return read(
      def.name,
      def.indices.map((a) => variable(a)),
      def.type,
    );
  }

  /** Normalises below `e`; a reduction that is not the root of its definition gets one. */
  private normalize(e: Expr, owner: string, root: boolean, bound: readonly string[] = []): Expr {
    const below = e.kind === 'reduce' ? [...bound, ...e.axes] : bound;
    const inner = mapChildren(e, (c) => this.normalize(c, owner, false, below));
    if (inner.kind === 'read') {
      if (this.source.has(inner.name)) return this.readDef(inner, owner);
      const state = stateOf(this.kernel, inner.name);
      return state ? this.readState(inner, state, bound) : inner;
    }
    if (inner.kind !== 'reduce') return inner;
    return root ? inner : this.isolate(inner, owner);
  }

  private isolate(e: ReduceExpr, owner: string): Expr {
    const indices = this.axesIn(e);
    const k = `${this.identity(e)}@${indices.join(',')}@`;
    let def = this.reductions.get(k);
    if (!def) {
      def = { name: this.names.fresh(`${owner}.${e.op}`), role: 'let', indices, type: e.type, value: e };
      this.reductions.set(k, def);
      this.done.set(def.name, def);
      this.source.set(def.name, def);
      this.out.push(def);
    }
    return this.readOf(def);
  }

  private readDef(e: Expr & { kind: 'read' }, owner: string): Expr {
    const target = this.source.get(e.name)!;
    if (isIdentity(e, target) || target.stored || this.mustKeep(e, owner)) {
      this.define(e.name);
      return e;
    }
    const map = new Map(target.indices.map((a, n) => [a, e.index[n]!]));
    const value = substitute(this.avoidCapture(target.value, map), map);
    const indices = this.axesIn(value);
    const name = this.cloneName(e, value, indices);
    if (!this.source.has(name)) this.source.set(name, { ...target, role: 'let', name, indices, value });
    this.readers.set(name, this.readers.get(owner) ?? owner);
    return this.readOf(this.define(name));
  }

  /**
   * Axes over which nothing in a step is taken together are coordinates: a state that is read at other coordinates is
   * carried there as well, by a copy over the axes that they are made of.
   */
  private readState(e: Expr & { kind: 'read' }, s: IrState, bound: readonly string[]): Expr {
    const together = e.name === s.name ? this.steps.takenTogether(s) : new Set(s.indices);
    const lifted = new Map<string, Expr>();
    for (const [n, a] of s.indices.entries()) {
      const x = e.index[n]!;
      if (together.has(a) || (x.kind === 'var' && x.name === a)) continue;
      const axes = this.axesIn(x);
      if (axes.length > 0 && !axes.some((b) => bound.includes(b) || s.indices.includes(b))) lifted.set(a, x);
    }
    if (lifted.size === 0) {
      this.need(s);
      return e;
    }
    const copy = this.stateCopy(s, lifted);
    this.need(copy);
    const own = new Map(s.indices.map((a, n) => [a, e.index[n]!]));
    return { ...e, name: copy.name, index: copy.indices.map((a) => own.get(a) ?? variable(a)) };
  }

  private stateCopy(s: IrState, lifted: ReadonlyMap<string, Expr>): IrState {
    const id = `${s.name}|${[...lifted].map(([a, x]) => `${a}=${key(x)}`).join()}`;
    const known = this.stateCopies.get(id);
    if (known) return known;
    const indices = [
      ...new Set(s.indices.flatMap((a) => (lifted.has(a) ? this.axesIn(lifted.get(a)!) : [a]))),
    ];
    const next = this.source.get(s.next)!;
    const value = substitute(this.avoidCapture(next.value, lifted), lifted);
    const index = next.indices.map((a) => lifted.get(a) ?? variable(a));
    const ordered = this.axes.map((a) => a.name).filter((a) => indices.includes(a));
    const name = this.cloneName(read(next.name, index, next.type), value, ordered);
    if (!this.source.has(name))
      this.source.set(name, { ...next, role: 'let', name, indices: ordered, value });
    const copy: IrState = {
      ...s,
      name: this.names.fresh(`${s.name}.at`),
      indices,
      init: substitute(this.avoidCapture(s.init, lifted), lifted),
      next: name,
      final: this.names.fresh(`${s.name}.at.last`),
    };
    this.stateCopies.set(id, copy);
    return copy;
  }

  /** A value of another step cannot be computed at this one; one of this step is, where it is needed to take the step. */
  private mustKeep(e: Expr & { kind: 'read' }, owner: string): boolean {
    const elsewhere = this.steps.isAtOtherStep(e);
    const keep =
      elsewhere ||
      (this.steps.isSmall(e.name) && !this.steps.within(e.name, this.readers.get(owner) ?? owner));
    if (keep) this.kept.add(e.name);
    return keep;
  }

  private readonly clones = new Map<string, string>();
  private cloneName(e: Expr & { kind: 'read' }, value: Expr, indices: readonly string[]): string {
    const k = `${e.name}|${key(value)}|${indices.join(',')}`;
    const name = this.clones.get(k) ?? this.names.fresh(`${e.name}.at`);
    this.clones.set(k, name);
    return name;
  }

  /** Renames axes bound in `e` where a replacement below them mentions the same name. */
  private avoidCapture(e: Expr, map: ReadonlyMap<string, Expr>): Expr {
    const go = (x: Expr): Expr => {
      const y = mapChildren(x, go);
      if (y.kind !== 'reduce') return y;
      const used = new Set<string>();
      for (const name of freeVars(y)) freeVars(map.get(name) ?? variable(name), used);
      if (!y.axes.some((a) => used.has(a))) return y;
      const renames = new Map<string, Expr>();
      const axes = y.axes.map((a) => {
        if (!used.has(a)) return a;
        const name = this.names.fresh(a);
        this.axes.push({ ...this.axes.find((x) => x.name === a)!, name });
        this.axisNames.add(name);
        renames.set(a, variable(name));
        return name;
      });
      const body = substitute(y.body, renames);
      return { ...y, axes, body, ...(y.where ? { where: substitute(y.where, renames) } : {}) };
    };
    return go(e);
  }

  /** Free axes of `e` in declaration order. Reads of definitions are explicit, so their indices are seen. */
  private axesIn(e: Expr): string[] {
    const free = freeVars(e);
    return this.axes.map((a) => a.name).filter((a) => free.has(a));
  }
}

/** The definition is read at its own indices. */
const isIdentity = (e: Expr & { kind: 'read' }, def: IrDef): boolean =>
  def.indices.every((a, n) => {
    const x = e.index[n]!;
    return x.kind === 'var' && x.name === a;
  });

export function normalForm(k: IrKernel): IrKernel {
  return new Normalizer(k).run();
}
