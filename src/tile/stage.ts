/** Assembles one stage: carriers into passes, and every definition at the place where it is computed. */
import { bool, constant, freeVars, key, mapChildren, op, read, variable, type Expr } from '../expr/expr.ts';
import type { StorageType } from '../expr/types.ts';
import type { IrOutput } from '../ir/ir.ts';
import { CarrierPlanner, isOne, NeedsRows, type Part, type PlannedReduction } from './carriers.ts';
import { reductionKind, type StageShape } from './choose.ts';
import { ByteRanges } from './byte-ranges.ts';
import { contraction, type RecognizedContraction } from './contraction.ts';
import { toFloat } from './factor.ts';
import type { Graph } from './graph.ts';
import { Finals } from './finals.ts';
import type { Contraction, FoldOp, Keep, Operand, Pass, Site, Stage, Step, Store, TileDef } from './tile.ts';

/** This stage reads a reduction that it cannot compute: it must come from a stage of its own. */
export class NeedsStage extends Error {
  constructor(readonly defs: readonly string[]) {
    super(`definitions ${defs.join(', ')} need a stage of their own`);
  }
}

interface PassBuild {
  defs: TileDef[];
  operands: Operand[];
  contractions: Contraction[];
  keeps: Keep[];
  steps: Step[];
  stores: Store[];
  finish: TileDef[];
  seen: Set<string>;
}
const newPass = (): PassBuild => ({
  defs: [],
  operands: [],
  contractions: [],
  keeps: [],
  steps: [],
  stores: [],
  finish: [],
  seen: new Set(),
});

export interface StageOutput extends IrOutput {
  /** Elements that somebody reads; absent: all. */
  readonly wanted?: Expr | undefined;
}

export class StageBuilder {
  private readonly carriers: CarrierPlanner;
  private readonly passes: PassBuild[] = [];
  private readonly prologue: TileDef[] = [];
  private readonly rowOperands: Operand[] = [];
  private readonly placed = new Set<string>();
  private readonly vectors = new Map<string, number>();
  private readonly stores: Store[] = [];
  private readonly finals: Finals;
  private readonly wanted: Expr | undefined;

  constructor(
    private readonly g: Graph,
    private readonly shape: StageShape,
    private readonly outputs: readonly StageOutput[],
    private readonly name: string,
  ) {
    this.carriers = new CarrierPlanner(g, shape);
    this.finals = new Finals();
    this.wanted = this.wantedRows();
  }

  build(): Stage {
    this.planReductions();
    for (const r of this.carriers.planned.values()) this.emitReduction(r);
    for (const o of this.outputs) this.emitOutput(o);
    const axis = (name: string) => ({ name, extent: this.g.extent(name) });
    const { wanted } = this;
    return {
      name: this.name,
      batch: this.shape.batch.map(axis),
      row: this.shape.row.map(axis),
      stream: this.shape.stream.map(axis),
      vectors: [...this.vectors].map(([name, extent]) => ({ name, extent })),
      prologue: this.prologue,
      rowOperands: this.rowOperands,
      passes: this.passes.map(({ seen: _seen, ...p }): Pass => p),
      stores: this.stores,
      ...(wanted ? { wanted } : {}),
    };
  }

  /** Stream reductions in dependence order; refuses what must live elsewhere. */
  private planReductions(): void {
    const needed = new Set<string>();
    const seen = new Set<string>();
    const elsewhere = new Set<string>();
    /** @param around vector axes of the loops in which the definition is read */
    const visitDef = (name: string, around: readonly string[]): void => {
      const id = `${name}|${around.join()}`;
      if (seen.has(id)) return;
      seen.add(id);
      needed.add(name);
      const reduce = this.g.reduction(name);
      const kind = reduce && reductionKind(this.g, this.shape, name);
      const apart =
        kind === 'elsewhere' || (reduce && (this.isMatrix(name) || this.isRepeated(name, around)));
      if (apart || this.isSharedVector(name)) {
        elsewhere.add(name);
        return;
      }
      const own = this.heldAxes(this.g.def(name).indices);
      // Without vector axes it is a value with a name, computed once.
      const outer = own.length > 0 ? around : [];
      const inner = kind === 'vector' ? [...new Set([...outer, ...own, ...reduce!.axes])] : outer;
      for (const r of this.g.reads(this.g.def(name).value)) visitDef(r, inner);
    };
    for (const o of this.outputs) visitDef(o.def, []);
    if (elsewhere.size > 0) throw new NeedsStage([...elsewhere]);
    for (const d of this.g.kernel.defs)
      if (
        needed.has(d.name) &&
        this.g.reduction(d.name) &&
        reductionKind(this.g, this.shape, d.name) === 'stream'
      )
        this.carriers.add(d.name);
  }

