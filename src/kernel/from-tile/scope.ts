/** Tile-level expressions → kernel expressions: where each named value is and how tensors are addressed. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import {
  children,
  key,
  visit,
  constant,
  f32,
  i32,
  mapChildren,
  op,
  read,
  variable,
  type Expr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { identity, LOWEST } from '../../tile/finals.ts';
import type { FoldOp, Stage, StepDef, TileDef, TileProgram, TileTensor } from '../../tile/tile.ts';
import { assign, forS, ifS, letS, OPAQUE_ZERO, varS } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import { better, joinScalars, type Arrangement, type Cell } from './arrangement.ts';
import { identifier, Names } from './names.ts';
import { isNonNegative } from './sign.ts';

/** Where a tile value lives. */
export type Location =
  | { readonly kind: 'uniform'; readonly name: string }
  | { readonly kind: 'row'; readonly names: readonly string[] }
  | { readonly kind: 'col'; readonly shared: string }
  | { readonly kind: 'fragment'; readonly array: string }
  | { readonly kind: 'vector'; readonly array: string; readonly columns: number }
  | { readonly kind: 'inline'; readonly def: TileDef }
  /** In a shared array, at a flat index that its indices give. */
  | { readonly kind: 'held'; readonly array: string; readonly at: (index: readonly Expr[]) => Expr }
  /** Computed where it is read, at any indices. */
  | { readonly kind: 'opened'; readonly def: StepDef };

/** The point of the kernel at which an expression is evaluated. */
export interface Place {
  /** Statements that the expression needs are appended here. */
  readonly out: Stmt[];
  readonly vars: ReadonlyMap<string, Expr>;
  readonly slot?: number;
  /** Column within the tile. */
  readonly col?: Expr;
  /** Element of the score tile. */
  readonly cell?: Cell;
  /** Elements of vectors bound by the loops around. */
  readonly vectors?: ReadonlyMap<string, Cell>;
  /** Values already computed at this place. */
  readonly cache: Map<string, Expr>;
  /** Tensor reads that the expression at hand makes more than once. */
  readonly repeated?: ReadonlySet<string>;
}

/** The buffer that a tensor lies in. */
export const bufferOf = (t: TileTensor): string => identifier(t.within?.buffer ?? t.name);

export class Scope {
  readonly names = new Names();
  readonly locations = new Map<string, Location>();
  private readonly tensors: ReadonlyMap<string, TileTensor>;
  private readonly natural = new Set<string>(['lane', 'workgroup']);
  readonly usedTensors = new Set<string>();
  private readonly buffers: ReadonlySet<string>;

  constructor(
    readonly program: TileProgram,
    readonly stage: Stage,
    readonly arrangement: Arrangement,
  ) {
    this.tensors = new Map(program.tensors.filter((t) => t.role !== 'out').map((t) => [t.name, t]));
    this.buffers = new Set(program.tensors.map(bufferOf));
    for (const t of program.tensors) this.names.reserve(bufferOf(t));
    for (const s of program.sizes) {
      this.names.reserve(s);
      this.natural.add(s);
    }
    for (const p of program.params) this.names.reserve(p.name);
  }

  /** A tensor that the stage may read. */
  tensor(name: string): TileTensor | undefined {
    return this.tensors.get(name);
  }

  isBuffer(name: string): boolean {
    return this.buffers.has(name);
  }

  /** A tensor that the stage writes: an output may have the name of the definition that it shows. */
  target(name: string): TileTensor {
    const t = this.program.tensors.find((x) => x.name === name && x.role !== 'in');
    if (!t) throw new CompilerBug('kernel/from-tile', `no output ${name}`);
    return t;
  }

  /** Fresh names for a value that every row slot of a lane has. */
  perSlot(base: string): string[] {
    const slots = this.arrangement.rowSlots;
    const names = slots > 1 ? Array.from({ length: slots }, (_, n) => `${base}_${n}`) : [base];
    return names.map((n) => this.names.fresh(n));
  }

  /** The variables of a row value, by slot. */
  rowNames(name: string): readonly string[] {
    const at = this.locations.get(name);
    if (at?.kind !== 'row') throw new CompilerBug('kernel/from-tile', `${name} is not a row value`);
    return at.names;
  }

