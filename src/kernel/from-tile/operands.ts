/** Loads operands and column values of a tile: each element once, its transform applied on the way. */
import { constant, i32, op, variable, visit, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StorageType } from '../../expr/types.ts';
import type { Operand, TileDef } from '../../tile/tile.ts';
import { arrayS, awaitS, COMMIT, copyS, forS, ifS, LANE, letS, store } from '../build.ts';
import type { SharedArray, Stmt } from '../kernel.ts';
import type { Frame, TilePoint } from './frame.ts';
import { loadFragments } from './fragments.ts';
import { plainRows } from './plain-rows.ts';
import type { DirectOperand, Matrix, RowOperand } from './matrix.ts';
import { loadPieces } from './pieces.ts';
import type { Place, Scope } from './scope.ts';
import { PRODUCTS } from '../products.ts';
import { integerAt, lengthOf, productOf } from './words.ts';
import { operandContent } from '../../tile/contents.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { elementAt, pieceOf, pieceStart, wholeRows, type Tile } from './tile-layout.ts';

export class Loader {
  readonly shared: SharedArray[] = [];

  constructor(
    private readonly scope: Scope,
    private readonly frame: Frame,
    private readonly matrix: Matrix,
    private readonly plan: StagePlan,
  ) {}

  /** Arrays by what they hold: passes run one after another, so a later one takes the array again. */
  private readonly byContent = new Map<string, string>();

  /** Some array may still be read by lanes that are behind. */
  get used(): boolean {
    return this.shared.length > 0;
  }

  private share(content: string, base: string, storage: StorageType, length: number): string {
    const known = this.byContent.get(content);
    if (known) return known;
    const name = this.scope.names.fresh(base);
    this.shared.push({ name, storage, length });
    this.byContent.set(content, name);
    return name;
  }

  private tile(o: Operand, rows: number, depth = 1): Tile {
    const t = this.layout(o);
    const length = rows * t.stride * depth;
    return { ...t, array: this.share(operandContent(o), operandName(o), this.held(t), length) };
  }

  /** How an operand lies in memory. */
  private layout(o: Operand): Tile {
    const extent = this.scope.vectorExtent(o.vector);
    const of = productOf(o);
    if (of === 'f32') return this.matrix.tile('', extent);
    if (this.matrix.holdsBytes && (o.storage === 'i8' || o.storage === 'u8'))
      return this.matrix.tile('', extent, o.storage);
    const length = lengthOf(extent, of);
    return { ...(this.matrix.integerTile?.(length) ?? wholeRows('', length)), of };
  }

  private held(t: Tile): StorageType {
    if (t.bytes) return t.bytes;
    const type = PRODUCTS[t.of ?? 'f32'].element;
    return type === 'f32' ? this.matrix.storage : type;
  }

  /** Loops over the elements of a rows × columns tile, shared out between the lanes. */
  private cooperative(rows: number, columns: number, body: (row: Expr, col: Expr) => Stmt[]): Stmt {
    const name = this.scope.index('element');
    const [row, col] = [this.scope.index('tile_row'), this.scope.index('tile_col')];
    const at = variable(name);
    return forS(name, { from: LANE, to: i32(rows * columns), step: i32(this.plan.lanes) }, [
      letS(row, op('quot', at, i32(columns))),
      letS(col, op('rem', at, i32(columns))),
      ...body(variable(row), variable(col)),
    ]);
  }

  /** Stores `value` or, past the vector's end, the zero that pads it. */
  private storeElement(
    t: Tile,
    o: Operand,
    row: Expr,
    col: Expr,
    out: Stmt[],
    value: (into: Stmt[]) => Expr,
  ): Stmt[] {
    const index = elementAt(t, row, col);
    const extent = this.scope.vectorExtent(o.vector);
    if (extent === t.columns) {
      const x = value(out);
      return [...out, store(t.array, index, x)];
    }
    const then: Stmt[] = [];
    const x = value(then);
    return [
      ...out,
      ifS(
        op('lt', col, i32(extent)),
        [...then, store(t.array, index, x)],
        [store(t.array, index, constant(o.value.type, 0))],
      ),
    ];
  }

  /** A column operand: reserved once per pass, loaded for every tile. `depth` tiles lie one after another. */
  reserveColumns(o: Operand, depth = 1): Tile {
    return this.tile(o, this.plan.blockN, depth);
  }

  /**
   * A column operand whose array others take as well, one after another.
   * @param turn number of the array
   */
  reserveTurn(o: Operand, turn: number): Tile {
    const t = this.layout(o);
    const length = this.plan.blockN * t.stride;
    const array = this.share(`turn ${turn}`, 'tile', this.held(t), length);
    const at = this.shared.findIndex((s) => s.name === array);
    const known = this.shared[at]!;
    if (known.length < length) this.shared[at] = { ...known, length };
    return { ...t, array };
  }