  /** A matrix product over columns: where it is expanded, every row would compute it again. */
  private isMatrix(name: string): boolean {
    const { indices } = this.g.def(name);
    return indices.some((a) => this.shape.stream.includes(a)) && this.heldAxes(indices).length > 0;
  }

  private heldAxes(indices: readonly string[]): string[] {
    const { batch, row, stream } = this.shape;
    return indices.filter((a) => ![...batch, ...row, ...stream].includes(a));
  }

  /** A reduction over vectors that is expanded in a loop which it does not depend on. */
  private isRepeated(name: string, around: readonly string[]): boolean {
    const { indices } = this.g.def(name);
    return this.heldAxes(indices).length > 0 && around.some((a) => !indices.includes(a));
  }

  /** A vector made of sums over the stream that is the same for all rows: each would compute and hold it again. */
  private isSharedVector(name: string): boolean {
    const { batch, row, stream } = this.shape;
    const { indices } = this.g.def(name);
    if (row.length === 0 || this.outputs.some((o) => o.def === name)) return false;
    if (indices.every((a) => batch.includes(a)) || indices.some((a) => [...row, ...stream].includes(a)))
      return false;
    return [...this.g.cone(name)].some(
      (d) => this.g.reduction(d) && reductionKind(this.g, this.shape, d) === 'stream',
    );
  }

  private pass(n: number): PassBuild {
    while (this.passes.length <= n) this.passes.push(newPass());
    return this.passes[n]!;
  }

  // ---- reductions over the stream

  private emitReduction(r: PlannedReduction): void {
    const pass = this.pass(r.pass);
    const keep = this.keep(r.pass, r.where);
    const reduce = this.g.reduction(r.name)!;
    if (this.isPresence(r)) return this.emitAny(r);
    const values = r.parts.map((part) => this.emitPart(r, part, reduce.op as FoldOp, keep));
    // An integer extremum says itself that there was none; a sum does unless it is multiplied afterwards.
    const guarded =
      r.where !== undefined &&
      (reduce.op === 'sum'
        ? r.parts.some((p) => !isOne(p.outer))
        : reduce.type === 'f32' && (reduce.op === 'max' || reduce.op === 'min'));
    const sum = values.reduce((a, b) => op('add', a, b));
    const nonempty = guarded ? this.nonempty(r.pass, keep) : undefined;
    const value = this.finals.value(reduce.op as FoldOp, reduce.type, sum, nonempty);
    const def = this.g.def(r.name);
    this.place(
      { name: r.name, site: 'row', vectors: this.vectorsOf(def.indices), type: def.type, value },
      pass.finish,
    );
  }

  /** The reduction only asks whether there is an element. */
  private isPresence(r: PlannedReduction): boolean {
    const reduce = this.g.reduction(r.name)!;
    return reduce.op === 'any' && reduce.body.kind === 'const';
  }

  /** Whether the domain is empty is often known from another carrier over it. */
  private presence(r: PlannedReduction): Expr {
    return r.where ? this.nonempty(r.pass, this.keep(r.pass, r.where)) : bool(true);
  }

  private emitAny(r: PlannedReduction): void {
    const value = this.presence(r);
    this.place({ name: r.name, site: 'row', vectors: [], type: 'bool', value }, this.pass(r.pass).finish);
  }

