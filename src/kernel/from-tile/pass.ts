/** One pass over the stream: the loop over tiles, the phases inside a tile, and what is finished after it. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import {
  bool,
  children,
  constant,
  f32,
  i32,
  key,
  op,
  readNames,
  variable,
  type Expr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { identity } from '../../tile/finals.ts';
import { readsInPlace } from '../../tile/contents.ts';
import { turnsOf } from '../../tile/lane-tiles-plan.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { extents } from '../../tile/sides.ts';
import type { Operand, Pass, Step, TileDef } from '../../tile/tile.ts';
import {
  arrayS,
  assign,
  awaitS,
  BARRIER,
  comment,
  COMMIT,
  ifS,
  LANE,
  letS,
  some,
  store,
  varS,
} from '../build.ts';
import type { Stmt } from '../kernel.ts';
import { isUniform } from '../../tile/needed.ts';
import { better, joinScalars, type Cell } from './arrangement.ts';
import type { Column, Frame, TilePoint } from './frame.ts';
import { TileLoops } from './loops.ts';
import type { ColumnOperand, Matrix, RowOperand } from './matrix.ts';
import type { Loader } from './operands.ts';
import { planPhases, type Phase } from './phases.ts';
import { References } from './references.ts';
import { padded, type Place, type Scope } from './scope.ts';
import type { Tile } from './tile-layout.ts';
import type { Storer } from './stores.ts';

const WARP = 32;

type Fold = Extract<Step, { kind: 'fold' }>;
type Accumulate = Extract<Step, { kind: 'accumulate' }>;
type Reference = Extract<Step, { kind: 'reference' }>;

export class PassLowering {
  private readonly scope: Scope;
  private readonly slots: number;
  private readonly tiles = new Map<string, ColumnOperand>();
  /** Columns of the tile where they are declared once, because elements are scalars. */
  private columns: readonly Column[] = [];
  /** Every element of the tile at hand is kept. */
  private full = false;
  private readonly references: References;
  private readonly indexOf = new Map<string, string[]>();
  private readonly weightArrays = new Map<string, string>();

  constructor(
    private readonly pass: Pass,
    private readonly context: {
      readonly scope: Scope;
      readonly frame: Frame;
      readonly loader: Loader;
      readonly matrix: Matrix;
      readonly plan: StagePlan;
      readonly storer: Storer;
      readonly rowOperands: ReadonlyMap<string, RowOperand>;
      /** Other lanes bring the column operands; statements around the work on a tile count it. */
      readonly staged?: {
        readonly begin: readonly Stmt[];
        readonly end: readonly Stmt[];
        operand(o: Operand): ColumnOperand;
        /** After the last tile. */
        drain(): readonly Stmt[];
      };
    },
  ) {
    this.scope = context.scope;
    this.slots = context.scope.arrangement.rowSlots;
    const { scope, frame, plan, matrix } = context;
    this.references = new References(pass, scope, frame, plan, () => matrix.finishSums?.() ?? []);
  }

  lower(): Stmt[] {
    const { scope, frame } = this.context;
    const out: Stmt[] = this.declareCarriers();
    for (const d of this.pass.defs)
      if (d.site === 'tile') scope.locations.set(d.name, { kind: 'inline', def: d });
    const loops = new TileLoops(scope, frame, this.pass.bounds);
    const ahead = loops.numbered ? this.copiedAhead() : [];
    const { begin = [], end = [], drain } = this.context.staged ?? {};
    out.push(
      ...this.whereNeeded(
        ahead.length > 0
          ? this.pipelined(loops, ahead)
          : loops.lower((tile, full) => [...begin, ...this.tileBody(tile, full), ...end]),
      ),
    );
    out.push(...(drain?.() ?? []), ...this.combineCarriers(), ...this.references.settle());
    this.pass.finish.forEach((d) => this.finish(d, out));
    return out;
  }

  /** Tiles are visited if some row needs them; all lanes take the same way, since they wait for each other in tiles. */
  private whereNeeded(visits: readonly Stmt[]): readonly Stmt[] {
    const { needed } = this.pass;
    if (!needed) return visits;
    const { scope, frame } = this.context;
    const out: Stmt[] = [comment('some row of the workgroup needs what the tiles below make')];
    if (isUniform(needed, scope.stage)) {
      return [...out, ifS(scope.value(needed, frame.uniform(out)), visits)];
    }
    const rows = Array.from({ length: this.slots }, (_, slot) => scope.value(needed, frame.row(slot, out)));
    const name = scope.names.fresh('needed');
    out.push(some(name, simplify(rows.reduce((a, b) => op('or', a, b)))));
    return [...out, ifS(variable(name, 'bool'), visits)];
  }

  // ---- carriers

  private declareCarriers(): Stmt[] {
    const out: Stmt[] = [];
    for (const s of this.pass.steps) {
      if (s.kind === 'accumulate') {
        const columns = padded(this.scope.arrangement, this.scope.vectorExtent(s.vector));
        const array = this.scope.names.fresh(s.name);
        out.push(arrayS(array, 'f32', this.scope.arrangement.fragmentLength(columns)));
        this.scope.locations.set(s.name, { kind: 'vector', array, columns });
        continue;
      }
      const names = this.scope.perSlot(s.name);
      this.scope.locations.set(s.name, { kind: 'row', names });
      for (const n of names) out.push(varS(n, this.initial(s)));
      if (s.kind === 'fold' && isArg(s)) {
        const values = this.scope.perSlot(`${s.name}.best`);
        this.indexOf.set(s.name, values);
        for (const n of values) out.push(varS(n, constant(s.value.type, 0)));
      }
    }
    return out;
  }

  /** Partial values of a row are joined over the lanes that share it. */
  private combineCarriers(): Stmt[] {
    return this.pass.steps.flatMap((s) =>
      s.kind === 'fold' ? this.combine(s, this.scope.rowNames(s.name)) : [],
    );
  }

  private combine(s: Fold, names: readonly string[]): Stmt[] {
    const best = this.indexOf.get(s.name);
    const rows = names.map((n, slot) => (best ? [best[slot]!, n] : [n]));
    return this.scope.arrangement.combine(s.op, rows, best ? s.value.type : s.type);
  }

  private finish(d: TileDef, out: Stmt[]): void {
    if (d.vectors.length > 0) {
      this.scope.locations.set(d.name, { kind: 'inline', def: d });
      return;
    }
    emitRowDef(this.scope, this.context.frame, d, out);
  }

  // ---- a tile

  private tileBody(first: TilePoint, full: Expr): Stmt[] {
    const { plan } = this.context;
    const out: Stmt[] = [];
    if (readsInPlace(plan)) this.directOperands(first, out);
    else this.loadOperands(first, this.pass.operands, out);
    out.push(...this.scores(first, full));
    return out;
  }

  /** All that is done with a tile whose operands are there. */
  private scores(first: TilePoint, full: Expr): Stmt[] {
    const { plan, matrix } = this.context;
    const out = [...this.contractions(), ...this.loadTurns(first)];
    const apart = plan.fullTiles === 'apart' && full.kind !== 'const';
    if (this.pass.steps.length === 0) this.full = full.kind === 'const' && full.value !== 0;
    else if (apart && matrix.inPieces) out.push(...this.phases(first, full));
    else if (apart) out.push(ifS(full, this.phases(first, true), this.phases(first, false)));
    else out.push(...this.phases(first, full.kind === 'const' && full.value !== 0));
    if (this.pass.stores.length > 0) out.push(...this.tileStores(first));
    return plan.spare ? [ifS(this.hasRows(), out)] : out;
  }

  /** Some row of the warp exists. */
  private hasRows(): Expr {
    const { plan, frame, scope } = this.context;
    const own = op('mul', op('quot', LANE, i32(WARP)), i32(plan.feed?.rowsPerWarp ?? 16));
    return simplify(op('lt', op('add', frame.firstRow(), own), extents(scope.stage.row)));
  }

  /** All that is done with the scores of a tile; when it is full, no element is tested. */
  private phases(first: TilePoint, full: boolean | Expr): Stmt[] {
    this.full = full === true;
    this.weightArrays.clear();
    this.context.matrix.beginTile?.();
    return planPhases(this.pass.steps).flatMap((phase) => this.phase(phase, first, full));
  }

  /** Nothing is loaded: columns are declared, and column values are computed where they are used. */
  private directOperands(first: TilePoint, out: Stmt[]): void {
    const { loader, frame, plan } = this.context;
    for (const d of this.pass.defs)
      if (d.site === 'col') this.scope.locations.set(d.name, { kind: 'inline', def: d });
    this.columns = Array.from({ length: plan.blockN }, (_, c) => frame.column(first, i32(c), out));
    const places = this.columns.map((c, n): Place => ({ out, vars: c.vars, col: i32(n), cache: new Map() }));
    // Column values are shared by all that the column takes part in.
    for (const d of this.pass.defs)
      if (d.site === 'col')
        for (const p of places) this.scope.emit({ kind: 'read', type: d.type, name: d.name, index: [] }, p);
    this.known = places.map((p) => Array.from({ length: this.slots }, () => p.cache));
    const apart = this.pass.operands.filter((o) => o.site === 'tile');
    const elements = apart.length > 0 ? this.directElements(apart, out) : [];
    for (const o of this.pass.operands)
      this.tiles.set(
        o.name,
        o.site === 'tile' ? loader.directElements(o, elements) : loader.directColumns(o, places),
      );
  }

  /** The elements of the tile, with what operands that they have for themselves read of them: once for a whole vector. */
  private directElements(apart: readonly Operand[], out: Stmt[]): readonly (readonly Place[])[] {
    const { frame } = this.context;
    const read = new Set(apart.flatMap((o) => [...readNames(o.value)]));
    const places = this.columns.map((column, c) =>
      Array.from({ length: this.slots }, (_, slot): Place => {
        const { vars, ...row } = frame.row(slot, out);
        const cache = new Map(this.known[c]![slot]);
        return { ...row, vars: new Map([...column.vars, ...vars]), col: i32(c), cache };
      }),
    );
    for (const d of this.pass.defs)
      if (d.site === 'tile' && read.has(d.name))
        for (const p of places.flat())
          this.scope.emit({ kind: 'read', type: d.type, name: d.name, index: [] }, p);
    this.known = places.map((slots) => slots.map((p) => p.cache));
    return places;
  }

  /** Values that are known of the elements of a tile whose columns are declared once, by column and slot. */
  private known: readonly (readonly Map<string, Expr>[])[] = [];

  /** Operands that are copied as they are, while tiles before are worked on. */
  private copiedAhead(): readonly Operand[] {
    const { plan, loader } = this.context;
    return (plan.feed?.depth ?? 1) > 1 ? this.pass.operands.filter((o) => loader.copied(o)) : [];
  }

  /**
   * Copies run `depth` − 1 tiles ahead. A turn waits for its own tile, and its barrier shows it to all lanes; the same
   * barrier lets the place of the tile before be filled again, since every lane has left that tile.
   */
  private pipelined(loops: TileLoops, ahead: readonly Operand[]): Stmt[] {
    const { loader, plan } = this.context;
    const depth = plan.feed!.depth;
    const before = loader.used ? [BARRIER] : [];
    const tiles = new Map(ahead.map((o) => [o, loader.reserveColumns(o, depth)]));
    const at = (t: Tile, place: Expr): Tile => ({
      ...t,
      first: simplify(op('mul', place, i32(plan.blockN * t.stride))),
    });
    const start = (first: TilePoint, place: Expr): Stmt[] =>
      ahead.map((o) => loader.copyColumns(o, at(tiles.get(o)!, place), first));
    const rest = this.pass.operands.filter((o) => !tiles.has(o));
    const body = (first: TilePoint, full: Expr, place: Expr): Stmt[] => {
      const out: Stmt[] = [];
      for (const [o, t] of tiles) this.tiles.set(o.name, at(t, place));
      this.loadNow(first, rest, out);
      return [...out, ...this.scores(first, full)];
    };
    return [...before, ...loops.ahead(depth, start, body)];
  }

  private loadOperands(first: TilePoint, operands: readonly Operand[], out: Stmt[]): void {
    const { staged } = this.context;
    if (staged) {
      for (const o of operands) this.tiles.set(o.name, staged.operand(o));
      return;
    }
    const columnDefs = this.pass.defs.filter((d) => d.site === 'col');
    if (columnDefs.length + operands.length > 0) out.push(BARRIER);
    this.loadNow(first, operands, out);
  }

  /** Loads column values and operands of a tile whose place all lanes have left; a barrier shows them to all lanes. */
  private loadNow(first: TilePoint, operands: readonly Operand[], out: Stmt[]): void {
    const { loader } = this.context;
    const columnDefs = this.pass.defs.filter((d) => d.site === 'col');
    for (const d of columnDefs) {
      const array = loader.reserveColumnValue(d);
      out.push(loader.columnValue(d, array, first));
      this.scope.locations.set(d.name, { kind: 'col', shared: array });
    }
    // Operands may read column values that another lane wrote.
    if (columnDefs.length > 0 && operands.length > 0) out.push(BARRIER);
    const copied = operands.filter((o) => loader.copied(o));
    const turns = this.context.matrix.inPieces ? turnsOf(this.pass) : undefined;
    for (const o of turns?.first ?? operands) {
      const t = turns ? loader.reserveTurn(o, turns.array.get(o)!) : loader.reserveColumns(o);
      this.tiles.set(o.name, t);
      out.push(copied.includes(o) ? loader.copyColumns(o, t, first) : loader.loadColumns(o, t, first));
    }
    if (copied.length > 0) out.push(COMMIT, awaitS(0));
    if (columnDefs.length + operands.length > 0) out.push(BARRIER);
  }

  /** Operands of sums that follow those of the contractions in the same arrays, where they are loaded in turns. */
  private loadTurns(first: TilePoint): Stmt[] {
    const { loader, matrix } = this.context;
    const { later, array } = turnsOf(this.pass);
    if (!matrix.inPieces || later.length === 0) return [];
    const out: Stmt[] = [BARRIER];
    for (const o of later) {
      const t = loader.reserveTurn(o, array.get(o)!);
      this.tiles.set(o.name, t);
      out.push(loader.loadColumns(o, t, first));
    }
    // Nothing reads them before lanes have shown each other their weights, behind a barrier.
    return out;
  }

  private contractions(): Stmt[] {
    const { matrix, rowOperands, plan } = this.context;
    return this.pass.contractions.flatMap((c) => {
      const array = this.scope.names.fresh(c.name);
      this.scope.locations.set(c.name, { kind: 'fragment', array });
      return [
        arrayS(array, c.type, this.scope.arrangement.fragmentLength(plan.blockN)),
        ...matrix.scores(array, rowOperands.get(c.rows)!, this.tiles.get(c.cols)!, (b) =>
          this.scope.index(b),
        ),
      ];
    });
  }

  /** @param full where it is not known, elements alone have code of their own for full tiles */
  private phase(phase: Phase, first: TilePoint, full: boolean | Expr): Stmt[] {
    const out = this.references.move(phase.references);
    if (phase.carriers.length === 0) return out;
    for (const s of phase.carriers) if (s.kind === 'accumulate') out.push(...this.declareWeights(s));
    const cells = (): Stmt[] => this.eachCell(first, (place, inside) => this.visit(phase, place, inside));
    if (typeof full === 'boolean') out.push(...cells());
    else {
      this.full = true;
      const then = cells();
      this.full = false;
      out.push(ifS(full, then, cells()));
    }
    for (const s of phase.carriers) if (s.kind === 'accumulate') out.push(...this.accumulate(s));
    return out;
  }

  private eachCell(first: TilePoint, body: (place: Place, inside: Expr) => void): Stmt[] {
    const { frame, plan } = this.context;
    return this.scope.arrangement.forTile(plan.blockN, this.scope.index('c'), (cell: Cell) => {
      const out: Stmt[] = [];
      const declared = cell.col.kind === 'const' ? this.columns[cell.col.value] : undefined;
      const { position, vars, inside } = declared ?? frame.column(first, cell.col, out);
      const known = cell.col.kind === 'const' ? this.known[cell.col.value] : undefined;
      const all = new Map([...vars, [POSITION, position]]);
      for (let slot = 0; slot < this.slots; slot++)
        body({ ...frame.cell(slot, cell, all, out), cache: new Map(known?.[slot]) }, inside);
      return out;
    });
  }

  private tileStores(first: TilePoint): Stmt[] {
    const { storer } = this.context;
    return this.eachCell(first, (place, inside) => {
      for (const s of this.pass.stores)
        storer.element(s, place, s.keep === undefined ? inside : this.keep(s.keep, place, inside));
    });
  }

  // ---- the visit of one element

  private visit(phase: Phase, place: Place, inside: Expr): void {
    for (const s of phase.carriers) {
      const keep = this.keep(s.keep, place, inside);
      if (s.kind === 'accumulate') {
        const value = this.kept(s.weight, keep, 0, s.keep, place);
        place.out.push(store(this.weightArrays.get(s.name)!, place.cell!.at(place.slot!), value));
      } else this.fold(s, keep, place);
    }
  }

  private keep(name: string, place: Place, inside: Expr): Expr {
    if (this.full) return bool(true);
    const cached = place.cache.get(name);
    if (cached) return cached;
    const { where } = this.pass.keeps.find((k) => k.name === name)!;
    const value = where ? simplify(op('and', inside, this.scope.emit(where, place))) : inside;
    const local = this.scope.names.fresh(name);
    place.out.push(letS(local, value));
    const result = variable(local, 'bool');
    place.cache.set(name, result);
    return result;
  }

  /** The value where the element is kept, else `otherwise`; computed once for equal values. */
  private kept(value: Expr, keep: Expr, otherwise: number, keepName: string, place: Place): Expr {
    const id = `?${keepName}:${otherwise}:${key(value)}`;
    const cached = place.cache.get(id);
    if (cached) return cached;
    const inner = this.scope.value(value, place);
    const x = simplify(op('select', keep, inner, constant(value.type, otherwise)));
    const name = this.scope.names.fresh(children(value).length > 0 ? 'weight' : 'kept');
    place.out.push(letS(name, x));
    const result = variable(name, value.type);
    place.cache.set(id, result);
    return result;
  }

  private fold(s: Fold, keep: Expr, place: Place): void {
    const name = this.scope.rowNames(s.name)[place.slot!]!;
    const carrier = variable(name, s.type);
    if (isArg(s)) {
      const best = this.indexOf.get(s.name)![place.slot!]!;
      const inner: Stmt[] = [];
      const candidate = this.scope.emit(s.value, { ...place, out: inner, cache: new Map(place.cache) });
      const at = place.vars.get(POSITION)!;
      const take = [...inner, ...better(s.op, best, name, candidate, at)];
      place.out.push(...(keep.kind === 'const' ? take : [ifS(keep, take)]));
      return;
    }
    if (s.op === 'any') {
      const value = s.value.kind === 'const' ? keep : op('and', keep, this.scope.emit(s.value, place));
      place.out.push(assign(name, simplify(op('or', carrier, simplify(value)))));
      return;
    }
    const value = this.kept(s.value, keep, identity(s.op, s.type), s.keep, place);
    place.out.push(assign(name, joinScalars(s.op, carrier, value)));
  }

  private declareWeights(s: Accumulate): Stmt[] {
    const id = `${s.keep}:${key(s.weight)}`;
    const twin = this.weightArrays.get(id);
    const array = twin ?? this.scope.names.fresh('weights');
    this.weightArrays.set(id, array);
    this.weightArrays.set(s.name, array);
    return twin
      ? []
      : [arrayS(array, 'f32', this.scope.arrangement.fragmentLength(this.context.plan.blockN))];
  }

  private initial(s: Fold | Reference): Expr {
    return s.kind === 'reference' ? f32(this.references.initial()) : constant(s.type, identity(s.op, s.type));
  }

  private accumulate(s: Accumulate): Stmt[] {
    const at = this.scope.locations.get(s.name);
    if (at?.kind !== 'vector') throw new CompilerBug('kernel/from-tile', `${s.name} is not a vector carrier`);
    const { matrix } = this.context;
    return matrix.aggregate(at.array, this.weightArrays.get(s.name)!, this.tiles.get(s.operand)!, (b) =>
      this.scope.index(b),
    );
  }
}

const POSITION = '<position>';
const isArg = (s: Fold): boolean => s.op === 'argmax' || s.op === 'argmin';

/** A row or uniform value: once per row slot, or once for the workgroup. */
export function emitRowDef(scope: Scope, frame: Frame, d: TileDef, out: Stmt[]): void {
  if (d.site === 'uniform') {
    const name = scope.names.fresh(d.name);
    out.push(letS(name, scope.value(d.value, frame.uniform(out))));
    scope.locations.set(d.name, { kind: 'uniform', name });
    return;
  }
  const slots = scope.arrangement.rowSlots;
  const names = Array.from({ length: slots }, (_, n) =>
    scope.names.fresh(slots > 1 ? `${d.name}_${n}` : d.name),
  );
  for (const [slot, name] of names.entries()) {
    const value = scope.value(d.value, frame.row(slot, out));
    out.push(letS(name, value));
  }
  scope.locations.set(d.name, { kind: 'row', names });
}
