/** Checks one kernel: declarations first, then definitions where they are first read, then outputs. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { constant, op, variable, type Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import { STORAGE, type ScalarType, type StorageType } from '../expr/types.ts';
import type { Item, KernelDecl, Name, SurfaceExpr } from '../syntax/ast.ts';
import { freeAxes, resolveDerived, type AxisTable } from './axes.ts';
import type { Binding, Context, Env, Indexed, KernelScope } from './context.ts';
import { elaborate } from './elaborate.ts';
import { maskIn } from './elaborate-reduce.ts';
import { builtinSymbol, fnSymbol } from './functions.ts';
import type {
  FnScope,
  ModelAxis,
  ModelConst,
  ModelDef,
  ModelDim,
  ModelKernel,
  ModelMask,
  ModelOutput,
  ModelParam,
  ModelRequire,
  ModelSymbol,
  ModelTensor,
  Reference,
} from './model.ts';
import { declaredNames, sizeSymbols, type Declared } from './names.ts';
import { notAnAxis } from './rules/calls.ts';
import { definitionCycle } from './rules/cycle.ts';
import { duplicateName } from './rules/duplicate-name.ts';
import { missingIndices } from './rules/index-set.ts';
import { axisTwice } from './rules/indices.ts';
import { noOutput, outputWithoutDefinition, storageMismatch } from './rules/outputs.ts';
import { notAllowedHere } from './rules/placement.ts';
import { aggregateWithoutReduction } from './rules/reductions.ts';
import { expectedBool, maskNotBool, wrongDefault } from './rules/types.ts';
import { cast, promote, type Value } from './typing.ts';
import { unusedWarnings } from './unused.ts';
import { namesIn } from './uses.ts';

type Of<K extends Item['kind']> = Extract<Item, { kind: K }>;
type Kind = Declared['kind'] | 'size';

const SCALAR_TYPES = { int: 'i32', uint: 'u32', float: 'f32', bool: 'bool' } as const;
const NATURAL: Readonly<Record<ScalarType, StorageType>> = {
  f32: 'f32',
  i32: 'i32',
  u32: 'u32',
  bool: 'bool',
};

/** Where only some kinds of names may be used. */
interface Place {
  readonly what: string;
  readonly kinds: readonly Kind[];
  readonly allowed: string;
  /** Names that are not to be used yet although their kind is allowed. */
  readonly later?: ReadonlySet<string>;
}
const SIZES = 'sizes and consts';
const EXTENT: Place = { what: 'an extent', kinds: ['size', 'const'], allowed: SIZES };
const CONST: Place = { what: 'the value of a const', kinds: ['const'], allowed: 'earlier consts' };
const REQUIRE: Place = {
  what: 'a requirement',
  kinds: ['size', 'const', 'param'],
  allowed: `${SIZES}, and params`,
};

/** What an expansion added to the kernel while one definition is elaborated. */
interface Sink {
  readonly defs: ModelDef[];
  readonly axes: ModelAxis[];
  readonly names: string[];
}

class KernelChecker implements KernelScope {
  private readonly declared: Map<string, Declared>;
  private readonly sizes: Map<string, Span>;
  private readonly axisList: ModelAxis[] = [];
  private readonly tensors = new Map<string, ModelTensor>();
  private readonly params: ModelParam[] = [];
  private readonly consts: ModelConst[] = [];
  private readonly requires: ModelRequire[] = [];
  private readonly masks: (ModelMask | undefined)[] = [];
  private readonly maskItems: Of<'mask'>[];
  private readonly usedMasks = new Set<ModelMask>();
  private readonly defs: ModelDef[] = [];
  private readonly byName = new Map<string, ModelDef>();
  private readonly state = new Map<string, 'busy' | 'done'>();
  private readonly busy: string[] = [];
  private readonly outputs: ModelOutput[] = [];
  /** A definition that mask line n reads sees only the lines before n. */
  private readonly maskLimit = new Map<string, number>();
  private readonly taken: Set<string>;
  private readonly sinks: Sink[] = [];
  private readonly references = new Map<string, Reference>();
  private readonly mentioned = new Set<string>();
  private readonly symbolTable = new Map<string, ModelSymbol>();
  private readonly seen = new Set<string>();
  private errors = 0;

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