  /** What multiplies a finished carrier, computed once per row where it does not move with a vector. */
  private outer(r: PlannedReduction, part: Part): Expr {
    const outer = this.localize(part.outer, r.pass);
    if (isOne(outer) || outer.kind !== 'op' || this.vectorsIn(outer)) return outer;
    const name = `${part.carrier}.factor`;
    this.place({ name, site: 'row', vectors: [], type: 'f32', value: outer }, this.pass(r.pass).finish);
    return read(name, []);
  }

  private vectorsIn(e: Expr): boolean {
    return this.heldAxes([...this.g.axes(e)]).length > 0;
  }

  private emitPart(r: PlannedReduction, part: Part, fold: FoldOp, keep: string): Expr {
    const pass = this.pass(r.pass);
    const scaledBy = part.exponential ? this.reference(r.pass, part.exponential) : undefined;
    let value = part.inner;
    if (part.exponential && scaledBy) {
      const weight = op(part.exponential.base, op('sub', part.exponential.argument, read(scaledBy, [])));
      value = isOne(value) ? weight : op('mul', value, weight);
    }
    value = this.localize(value, r.pass);
    const outer = this.outer(r, part);
    const scale = scaledBy ? { scaledBy } : {};
    if (part.operand) {
      const { vector } = part.operand;
      const operand = this.operand('col', vector, part.operand.value, r.pass);
      pass.steps.push({
        kind: 'accumulate',
        name: part.carrier,
        weight: value,
        keep,
        operand,
        vector,
        ...scale,
      });
      const acc = read(part.carrier, [variable(vector)]);
      return isOne(outer) ? acc : op('mul', outer, acc);
    }
    const type = fold === 'sum' ? value.type : this.g.def(r.name).type;
    pass.steps.push({ kind: 'fold', name: part.carrier, op: fold, type, value, keep, ...scale });
    this.finals.note(r.pass, keep, fold, value.type, part.carrier);
    const carrier = read(part.carrier, [], type);
    return isOne(outer) ? carrier : op('mul', outer, toFloat(carrier));
  }

  /** A row value against which carriers of this pass are measured; equal ones are shared. */
  private reference(n: number, { base, reference }: NonNullable<Part['exponential']>): string {
    const pass = this.pass(n);
    const resolved = this.localize(this.runningValue(reference, n), n);
    for (const s of pass.steps)
      if (s.kind === 'reference' && s.base === base && key(s.value) === key(resolved)) return s.name;
    const name = `ref${n}.${pass.steps.filter((s) => s.kind === 'reference').length}`;
    pass.steps.push({ kind: 'reference', name, base, value: resolved });
    return name;
  }

  /** Replaces `X.now` by the running carrier of X, or by X itself when an earlier pass finished it. */
  private runningValue(e: Expr, n: number): Expr {
    if (e.kind === 'read' && e.name.endsWith('.now')) {
      const r = this.carriers.planned.get(e.name.slice(0, -'.now'.length))!;
      if (r.pass < n) return read(r.name, [], e.type);
      if (this.isPresence(r)) return this.presence(r);
      return r.parts
        .map((p): Expr => {
          const c = read(p.carrier, [], e.type);
          return isOne(p.outer) ? c : op('mul', this.runningValue(p.outer, n), c);
        })
        .reduce((a, b) => op('add', a, b));
    }
    return mapChildren(e, (c) => this.runningValue(c, n));
  }

  private keep(n: number, where: Expr | undefined): string {
    const pass = this.pass(n);
    const local = where && this.localize(where, n);
    const text = local ? key(local) : '';
    const known = pass.keeps.find((k) => (k.where ? key(k.where) : '') === text);
    if (known) return known.name;
    const name = `keep${n}.${pass.keeps.length}`;
    pass.keeps.push({ name, ...(local ? { where: local } : {}) });
    return name;
  }

  /** An expression that says whether the row kept any element of the domain. */
  private nonempty(n: number, keep: string): Expr {
    const known = this.finals.nonempty(n, keep);
    if (known) return known;
    const name = `${keep}.any`;
    this.pass(n).steps.push({ kind: 'fold', name, op: 'any', type: 'bool', value: bool(true), keep });
    this.finals.note(n, keep, 'any', 'bool', name);
    return this.finals.nonempty(n, keep)!;
  }