  vectorExtent(name: string): number {
    const v = this.stage.vectors.find((x) => x.name === name);
    if (!v) throw new CompilerBug('kernel/from-tile', `${name} is not a vector axis of the stage`);
    return v.extent;
  }

  /** A name for an integer that is never negative. */
  index(base: string): string {
    const name = this.names.fresh(base);
    this.natural.add(name);
    return name;
  }

  isNatural(e: Expr): boolean {
    return isNonNegative(e, (n) => this.natural.has(n));
  }

  /** Evaluates a whole value at a place: what it reads more than once is read into a local. */
  value(e: Expr, place: Place): Expr {
    const repeated = repeatedReads(e);
    return this.emit(e, repeated.size > 0 ? { ...place, repeated } : place);
  }

  /** Evaluates a tile expression at a place. */
  emit(e: Expr, place: Place): Expr {
    switch (e.kind) {
      case 'const':
        return e;
      case 'var':
        return place.vars.get(e.name) ?? e;
      case 'read':
        return this.tensors.has(e.name) ? this.emitTensor(e, place) : this.emitValue(e, place);
      case 'op':
        return simplify(this.divide(mapChildren(e, (c) => this.emit(c, place))));
      case 'reduce':
        return this.emitReduce(e, place);
    }
  }

  /** Machine division where both numbers are known not to be negative. */
  divide(e: Expr): Expr {
    if (e.kind !== 'op' || (e.op !== 'idiv' && e.op !== 'mod')) return e;
    if (!e.args.every((a) => this.isNatural(a))) return e;
    return op(e.op === 'idiv' ? 'quot' : 'rem', ...e.args);
  }

  // ---- tensors

  private emitTensor(e: Expr & { kind: 'read' }, place: Place): Expr {
    const t = this.tensors.get(e.name)!;
    this.usedTensors.add(t.name);
    const index = e.index.map((x, n) => this.clamp(x, t, n, place));
    const element = read(bufferOf(t), [this.flat(t, index)], e.type);
    if (!place.repeated?.has(key(e))) return element;
    // By the kernel's own index: a loop inside may give the same axis another value.
    const id = `@${key(element)}`;
    const known = place.cache.get(id);
    if (known) return known;
    const name = this.names.fresh(`${identifier(t.name)}_value`);
    place.out.push(letS(name, element));
    return remember(place, id, variable(name, e.type));
  }

  /** Keeps an index inside the tensor; an index that is the dimension's own axis is inside already. */
  private clamp(x: Expr, t: TileTensor, n: number, place: Place): Expr {
    return this.clampValue(this.emit(x, place), x, t, n);
  }

  /** @param value what `x` is in the kernel */
  clampValue(value: Expr, x: Expr, t: TileTensor, n: number): Expr {
    if (x.kind === 'var' && t.axes[n] === x.name) return value;
    const extent = t.shape[n]!;
    if (value.kind === 'const' && extent.kind === 'const' && value.value >= 0 && value.value < extent.value)
      return value;
    const i = value.type === 'i32' ? value : ({ kind: 'op', type: 'i32', op: 'cast', args: [value] } as Expr);
    const low = this.isNatural(i) ? i : op('max', i, i32(0));
    return simplify(op('min', low, simplify(op('sub', extent, i32(1)))));
  }

  /** Row-major flat index. Hosts refuse tensors of 2^31 elements or more, so i32 holds it. */
  flat(t: TileTensor, index: readonly Expr[]): Expr {
    let at: Expr = i32(0);
    for (const [n, x] of index.entries()) at = simplify(op('add', simplify(op('mul', at, t.shape[n]!)), x));
    return simplify(op('add', this.offset(t), at));
  }

  private readonly offsets = new Map<string, { readonly name: string; readonly value: Expr }>();

  /** Where a tensor begins in its buffer. */
  private offset(t: TileTensor): Expr {
    if (!t.within || t.within.offset.kind === 'const') return t.within?.offset ?? i32(0);
    const known = this.offsets.get(t.name)?.name ?? this.index(`${t.name}_first`);
    this.offsets.set(t.name, { name: known, value: t.within.offset });
    return variable(known);
  }