  constructor(
    private readonly decl: KernelDecl,
    private readonly fns: FnScope,
    private readonly sendReport: (d: Diagnostic) => void,
  ) {
    this.declared = declaredNames(decl, (d) => this.report(d));
    this.sizes = sizeSymbols(decl, this.declared);
    this.taken = new Set([...this.declared.keys(), ...this.sizes.keys()]);
    this.maskItems = decl.items.filter((i) => i.kind === 'mask');
    this.maskItems.forEach((m, n) => this.limitMasks(m.value, n));
  }

  run(): ModelKernel {
    this.declareSymbols();
    for (const item of this.decl.items) if (item.kind === 'const') this.checkConst(item);
    for (const item of this.decl.items) if (item.kind === 'axes') item.axes.forEach((a) => this.checkAxis(a));
    for (const item of this.decl.items) if (item.kind === 'in') this.checkInput(item);
    for (const item of this.decl.items) {
      if (item.kind === 'param') this.checkParam(item);
      if (item.kind === 'require') this.checkRequire(item);
    }
    this.maskItems.forEach((_, n) => this.mask(n));
    for (const d of this.declared.values()) if (d.kind === 'definition') this.define(d);
    for (const item of this.decl.items) if (item.kind === 'out') this.checkOutput(item);
    if (!this.decl.items.some((i) => i.kind === 'out')) this.report(noOutput(this.decl.name));
    return this.finish();
  }

  report(d: Diagnostic): void {
    const id = `${d.code}@${d.span?.source}:${d.span?.start}-${d.span?.end}:${d.message}`;
    if (this.seen.has(id)) return;
    this.seen.add(id);
    if (d.severity === 'error') this.errors++;
    this.sendReport(d);
  }

  applied(mask: ModelMask): void {
    this.usedMasks.add(mask);
  }

  addDef(base: string, def: Omit<ModelDef, 'name' | 'written' | 'role'>): Indexed {
    const name = this.fresh(base);
    this.sinks.at(-1)!.defs.push({ ...def, name, role: 'let', written: false });
    return { name, type: def.type, dims: def.indices.map((a) => this.dimOf(a)) };
  }

  private dimOf(axis: string): ModelDim {
    return { axis, extent: this.axes.get(axis)?.extent ?? constant('i32', 0) };
  }

  private fresh(base: string): string {
    let name = base;
    for (let n = 2; this.taken.has(name); n++) name = `${base}_${n}`;
    this.taken.add(name);
    this.sinks.at(-1)?.names.push(name);
    return name;
  }

  /** Everything that a mask line reads, directly or through definitions, is computed without that line. */
  private limitMasks(e: SurfaceExpr, n: number): void {
    for (const name of namesIn(e)) {
      const d = this.declared.get(name);
      if (d?.kind !== 'definition' || (this.maskLimit.get(name) ?? Infinity) <= n) continue;
      this.maskLimit.set(name, n);
      this.limitMasks(d.value, n);
    }
  }

  // ---- names ----

  private env(place?: Place): Env {
    return {
      fns: this.fns,
      names: () => [...this.declared.keys(), ...this.sizes.keys()],
      lookup: (name) => this.lookup(name, place),
      refer: (name, fn) => this.refer(name.span, fn ? fnSymbol(fn.decl) : builtinSymbol(name.text)),
    };
  }

  private refer(span: Span, symbol: ModelSymbol | undefined): void {
    if (symbol) this.references.set(`${span.start}:${span.end}`, { span, symbol });
  }