  // ---- definitions

  private vectorsOf(indices: readonly string[]): string[] {
    const vectors = this.heldAxes(indices);
    for (const v of vectors) this.vector(v);
    return vectors;
  }

  private vector(name: string): void {
    this.vectors.set(name, this.g.vectorExtent(name));
  }

  private siteOf(axes: ReadonlySet<string>): Site {
    const onRow = this.shape.row.some((a) => axes.has(a));
    const onStream = this.shape.stream.some((a) => axes.has(a));
    return onStream ? (onRow ? 'tile' : 'col') : onRow ? 'row' : 'uniform';
  }

  /** Finished carriers are row values even without a row axis, and what reads them cannot be wider. */
  private siteOfDef(name: string): Site {
    const site = this.siteOf(new Set(this.g.def(name).indices));
    const carried = [...this.g.cone(name)].some((d) => this.carriers.planned.has(d));
    if (!carried) return site;
    return site === 'col' ? 'tile' : site === 'uniform' ? 'row' : site;
  }

  /**
   * Makes every definition that `e` reads available to pass `n` (or, with Infinity, to the stores) and turns the reads into
   * reads of tile values. A definition over a vector axis is expanded where it is read.
   */
  private localize(e: Expr, n: number): Expr {
    if (e.kind === 'read' && this.g.isDef(e.name)) return this.localizeRead(e, n);
    const inner = mapChildren(e, (c) => this.localize(c, n));
    if (inner.kind === 'reduce') for (const a of inner.axes) this.vector(a);
    return inner;
  }

  private localizeRead(e: Expr & { kind: 'read' }, n: number): Expr {
    const def = this.g.def(e.name);
    const vectors = this.vectorsOf(def.indices);
    if (this.carriers.planned.has(e.name))
      return read(
        e.name,
        vectors.map((v) => variable(v)),
        def.type,
      );
    const site = this.siteOfDef(e.name);
    if (vectors.length > 0) return this.localize(def.value, n);
    if (site === 'uniform' || site === 'row') this.placeRow(e.name, site);
    else this.placeInPass(e.name, site, n);
    return read(e.name, [], def.type);
  }

  /** Row values go before the passes, or after the pass that finishes the last reduction they read. */
  private placeRow(name: string, site: Site): void {
    if (this.placed.has(name)) return;
    this.placed.add(name);
    const def = this.g.def(name);
    const last = Math.max(-1, ...[...this.g.cone(name)].map((d) => this.carriers.planned.get(d)?.pass ?? -1));
    const value = this.localize(def.value, last + 1);
    this.place(
      { name, site, vectors: [], type: def.type, value },
      last < 0 ? this.prologue : this.pass(last).finish,
    );
  }

  private place(def: TileDef, into: TileDef[]): void {
    this.placed.add(def.name);
    into.push(def);
  }

  private placeInPass(name: string, site: Site, n: number): void {
    const pass = this.pass(n);
    if (pass.seen.has(name)) return;
    pass.seen.add(name);
    const def = this.g.def(name);
    const c = site === 'tile' ? contraction(this.g, this.shape, name) : undefined;
    if (!c) {
      const value = this.localize(def.value, n);
      pass.defs.push({ name, site, vectors: [], type: def.type, value });
      return;
    }
    for (const x of [c.rows, c.cols, c.outer]) this.refuseCarriers(x);
    this.vector(c.vector);
    const held = this.integers(c);
    const rows = this.operand('row', c.vector, c.rows, n, held);
    const cols = this.operand('col', c.vector, c.cols, n, held);
    pass.contractions.push({ name: `${name}.dot`, type: c.type, vector: c.vector, rows, cols });
    const dot = read(`${name}.dot`, [], c.type);
    const outer = this.localize(c.outer, n);
    const value = isOne(outer) ? dot : op('mul', dot, c.type === 'f32' ? toFloat(outer) : outer);
    pass.defs.push({ name, site, vectors: [], type: def.type, value });
  }

