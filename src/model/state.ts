/** What is known about a kernel while it is checked: declared names, what expansions added, and reports. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { constant, variable } from '../expr/expr.ts';
import { STORAGE } from '../expr/types.ts';
import type { Item, KernelDecl, Name, SurfaceExpr } from '../syntax/ast.ts';
import type { AxisTable } from './axes.ts';
import type { Binding, Context, Env, Indexed, KernelScope } from './context.ts';
import { elaborate } from './elaborate.ts';
import { builtinSymbol, fnSymbol } from './functions.ts';
import type {
  FnScope,
  ModelAxis,
  ModelConst,
  ModelDef,
  ModelDim,
  ModelMask,
  ModelOutput,
  ModelParam,
  ModelRequire,
  ModelState,
  ModelTensor,
} from './model.ts';
import { declaredNames, sizeSymbols, type Declared, type StepPlace } from './names.ts';
import { notAnAxis } from './rules/calls.ts';
import { axisTwice } from './rules/indices.ts';
import { notAllowedHere } from './rules/placement.ts';
import { readBeforeAssigned, valueOfARound } from './rules/states.ts';
import type { Carried } from './states.ts';
import { SymbolTable } from './symbols.ts';
import type { Value } from './typing.ts';

export type ItemOf<K extends Item['kind']> = Extract<Item, { kind: K }>;
export type Definition = Declared & { kind: 'definition' };
type Kind = Declared['kind'] | 'size';

export const SCALAR_TYPES = { int: 'i32', uint: 'u32', float: 'f32', bool: 'bool' } as const;

/** Functions that call each other twice would take a time exponential in their number. */
const MAX_EXPANSIONS = 20_000;

/** Where only some kinds of names may be used. */
export interface Place {
  readonly what: string;
  readonly kinds: readonly Kind[];
  readonly allowed: string;
  /** Names that are not to be used although their kind is allowed. */
  readonly except?: ReadonlySet<string>;
}

/** What an expression sees by where it stands. */
export interface Seen {
  readonly place?: Place;
  /** The statement of a recurrence: states are there what the statements before made of them. */
  readonly step?: StepPlace;
}
/** Elaborates what a name reads. */
export interface Resolver {
  define(d: Definition, from: Name): ModelDef | undefined;
  /** How a state is read at a step, or after all steps. */
  readState(state: Carried, step: StepPlace | undefined, from: Name): Indexed | undefined;
}

/** What an expansion added to the kernel while one definition is elaborated. */
interface Sink {
  readonly defs: ModelDef[];
  readonly axes: ModelAxis[];
  readonly names: string[];
}

export class KernelState implements KernelScope {
  readonly declared: Map<string, Declared>;
  readonly sizes: Map<string, Span>;
  readonly symbols: SymbolTable;
  readonly axisList: ModelAxis[] = [];
  readonly tensors = new Map<string, ModelTensor>();
  readonly params: ModelParam[] = [];
  readonly consts: ModelConst[] = [];
  readonly requires: ModelRequire[] = [];
  readonly carried = new Map<string, Carried>();
  readonly states: ModelState[] = [];
  readonly defs: ModelDef[] = [];
  readonly outputs: ModelOutput[] = [];
  readonly usedMasks = new Set<ModelMask>();
  readonly mentioned = new Set<string>();
  private readonly taken: Set<string>;
  private readonly sinks: Sink[] = [];
  private readonly seen = new Set<string>();
  private errors = 0;
  private expansions = 0;
  private exhausted = false;

  readonly axes: AxisTable = {
    all: () =>
      this.sinks.length === 0 ? this.axisList : [...this.axisList, ...this.sinks.flatMap((s) => s.axes)],
    get: (name) => this.axes.all().find((a) => a.name === name),
    fresh: (name) => {
      const { derived: _, ...axis } = this.axes.get(name)!;
      const copy = { ...axis, name: this.fresh(name) };
      (this.sinks.at(-1)?.axes ?? this.axisList).push(copy);
      return copy.name;
    },
  };

  /** @param resolver elaborates where a name reads; it needs the state, so that it works later only */
  constructor(
    readonly decl: KernelDecl,
    private readonly fns: FnScope,
    private readonly send: (d: Diagnostic) => void,
    private readonly resolver: Resolver,
  ) {
    this.declared = declaredNames(decl, (d) => this.report(d));
    this.sizes = sizeSymbols(decl, this.declared);
    this.taken = new Set([...this.declared.keys(), ...this.sizes.keys()]);
    this.symbols = new SymbolTable(this.declared, this.sizes);
  }

  get ok(): boolean {
    return this.errors === 0;
  }

  /** Reports once, however often a definition is elaborated. */
  report(d: Diagnostic): void {
    const id = `${d.code}@${d.span?.source}:${d.span?.start}-${d.span?.end}:${d.message}`;
    if (this.seen.has(id)) return;
    this.seen.add(id);
    // One such error stops expansion, which would find the same in every part of the expression.
    if (d.code === 'E0222' && this.exhausted) return;
    this.exhausted ||= d.code === 'E0222';
    if (d.severity === 'error') this.errors++;
    this.send(d);
  }

  spend(): boolean {
    return !this.exhausted && ++this.expansions <= MAX_EXPANSIONS;
  }