  /** Declarations that come before all others. */
  declarations(): readonly Stmt[] {
    return [...this.offsets.values()].map(({ name, value }) => letS(name, value));
  }

  /** Where the element that a plain tensor read names is: its buffer and flat index. */
  element(e: Expr, place: Place): { readonly buffer: string; readonly from: Expr } {
    const read = this.value(e, place);
    if (read.kind !== 'read' || !this.isBuffer(read.name))
      throw new CompilerBug('kernel/from-tile', 'an operand that is copied is no tensor read');
    return { buffer: read.name, from: read.index[0]! };
  }

  // ---- values

  private emitValue(e: Expr & { kind: 'read' }, place: Place): Expr {
    const at = this.locations.get(e.name);
    const cached = place.cache.get(e.name);
    if (cached) return cached;
    if (!at) throw new CompilerBug('kernel/from-tile', `value ${e.name} is not computed here`);
    switch (at.kind) {
      case 'uniform':
        return variable(at.name, e.type);
      case 'row':
        return variable(at.names[this.slot(place, e.name)]!, e.type);
      case 'col':
        if (!place.col)
          throw new CompilerBug('kernel/from-tile', `column value ${e.name} read outside a tile`);
        return e.type === 'bool'
          ? op('ne', read(at.shared, [place.col], 'u32'), { kind: 'const', type: 'u32', value: 0 })
          : read(at.shared, [place.col], e.type);
      case 'fragment':
        if (!place.cell)
          throw new CompilerBug('kernel/from-tile', `tile value ${e.name} read outside a tile`);
        return read(at.array, [place.cell.at(this.slot(place, e.name))], e.type);
      case 'vector':
        return this.emitVector(e, at.array, at.columns, place);
      case 'inline':
        return this.emitInline(e, at.def, place);
      case 'held': {
        const index = at.at(e.index.map((x) => this.emit(x, place)));
        return e.type === 'bool'
          ? op('ne', read(at.array, [index], 'u32'), { kind: 'const', type: 'u32', value: 0 })
          : read(at.array, [index], e.type);
      }
      case 'opened': {
        const own = at.def.indices.map((a, n) => [a, this.emit(e.index[n]!, place)] as const);
        return this.value(at.def.value, { ...place, vars: new Map([...place.vars, ...own]) });
      }
    }
  }

  private slot(place: Place, name: string): number {
    if (place.slot === undefined)
      throw new CompilerBug('kernel/from-tile', `row value ${name} read outside a row`);
    return place.slot;
  }

  private emitVector(e: Expr & { kind: 'read' }, array: string, columns: number, place: Place): Expr {
    const x = e.index[0]!;
    const slot = this.slot(place, e.name);
    const cell = x.kind === 'var' ? place.vectors?.get(x.name) : undefined;
    if (cell) return read(array, [cell.at(slot)]);
    // Only an arrangement that keeps whole rows in a lane is planned where other elements are read.
    return read(array, [simplify(op('add', i32(slot * columns), this.emit(x, place)))]);
  }

  private emitInline(e: Expr & { kind: 'read' }, def: TileDef, place: Place): Expr {
    if (def.vectors.length === 0) {
      const value = this.value(def.value, place);
      if (value.kind === 'const' || value.kind === 'var') return remember(place, def.name, value);
      const name = this.names.fresh(def.name);
      place.out.push(letS(name, value));
      return remember(place, def.name, variable(name, value.type));
    }
    const identityRead = e.index.every((x, n) => x.kind === 'var' && x.name === def.vectors[n]);
    if (identityRead) return this.value(def.value, place);
    const vars = new Map(place.vars);
    for (const [n, v] of def.vectors.entries()) vars.set(v, this.emit(e.index[n]!, place));
    return this.value(def.value, { ...place, vars, cache: new Map(), vectors: new Map() });
  }

  // ---- reductions over vector axes