  /** Operands are loaded before a pass starts: a reduction of this stage cannot be in them. */
  private refuseCarriers(e: Expr): void {
    const inside = [...this.g.coneOf(e)].filter((d) => this.carriers.planned.has(d));
    if (inside.length > 0) throw new NeedsStage(inside.slice(-1));
  }

  /** How both operands of a sum of integers are held: as bytes, where those of both fit. */
  private integers(c: RecognizedContraction): StorageType | undefined {
    if (c.type === 'f32') return undefined;
    this.ranges ??= new ByteRanges(this.g.kernel);
    const [rows, cols] = [c.rows, c.cols].map((e) => this.ranges!.storageOf(e));
    return rows === cols && rows ? rows : c.type;
  }

  private ranges: ByteRanges | undefined;

  /** @param held of integers, which are held in one way for each use */
  private operand(site: 'row' | 'col', vector: string, value: Expr, n: number, held?: StorageType): string {
    this.refuseCarriers(value);
    this.vector(vector);
    const local = this.localize(value, n);
    const list = site === 'row' ? this.rowOperands : this.pass(n).operands;
    const known = list.find(
      (o) => o.vector === vector && key(o.value) === key(local) && (!held || o.storage === held),
    );
    if (known) return known.name;
    const name = `${site === 'row' ? 'rows' : `cols${n}`}.${list.length}`;
    list.push({ name, site, vector, value: local, storage: held ?? this.storage(value, vector) });
    return name;
  }

  /** The storage of floats in 8 or 16 bits that all tensors in the operand share, if they do. */
  private storage(value: Expr, vector: string): StorageType {
    const types = new Set<StorageType>();
    const reads = [...this.g.tensorReads(value)];
    for (const d of this.g.coneOf(value)) reads.push(...this.g.tensorReads(this.g.def(d).value));
    for (const r of reads) if (this.g.axes(r).has(vector)) types.add(this.g.tensor(r.name)!.storage);
    const [only] = types;
    if (types.size !== 1 || !only) return 'f32';
    // What is computed of 8-bit floats may lie outside of what 16 bits hold.
    const plain = value.kind === 'read' && !this.g.isDef(value.name);
    return only === 'f16' || only === 'bf16' || (plain && (only === 'e4m3' || only === 'e5m2'))
      ? only
      : 'f32';
  }

  // ---- outputs

  /** The one test of all outputs that passes over the stream are made for. */
  private wantedRows(): Expr | undefined {
    const [first, ...others] = this.outputs;
    const { stream, row } = this.shape;
    const test = first?.wanted;
    if (!test || stream.length === 0 || others.some((o) => !o.wanted || key(o.wanted) !== key(test)))
      return undefined;
    const free = freeVars(test);
    return row.some((a) => free.has(a)) && !stream.some((a) => free.has(a)) ? test : undefined;
  }

  private emitOutput(o: StageOutput): void {
    const def = this.g.def(o.def);
    const reads = read(
      o.def,
      def.indices.map((a) => variable(a)),
      def.type,
    );
    const onStream = this.shape.stream.some((a) => def.indices.includes(a));
    const vectors = this.vectorsOf(def.indices);
    if (!onStream) {
      const { wanted } = this;
      const row = wanted ? op('select', wanted, reads, constant(reads.type, 0)) : reads;
      const value = this.localize(row, Math.max(0, this.passes.length - 1));
      this.stores.push({ output: o.name, site: 'row', vectors, value, indices: o.indices });
      return;
    }
    // An element of a tile is one number.
    if (vectors.length > 0) throw new NeedsRows(o.def, vectors);
    const last = Math.max(
      -1,
      ...[...this.g.cone(o.def)].map((d) => this.carriers.planned.get(d)?.pass ?? -1),
    );
    const pass = this.pass(last + 1);
    const value = this.localize(reads, last + 1);
    const keep = o.wanted ? { keep: this.keep(last + 1, o.wanted) } : {};
    pass.stores.push({ output: o.name, site: 'tile', vectors: [], value, indices: o.indices, ...keep });
  }
}