  applied(mask: ModelMask): void {
    this.usedMasks.add(mask);
  }

  addDef(base: string, def: Omit<ModelDef, 'name' | 'written' | 'role'>): Indexed {
    const name = this.fresh(base);
    this.sinks.at(-1)!.defs.push({ ...def, name, role: 'let', written: false });
    return { name, type: def.type, dims: def.indices.map((a) => this.dimOf(a)) };
  }

  dimOf(axis: string): ModelDim {
    return { axis, extent: this.axes.get(axis)?.extent ?? constant('i32', 0) };
  }

  fresh(base: string): string {
    let name = base;
    for (let n = 2; this.taken.has(name); n++) name = `${base}_${n}`;
    this.taken.add(name);
    this.sinks.at(-1)?.names.push(name);
    return name;
  }

  /** Elaborates with a place of its own for what expansions add; `keep` says whether that stays, `block` to what it belongs. */
  within<T>(keep: (result: T) => boolean, work: () => T, block?: Span): T {
    const sink: Sink = { defs: [], axes: [], names: [] };
    this.sinks.push(sink);
    const result = work();
    this.sinks.pop();
    if (keep(result)) {
      this.axisList.push(...sink.axes);
      this.defs.push(...sink.defs.map((d) => (block ? { ...d, block } : d)));
    } else for (const name of sink.names) this.taken.delete(name);
    return result;
  }

  context(owner: string, seen: Seen = {}, more: Partial<Context> = {}): Context {
    return {
      kernel: this,
      env: this.env(seen),
      owner,
      indices: new Set(),
      bound: new Set(),
      masks: [],
      final: true,
      stack: [],
      elaborate,
      ...more,
    };
  }

  /** A formula over names that are known before a launch. */
  formula(e: SurfaceExpr, owner: string, place: Place): Value | undefined {
    return this.within(
      () => true,
      () => elaborate(e, this.context(owner, { place })),
    );
  }

  /** Names of axes as indices of a definition or output; others are reported and left out. */
  indexNames(names: readonly Name[]): string[] {
    const indices: string[] = [];
    for (const n of names) {
      if (this.declared.get(n.text)?.kind !== 'axis') {
        const isKnown = this.declared.has(n.text) || this.sizes.has(n.text);
        const axes = this.axisList.map((a) => a.name);
        this.report(notAnAxis(n, axes, isKnown));
        continue;
      }
      this.lookup(n);
      if (indices.includes(n.text)) this.report(axisTwice(n));
      else indices.push(n.text);
    }
    return indices;
  }

  private env(seen: Seen): Env {
    return {
      fns: this.fns,
      names: () => [...this.declared.keys(), ...this.sizes.keys()],
      lookup: (name) => this.lookup(name, seen),
      refer: (name, fn) => this.symbols.refer(name.span, fn ? fnSymbol(fn.decl) : builtinSymbol(name.text)),
    };
  }

  lookup(name: Name, { place, step }: Seen = {}): Binding | undefined {
    const { text } = name;
    const d = this.declared.get(text);
    const kind: Kind | undefined = d?.kind ?? (this.sizes.has(text) ? 'size' : undefined);
    if (!kind) return undefined;
    this.symbols.referName(name);
    this.mentioned.add(text);
    if (place && (!place.kinds.includes(kind) || place.except?.has(text))) {
      this.report(notAllowedHere(text, kind, place.what, place.allowed, name.span));
      return { kind: 'broken' };
    }
    return d ? this.bindingOf(d, name, step) : { kind: 'scalar', isAxis: false, expr: variable(text) };
  }

  private bindingOf(d: Declared, name: Name, step: StepPlace | undefined): Binding {
    const { text } = name;
    switch (d.kind) {
      case 'axis':
        return { kind: 'scalar', isAxis: true, expr: variable(text) };
      case 'param':
      case 'const':
        return { kind: 'scalar', isAxis: false, expr: variable(text, SCALAR_TYPES[d.item.type]) };
      case 'input': {
        const t = this.tensors.get(text);
        if (!t) return { kind: 'broken' };
        return { kind: 'indexed', indexed: { name: text, type: STORAGE[t.storage].value, dims: t.dims } };
      }
      case 'definition': {
        if (d.step && d.step.block === step?.block && d.step.at >= step.at) {
          this.report(readBeforeAssigned(name, d.name.span));
          return { kind: 'broken' };
        }
        if (d.step?.block.rounds && d.step.block !== step?.block) {
          this.report(valueOfARound(name, d.name.span));
          return { kind: 'broken' };
        }
        const def = this.resolver.define(d, name);
        if (!def) return { kind: 'broken' };
        const dims = def.indices.map((a) => this.dimOf(a));
        return { kind: 'indexed', indexed: { name: text, type: def.type, dims } };
      }
      case 'state': {
        const state = this.carried.get(text);
        const indexed = state && this.resolver.readState(state, step, name);
        return indexed ? { kind: 'indexed', indexed } : { kind: 'broken' };
      }
    }
  }
}

/** The documentation of an item as a field that may be absent. */
export function docOf(item: { readonly doc?: string | undefined }): { readonly doc?: string } {
  return item.doc === undefined ? {} : { doc: item.doc };
}