  private lookup(name: Name, place: Place | undefined): Binding | undefined {
    const { text } = name;
    const d = this.declared.get(text);
    const kind: Kind | undefined = d?.kind ?? (this.sizes.has(text) ? 'size' : undefined);
    if (!kind) return undefined;
    this.refer(name.span, this.symbolTable.get(text));
    this.mentioned.add(text);
    if (place && (!place.kinds.includes(kind) || place.later?.has(text))) {
      this.report(notAllowedHere(text, kind, place.what, place.allowed, name.span));
      return { kind: 'broken' };
    }
    if (!d) return { kind: 'scalar', isAxis: false, expr: { ...variable(text), span: name.span } };
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
        const def = this.define(d, name);
        if (!def) return { kind: 'broken' };
        const dims = def.indices.map((a) => this.dimOf(a));
        return { kind: 'indexed', indexed: { name: text, type: def.type, dims } };
      }
    }
  }

  private context(owner: string, place?: Place, more: Partial<Context> = {}): Context {
    return {
      kernel: this,
      env: this.env(place),
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

  /** Elaborates with a place of its own for what expansions add; `keep` says whether that stays. */
  private within<T>(keep: (result: T) => boolean, work: () => T): T {
    const sink: Sink = { defs: [], axes: [], names: [] };
    this.sinks.push(sink);
    const result = work();
    this.sinks.pop();
    if (keep(result)) {
      this.axisList.push(...sink.axes);
      this.defs.push(...sink.defs);
    } else for (const name of sink.names) this.taken.delete(name);
    return result;
  }

  /** A formula over names that are known before a launch. */
  private formula(e: SurfaceExpr, owner: string, place: Place): Value | undefined {
    return this.within(
      () => true,
      () => elaborate(e, this.context(owner, place)),
    );
  }

  // ---- declarations ----

  private checkConst(item: Of<'param' | 'const'>): void {
    const type = SCALAR_TYPES[item.type];
    const later = new Set(
      this.decl.items.flatMap((i) =>
        i.kind === 'const' && i.span.start >= item.span.start ? i.name.text : [],
      ),
    );
    const v = item.default && this.formula(item.default, item.name.text, { ...CONST, later });
    const expr = v && promote(v, type);
    if (v && !expr) this.report(wrongDefault(item.name.text, v.expr.type, item.type, item.default!.span));
    const span = item.name.span;
    this.consts.push({ name: item.name.text, type, value: expr ?? constant(type, 0), span });
  }

  private extent(e: SurfaceExpr, owner: string): Expr {
    const v = this.formula(e, owner, EXTENT);
    const expr = v && promote(v, 'i32');
    if (v && !expr) this.report(wrongDefault(`extent of ${owner}`, v.expr.type, 'int', e.span));
    return expr ?? constant('i32', 0);
  }

  private checkAxis(a: Of<'axes'>['axes'][number]): void {
    const first = this.axisList.find((x) => x.name === a.name.text);
    if (first) return;
    const extent = this.extent(a.extent, a.name.text);
    let derived: Expr | undefined;
    if (a.derived) {
      const later = new Set(
        [...this.declared.values()].flatMap((d) =>
          d.kind === 'axis' && !this.axisList.some((x) => x.name === d.name.text) ? d.name.text : [],
        ),
      );
      const place: Place = {
        what: 'a derived axis',
        kinds: ['axis', 'size', 'const', 'param'],
        allowed: `earlier axes, ${SIZES}, and params`,
        later,
      };
      const v = this.formula(a.derived, a.name.text, place);
      derived = v && promote(v, 'i32');
      if (v && !derived) this.report(wrongDefault(a.name.text, v.expr.type, 'int', a.derived.span));
    }
    this.axisList.push({ name: a.name.text, extent, span: a.name.span, ...(derived ? { derived } : {}) });
  }

  private checkInput(item: Of<'in'>): void {
    const { text } = item.name;
    if (this.tensors.has(text)) return;
    const dims = item.type.dims.map((e): ModelDim => {
      if (e.kind !== 'name' || this.declared.get(e.name.text)?.kind !== 'axis')
        return { extent: this.extent(e, text) };
      this.lookup(e.name, undefined);
      return this.dimOf(e.name.text);
    });
    const names = item.type.dims.flatMap((e) => (e.kind === 'name' ? [e.name] : []));
    names.forEach((n, at) => {
      const again = names.findIndex((m) => m.text === n.text) < at;
      if (again && this.declared.get(n.text)?.kind === 'axis')
        this.report({
          ...axisTwice(n),
          hint: 'write the extent instead for one of the two, and index it explicitly',
        });
    });
    const storage = item.type.storage ?? 'f32';
    this.tensors.set(text, { name: text, storage, dims, span: item.name.span, ...docOf(item) });
    if (!item.default) return;
    const own = new Set(dims.flatMap((d) => d.axis ?? []));
    const later = new Set(this.axisList.map((a) => a.name).filter((a) => !own.has(a)));
    const place: Place = {
      what: `the default of \`${text}\``,
      kinds: ['axis', 'size', 'const', 'param'],
      allowed: `the axes of \`${text}\`, ${SIZES}, and params`,
      later,
    };
    const v = this.formula(item.default, text, place);
    const expr = v && promote(v, STORAGE[storage].value);
    if (v && !expr) this.report(wrongDefault(text, v.expr.type, storage, item.default.span));
    const fallback = expr ?? constant(STORAGE[storage].value, 0);
    this.tensors.set(text, { ...this.tensors.get(text)!, default: fallback });
  }

  private checkParam(item: Of<'param' | 'const'>): void {
    const { text } = item.name;
    if (this.params.some((p) => p.name === text)) return;
    const type = SCALAR_TYPES[item.type];
    const later = new Set(
      this.decl.items.flatMap((i) =>
        i.kind === 'param' && i.span.start >= item.span.start ? i.name.text : [],
      ),
    );
    const place: Place = {
      ...REQUIRE,
      what: 'the default of a param',
      allowed: `${SIZES}, and earlier params`,
      later,
    };
    const v = item.default && this.formula(item.default, text, place);
    const expr = v && promote(v, type);
    if (v && !expr) this.report(wrongDefault(text, v.expr.type, item.type, item.default!.span));
    this.params.push({
      name: text,
      type,
      span: item.name.span,
      ...(expr ? { default: expr } : {}),
      ...docOf(item),
    });
  }

  private checkRequire(item: Of<'require'>): void {
    const v = this.formula(item.condition, 'require', REQUIRE);
    if (!v) return;
    if (v.expr.type !== 'bool') this.report(expectedBool('a requirement', v.expr.type, item.condition.span));
    else this.requires.push({ condition: v.expr, span: item.condition.span });
  }

  // ---- masks and definitions ----

  private mask(n: number): ModelMask | undefined {
    if (n in this.masks) return this.masks[n];
    // Until it is known the line removes nothing; only a cycle could ask for it.
    this.masks[n] = undefined;
    const item = this.maskItems[n]!;
    const owner = `mask${n + 1}`;
    this.within(
      () => true,
      () => {
        const v = elaborate(item.value, this.context(owner, undefined, { masks: this.masksBefore(n) }));
        if (!v) return;
        if (v.expr.type !== 'bool') return this.report(maskNotBool(v.expr.type, item.value.span));
        const scope = new Set(freeAxes(v.expr, this.axes));
        const condition = resolveDerived(v.expr, scope, new Set(), this.axes);
        this.masks[n] = { condition, axes: freeAxes(condition, this.axes), span: item.value.span };
      },
    );
    return this.masks[n];
  }

  private masksBefore(limit: number): ModelMask[] {
    const count = Math.min(limit, this.maskItems.length);
    return Array.from({ length: count }, (_, n) => this.mask(n)).filter((m) => m !== undefined);
  }

  private indexNames(names: readonly Name[]): string[] {
    const indices: string[] = [];
    for (const n of names) {
      const d = this.declared.get(n.text);
      if (d?.kind !== 'axis') {
        const isKnown = d !== undefined || this.sizes.has(n.text);
        this.report(
          notAnAxis(
            n,
            this.axisList.map((a) => a.name),
            isKnown,
          ),
        );
        continue;
      }
      this.lookup(n, undefined);
      if (indices.includes(n.text)) this.report(axisTwice(n));
      else indices.push(n.text);
    }
    return indices;
  }

  /** Elaborates a definition where it is first read. `from` is the reading name, for cycles. */
  private define(d: Declared & { kind: 'definition' }, from?: Name): ModelDef | undefined {
    const { text } = d.name;
    const state = this.state.get(text);
    if (state === 'done') return this.byName.get(text);
    if (state === 'busy') {
      const path = this.busy.slice(this.busy.indexOf(text));
      this.report(definitionCycle(from ?? d.name, path));
      return undefined;
    }
    this.state.set(text, 'busy');
    this.busy.push(text);
    const def = this.makeDef(d);
    if (def) this.byName.set(text, def);
    this.busy.pop();
    this.state.set(text, 'done');
    return def;
  }

  private makeDef(d: Declared & { kind: 'definition' }): ModelDef | undefined {
    const { text } = d.name;
    const { item } = d;
    const masks = this.masksBefore(this.maskLimit.get(text) ?? Infinity);
    const isOut = item.kind === 'out';
    const names = isOut ? item.type?.dims.flatMap((e) => (e.kind === 'name' ? [e.name] : [])) : item.indices;
    const declared = names && this.indexNames(names);
    const indices = declared ?? this.inferIndices(d);
    if (!indices) return undefined;
    const scope = new Set(indices);
    const made = this.within(
      (x: ModelDef | undefined) => x !== undefined,
      (): ModelDef | undefined => {
        const v = elaborate(d.value, this.context(text, undefined, { indices: scope, masks }));
        if (!v) return undefined;
        const value = resolveDerived(v.expr, scope, scope, this.axes);
        const missing = freeAxes(value, this.axes).filter((a) => !scope.has(a));
        if (missing.length > 0) {
          this.report(missingIndices(text, missing, indices, d.name.span, isOut));
          return undefined;
        }
        const role = isOut ? 'out' : item.role;
        return {
          name: text,
          role,
          indices,
          type: v.expr.type,
          value,
          span: d.name.span,
          written: true,
          ...docOf(item),
        };
      },
    );
    if (made) this.defs.push(made);
    if (made?.role === 'aggregate' && !hasReduction(made.value))
      this.report(aggregateWithoutReduction(text, d.name.span));
    return made;
  }

  /** Free axes of a definition without declared indices, in declaration order. */
  private inferIndices(d: Declared & { kind: 'definition' }): string[] | undefined {
    return this.within(
      () => false,
      () => {
        const v = elaborate(d.value, this.context(d.name.text, undefined, { final: false }));
        if (!v) return undefined;
        const free = new Set(freeAxes(v.expr, this.axes));
        return freeAxes(resolveDerived(v.expr, free, new Set(), this.axes), this.axes);
      },
    );
  }

  // ---- outputs ----

  private checkOutput(item: Of<'out'>): void {
    const { text, span } = item.name;
    const first = this.outputs.find((o) => o.name === text);
    if (first) return this.report(duplicateName(item.name, first.span, 'output'));
    const target = this.declared.get(text);
    if (!target || (target.kind !== 'definition' && target.kind !== 'input')) {
      const known = [...this.declared.values()]
        .filter((d) => d.kind === 'definition')
        .map((d) => d.name.text);
      return this.report(outputWithoutDefinition(item.name, known));
    }
    const b = this.lookup(item.name, undefined);
    if (b?.kind !== 'indexed') return;
    const names = item.type?.dims.flatMap((e) => (e.kind === 'name' ? [e.name] : []));
    for (const e of item.type?.dims ?? [])
      if (e.kind !== 'name' && e.kind !== 'error')
        this.report(
          notAnAxis(
            { text: 'this extent', span: e.span },
            this.axisList.map((a) => a.name),
            true,
          ),
        );
    const own = b.indexed.dims.flatMap((x) => x.axis ?? []);
    const indices = names ? this.indexNames(names) : own;
    const storage = item.type?.storage ?? NATURAL[b.indexed.type];
    const out = this.exported(item, b.indexed, indices, storage);
    if (out) this.outputs.push({ name: text, storage, def: out, indices, span, ...docOf(item) });
  }

  /** The definition that the output writes: the named one, or a copy that is masked, converted or re-indexed. */
  private exported(
    item: Of<'out'>,
    x: Indexed,
    indices: readonly string[],
    storage: StorageType,
  ): string | undefined {
    const { text, span } = item.name;
    const own = x.dims.flatMap((d) => d.axis ?? []);
    if (own.length < x.dims.length) {
      this.report(outputWithoutDefinition(item.name, []));
      return undefined;
    }
    const scope = new Set(indices);
    const plain: Expr = { kind: 'read', type: x.type, name: text, index: own.map((a) => variable(a)), span };
    const value = resolveDerived(plain, scope, scope, this.axes);
    const missing = freeAxes(value, this.axes).filter((a) => !scope.has(a));
    if (missing.length > 0) {
      this.report(missingIndices(text, missing, indices, span, true));
      return undefined;
    }
    const type = STORAGE[storage].value;
    const converted = promote({ expr: value, literal: false }, type);
    if (!converted) {
      this.report(storageMismatch(text, storage, x.type, item.type?.storageSpan ?? span));
      return undefined;
    }
    const kept: Expr[] = [];
    for (const mask of this.masksBefore(Infinity)) {
      const condition = mask.axes.length > 0 ? maskIn(mask, scope, this.axes) : undefined;
      if (!condition) continue;
      kept.push(condition);
      this.applied(mask);
    }
    const same =
      own.length === indices.length && converted === plain && this.declared.get(text)?.kind === 'definition';
    if (kept.length === 0 && same) return text;
    const zero = cast({ expr: constant('i32', 0), literal: true }, type);
    const final =
      kept.length === 0
        ? converted
        : op(
            'select',
            kept.reduce((a, b) => op('and', a, b)),
            converted,
            type === 'bool' ? constant('bool', 0) : zero,
          );
    const name = this.fresh(`${text}.out`);
    this.defs.push({ name, role: 'out', indices, type, value: final, span, written: false });
    return name;
  }

  // ---- the result ----

  private declareSymbols(): void {
    for (const [name, span] of this.sizes)
      this.symbolTable.set(name, { kind: 'size', name, span, detail: `size ${name}` });
    for (const d of this.declared.values()) {
      const name = d.name.text;
      const doc = 'item' in d ? d.item.doc : d.doc;
      // The detail is filled in at the end, when types and indices are known; uses share the object.
      const symbol: ModelSymbol = {
        kind: d.kind,
        name,
        span: d.name.span,
        detail: name,
        ...(doc ? { doc } : {}),
      };
      this.symbolTable.set(name, symbol);
      this.refer(d.name.span, symbol);
    }
  }

  private detail(d: Declared): string {
    const { text } = d.name;
    switch (d.kind) {
      case 'axis': {
        const a = this.axisList.find((x) => x.name === text);
        return `axis ${text}: ${a ? printExpr(a.extent) : '?'}${a?.derived ? ` = ${printExpr(a.derived)}` : ''}`;
      }
      case 'input': {
        const t = this.tensors.get(text);
        return `in ${text}: ${t?.storage ?? '?'}[${(t?.dims ?? []).map((x) => x.axis ?? printExpr(x.extent)).join(', ')}]`;
      }
      case 'param':
      case 'const':
        return `${d.kind} ${text}: ${d.item.type}`;
      case 'definition': {
        const def = this.byName.get(text);
        const role = d.item.kind === 'out' ? 'out' : d.item.role;
        return def ? `${role} ${text}: ${def.type}[${def.indices.join(', ')}]` : `${role} ${text}`;
      }
    }
  }

  private finish(): ModelKernel {
    for (const d of this.declared.values())
      Object.assign(this.symbolTable.get(d.name.text)!, { detail: this.detail(d) });
    const masks = this.masks.filter((m) => m !== undefined);
    const kernel: ModelKernel = {
      name: this.decl.name.text,
      ...(this.decl.doc === undefined ? {} : { doc: this.decl.doc }),
      span: this.decl.name.span,
      ok: this.errors === 0,
      sizes: [...this.sizes.keys()],
      axes: this.axisList,
      tensors: [...this.tensors.values()],
      params: this.params,
      consts: this.consts,
      requires: this.requires,
      masks,
      defs: this.defs,
      outputs: this.outputs,
      symbols: [...this.symbolTable.values()],
      references: [...this.references.values()].sort((a, b) => a.span.start - b.span.start),
    };
    if (kernel.ok) unusedWarnings(kernel, this.mentioned, this.usedMasks).forEach((d) => this.report(d));
    return kernel;
  }
}

function docOf(item: { readonly doc?: string }): { readonly doc?: string } {
  return item.doc === undefined ? {} : { doc: item.doc };
}

function hasReduction(e: Expr): boolean {
  if (e.kind === 'reduce') return true;
  if (e.kind === 'op') return e.args.some(hasReduction);
  // A function's sum may have become a definition of its own, which a read stands for.
  return e.kind === 'read' && e.name.includes('.');
}

/** Checks one kernel; everything wrong with it is reported, and what could be understood is in the result. */
export function checkKernel(decl: KernelDecl, fns: FnScope, report: (d: Diagnostic) => void): ModelKernel {
  return new KernelChecker(decl, fns, report).run();
}