  private emitReduce(e: ReduceExpr, place: Place): Expr {
    const fold = e.op as FoldOp;
    const type = fold === 'argmax' || fold === 'argmin' ? e.body.type : e.type;
    const name = this.names.fresh('acc');
    const index = fold === 'argmax' || fold === 'argmin' ? this.names.fresh(`${name}_at`) : undefined;
    place.out.push(varS(name, constant(type, index ? 0 : identity(fold, type))));
    if (index) place.out.push(varS(index, i32(-1)));
    const step = (vars: ReadonlyMap<string, Expr>, vectors: ReadonlyMap<string, Cell>): Stmt[] => {
      const out: Stmt[] = [];
      const inner: Place = { ...place, out, vars, vectors, cache: new Map(place.cache) };
      const where = e.where && this.emit(e.where, inner);
      const body: Stmt[] = [];
      const value = this.value(e.body, { ...inner, out: where ? body : out });
      const at = e.axes.reduce<Expr>(
        (n, a) => simplify(op('add', op('mul', n, i32(this.vectorExtent(a))), vars.get(a)!)),
        i32(0),
      );
      const join = index
        ? better(fold, name, index, value, at)
        : [assign(name, joinScalars(fold, variable(name, type), value))];
      if (!where) return [...out, ...join];
      return [...out, ifS(where, [...body, ...join])];
    };
    place.out.push(...this.vectorLoops(e, place, step));
    if (this.readsSpread(e.body))
      place.out.push(...this.arrangement.combine(fold, [index ? [name, index] : [name]], type));
    if (index) return variable(index);
    const value = variable(name, type);
    if (!e.where || type !== 'f32' || (fold !== 'max' && fold !== 'min')) return value;
    const some = fold === 'max' ? op('gt', value, f32(LOWEST)) : op('lt', value, f32(-LOWEST));
    return op('select', some, value, f32(fold === 'max' ? -Infinity : Infinity));
  }

  /** The value is spread over the lanes that share a row. */
  private readsSpread(e: Expr): boolean {
    if (e.kind === 'read') {
      const at = this.locations.get(e.name);
      if (at?.kind === 'vector') return true;
      if (at?.kind === 'inline') return this.readsSpread(at.def.value);
    }
    return children(e).some((c) => this.readsSpread(c));
  }

  private vectorLoops(
    e: ReduceExpr,
    place: Place,
    step: (vars: ReadonlyMap<string, Expr>, vectors: ReadonlyMap<string, Cell>) => Stmt[],
  ): Stmt[] {
    const [only] = e.axes;
    if (e.axes.length === 1 && this.readsSpread(e.body)) {
      const extent = this.vectorExtent(only!);
      return this.arrangement.forCells(padded(this.arrangement, extent), this.index(only!), (cell) => {
        const body = step(
          new Map([...place.vars, [only!, cell.col]]),
          new Map([...(place.vectors ?? []), [only!, cell]]),
        );
        return padded(this.arrangement, extent) === extent
          ? body
          : [ifS(op('lt', cell.col, i32(extent)), body)];
      });
    }
    const loops = (axes: readonly string[], vars: ReadonlyMap<string, Expr>): Stmt[] => {
      const [a, ...rest] = axes;
      if (a === undefined) return step(vars, new Map());
      const name = this.index(a);
      const inner = loops(rest, new Map([...vars, [a, variable(name)]]));
      const from = this.arrangement.writtenOut ? { from: OPAQUE_ZERO } : {};
      return [forS(name, { ...from, to: i32(this.vectorExtent(a)) }, inner)];
    };
    return loops(e.axes, place.vars);
  }
}

function remember(place: Place, name: string, e: Expr): Expr {
  place.cache.set(name, e);
  return e;
}

/** Keys of tensor reads that occur more than once in an expression itself. */
function repeatedReads(e: Expr): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  visit(e, (x) => {
    if (x.kind !== 'read' || x.index.length === 0) return;
    const k = key(x);
    if (seen.has(k)) repeated.add(k);
    seen.add(k);
  });
  return repeated;
}

/** Columns of a fragment for a vector: whole pieces. */
export function padded(a: Arrangement, extent: number): number {
  return Math.ceil(extent / a.columnPiece) * a.columnPiece;
}