  /** The tensor holds the operand as it is, in rows that can be copied 16 bytes at a time. */
  copied(o: Operand): boolean {
    // Places that the pass computes for each column are not known when copies of its tile start.
    let gathered = false;
    visit(o.value, (e) => {
      if (e.kind === 'read' && !this.scope.tensor(e.name)) gathered = true;
    });
    if (gathered) return false;
    const t = this.layout(o);
    const plain = plainRows(this.scope, o, this.held(t));
    return this.matrix.rows !== 'own' && !this.matrix.inPieces && plain !== undefined && t.columns === plain;
  }

  /** Starts copies of a tile of a copied operand; each lane waits for its own. */
  copyColumns(o: Operand, t: Tile, tileFirst: TilePoint): Stmt {
    return this.copy(o, t, this.plan.blockN, (row, out) => this.frame.column(tileFirst, row, out).vars);
  }

  private copy(
    o: Operand,
    t: Tile,
    rows: number,
    rowAt: (row: Expr, out: Stmt[]) => ReadonlyMap<string, Expr>,
  ): Stmt {
    const { lanes } = this.plan;
    const pieces = t.columns / pieceOf(t);
    const [name, row, piece] = [
      this.scope.index('part'),
      this.scope.index('tile_row'),
      this.scope.index('piece'),
    ];
    const even = (rows * pieces) % lanes === 0 && lanes % pieces === 0;
    const at = even ? LANE : variable(name);
    const own = simplify(op('quot', at, i32(pieces)));
    // Where the lanes take whole rows at a time, a lane's piece and its row modulo 8 are the same each time.
    const further = even ? lanes / pieces : 0;
    const body: Stmt[] = [
      letS(row, even ? op('add', op('mul', variable(name), i32(further)), own) : own),
      letS(piece, op('rem', at, i32(pieces))),
    ];
    const phase = op('rem', even && further % 8 === 0 ? own : variable(row), i32(8));
    const vars = rowAt(variable(row), body);
    const col = simplify(op('mul', variable(piece), i32(pieceOf(t))));
    const place = { out: body, vars: new Map([...vars, [o.vector, col]]), cache: new Map<string, Expr>() };
    const source = this.scope.element(o.value, place);
    body.push(
      copyS({ shared: t.array, index: pieceStart(t, variable(row), phase, variable(piece)), ...source }),
    );
    // Loops of a known length are unrolled, so that what does not change is computed once.
    return even
      ? forS(name, { to: i32((rows * pieces) / lanes), unroll: true }, body)
      : forS(name, { from: LANE, to: i32(rows * pieces), step: i32(lanes) }, body);
  }

  loadColumns(o: Operand, t: Tile, tileFirst: TilePoint): Stmt {
    if (t.of)
      return this.loadIntegers(o, t, this.plan.blockN, (row, out) => ({
        vars: this.frame.column(tileFirst, row, out).vars,
        col: row,
      }));
    if (this.matrix.inPieces)
      return loadPieces(this.scope, {
        operand: o,
        tile: t,
        rows: this.plan.blockN,
        lanes: this.plan.lanes,
        rowAt: (row, out) => this.frame.column(tileFirst, row, out).vars,
        columns: true,
        elementwise: this.matrix.elementwise === true,
      });
    return this.cooperative(this.plan.blockN, t.columns, (row, col) => {
      const out: Stmt[] = [];
      const { vars } = this.frame.column(tileFirst, row, out);
      return [
        ...out,
        ...this.storeElement(t, o, row, col, [], (into) => {
          const place = { out: into, vars: new Map([...vars, [o.vector, col]]), col: row, cache: new Map() };
          return this.scope.value(o.value, place);
        }),
      ];
    });
  }

  /** Integers or words of rows × columns, shared out between the lanes. */
  private loadIntegers(
    o: Operand,
    t: Tile,
    rows: number,
    rowAt: (row: Expr, out: Stmt[]) => Pick<Place, 'vars' | 'col'>,
  ): Stmt {
    return this.cooperative(rows, t.columns, (row, k) => {
      const out: Stmt[] = [];
      const place = rowAt(row, out);
      const value = integerAt(this.scope, o, k, (x) => ({
        ...place,
        out,
        vars: new Map([...place.vars, [o.vector, x]]),
        cache: new Map(),
      }));
      return [...out, store(t.array, elementAt(t, row, k), value)];
    });
  }

  /** A column operand read in place; `places` are the columns of the tile, declared once per tile. */
  directColumns(o: Operand, places: readonly Place[]): DirectOperand {
    const of = productOf(o);
    return {
      kind: 'direct',
      columns: lengthOf(this.scope.vectorExtent(o.vector), of),
      ...(of === 'f32' ? {} : { of }),
      value: (col, k, out) => {
        const place = places[col]!;
        const at = (x: Expr): Place => ({
          ...place,
          out,
          vars: new Map([...place.vars, [o.vector, x]]),
          cache: new Map(),
        });
        return of === 'f32' ? this.scope.value(o.value, at(k)) : integerAt(this.scope, o, k, at);
      },
    };
  }

  /** An operand that each element of the tile has for itself; `places` are those elements, by column and slot. */
  directElements(o: Operand, places: readonly (readonly Place[])[]): DirectOperand {
    return {
      kind: 'direct',
      columns: this.scope.vectorExtent(o.vector),
      apart: true,
      value: (col, k, out, slot = 0) => {
        const { vars, cache, ...place } = places[col]![slot]!;
        return this.scope.value(o.value, {
          ...place,
          out,
          vars: new Map([...vars, [o.vector, k]]),
          cache: new Map(cache),
        });
      },
    };
  }

  loadRows(o: Operand): { readonly rows: RowOperand; readonly stmts: Stmt[] } {
    switch (this.matrix.rows) {
      case 'own':
        return this.loadLaneRows(o);
      case 'shared':
        return this.loadSharedRows(o);
      case 'fragments': {
        const t = { ...this.layout(o), array: this.scope.names.fresh(operandName(o)) };
        const stmts = loadFragments(this.scope, this.frame, o, t, this.matrix.storage);
        return { rows: { kind: 'fragments', array: t.array, words: (2 * t.columns) / pieceOf(t) }, stmts };
      }
    }
  }

  private loadLaneRows(o: Operand): { readonly rows: RowOperand; readonly stmts: Stmt[] } {
    const of = productOf(o);
    const extent = lengthOf(this.scope.vectorExtent(o.vector), of);
    const slots = this.scope.arrangement.rowSlots;
    const array = this.scope.names.fresh(operandName(o));
    const name = this.scope.index(o.vector);
    const body: Stmt[] = [];
    for (let slot = 0; slot < slots; slot++) {
      const place = this.frame.row(slot, body);
      const element = (k: Expr): Place => ({ ...place, vars: new Map([...place.vars, [o.vector, k]]) });
      const value =
        of === 'f32'
          ? this.scope.value(o.value, element(variable(name)))
          : integerAt(this.scope, o, variable(name), (k) => ({ ...element(k), cache: new Map(place.cache) }));
      const at = slot === 0 ? variable(name) : op('add', i32(slot * extent), variable(name));
      body.push(store(array, at, value));
    }
    const { element } = PRODUCTS[of];
    const stmts = [
      arrayS(array, element, slots * extent),
      forS(name, { to: i32(extent), unroll: true }, body),
    ];
    return { rows: { ...this.layout(o), array }, stmts };
  }

  /** Rows in workgroup memory; `frame.rowAt` gives the coordinates of any row of the block. */
  private loadSharedRows(o: Operand): { readonly rows: RowOperand; readonly stmts: Stmt[] } {
    const t = this.tile(o, this.plan.blockM);
    if (t.of) {
      const rowAt = (row: Expr, out: Stmt[]) => ({ vars: this.frame.rowAt(row, out) });
      return { rows: t, stmts: [this.loadIntegers(o, t, this.plan.blockM, rowAt)] };
    }
    if (this.matrix.inPieces) {
      const load = loadPieces(this.scope, {
        operand: o,
        tile: t,
        rows: this.plan.blockM,
        lanes: this.plan.lanes,
        rowAt: (row, out) => this.frame.rowAt(row, out),
        columns: false,
        elementwise: this.matrix.elementwise === true,
      });
      return { rows: t, stmts: [load] };
    }
    if (this.copied(o)) {
      const load = this.copy(o, t, this.plan.blockM, (row, out) => this.frame.rowAt(row, out));
      return { rows: t, stmts: [load, COMMIT, awaitS(0)] };
    }
    const loop = this.cooperative(this.plan.blockM, t.columns, (row, col) => {
      const out: Stmt[] = [];
      const vars = this.frame.rowAt(row, out);
      return [
        ...out,
        ...this.storeElement(t, o, row, col, [], (into) => {
          const place = { out: into, vars: new Map([...vars, [o.vector, col]]), cache: new Map() };
          return this.scope.value(o.value, place);
        }),
      ];
    });
    return { rows: t, stmts: [loop] };
  }

  /** A value per column, computed by one lane and seen by all. */
  columnValue(d: TileDef, array: string, tileFirst: TilePoint): Stmt {
    const name = this.scope.index('tile_col');
    const out: Stmt[] = [];
    const { vars } = this.frame.column(tileFirst, variable(name), out);
    const place = { out, vars, col: variable(name), cache: new Map() };
    const value = this.scope.value(d.value, place);
    const held: Expr = d.type === 'bool' ? { kind: 'op', type: 'u32', op: 'cast', args: [value] } : value;
    out.push(store(array, variable(name), held));
    return forS(name, { from: LANE, to: i32(this.plan.blockN), step: i32(this.plan.lanes) }, out);
  }

  /** Truth values are held as 0 and 1. */
  reserveColumnValue(d: TileDef): string {
    const storage: StorageType = d.type === 'bool' ? 'u32' : d.type;
    const array = this.share(d.name, d.name, storage, this.plan.blockN);
    return array;
  }
}

/** Named after the tensor that the operand reads, if it reads one. */
function operandName(o: Operand): string {
  let found: string | undefined;
  const look = (e: Expr): void => {
    if (e.kind === 'read' && e.index.length > 0) found ??= e.name;
    if (e.kind === 'op') e.args.forEach(look);
  };
  look(o.value);
  return `${found ?? o.name}_${o.site === 'row' ? 'rows' : 'tile'}`;
}
