/** Coordinates: workgroup → batch axes and block of rows; lane and slot → row axes; tile and column → stream axes. */
import { i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Box, Range } from '../../expr/interval.ts';
import type { StagePlan } from '../../tile/plan.ts';
import type { TileAxis } from '../../tile/tile.ts';
import { letS, WORKGROUP } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Cell } from './arrangement.ts';
import type { Place, Scope } from './scope.ts';

const extents = (axes: readonly TileAxis[]): Expr =>
  simplify(axes.map((a) => a.extent).reduce<Expr>((a, b) => op('mul', a, b), i32(1)));

export class Frame {
  readonly rows: Expr;
  readonly columns: Expr;
  private readonly batchVars = new Map<string, Expr>();
  private readonly rowVars: Map<string, Expr>[] = [];
  private readonly rowInside: Expr[] = [];
  private readonly rowFirst: Expr;
  readonly prologue: Stmt[] = [];

  constructor(
    private readonly scope: Scope,
    private readonly plan: StagePlan,
  ) {
    const { stage } = scope;
    this.rows = extents(stage.row);
    this.columns = extents(stage.stream);
    const blocks = this.blocks();
    const first = scope.index('row_first');
    this.rowFirst = variable(first);
    const single = blocks.kind === 'const' && blocks.value === 1;
    const block = single ? i32(0) : op('rem', WORKGROUP, blocks);
    this.prologue.push(letS(first, simplify(op('mul', block, i32(plan.blockM)))));
    const rest = single ? WORKGROUP : op('quot', WORKGROUP, blocks);
    this.decode(stage.batch, rest, this.batchVars, this.prologue);
    this.prologue.push(...scope.arrangement.prelude);
    for (let slot = 0; slot < scope.arrangement.rowSlots; slot++) this.declareRow(slot);
  }

  /** Number of blocks of rows. */
  private blocks(): Expr {
    const { blockM } = this.plan;
    if (this.rows.kind === 'const') return i32(Math.ceil(this.rows.value / blockM));
    return op('quot', op('add', this.rows, i32(blockM - 1)), i32(blockM));
  }

  grid(): Expr {
    return simplify(op('mul', extents(this.scope.stage.batch), this.blocks()));
  }

  private declareRow(slot: number): void {
    const suffix = this.scope.arrangement.rowSlots > 1 ? `_${slot}` : '';
    const name = this.scope.index(`row${suffix}`);
    const row = variable(name);
    this.prologue.push(letS(name, op('add', this.rowFirst, this.scope.arrangement.rowOf(slot))));
    this.rowInside.push(op('lt', row, this.rows));
    const vars = new Map<string, Expr>();
    // Rows past the end repeat the last one, so that every read is inside; they are not stored.
    const clamped = simplify(op('min', row, simplify(op('sub', this.rows, i32(1)))));
    this.decode(this.scope.stage.row, clamped, vars, this.prologue, suffix);
    this.rowVars.push(vars);
  }

  /** Row-major coordinates of a flat position; the last axis moves fastest. */
  private decode(
    axes: readonly TileAxis[],
    flat: Expr,
    into: Map<string, Expr>,
    out: Stmt[],
    suffix = '',
  ): void {
    let rest = flat;
    for (const [n, a] of [...axes].reverse().entries()) {
      const last = n === axes.length - 1;
      const name = this.scope.index(`${a.name}${suffix}`);
      out.push(letS(name, last ? rest : op('rem', rest, a.extent)));
      into.set(a.name, variable(name));
      if (!last) rest = op('quot', rest, a.extent);
    }
  }

  /** Coordinates of any row of the block, for loads that the lanes share. */
  rowAt(row: Expr, out: Stmt[]): Map<string, Expr> {
    const vars = new Map<string, Expr>(this.batchVars);
    const last = simplify(op('sub', this.rows, i32(1)));
    this.decode(this.scope.stage.row, simplify(op('min', op('add', this.rowFirst, row), last)), vars, out);
    return vars;
  }

  inside(slot: number): Expr {
    return this.rowInside[slot]!;
  }

  /** A place that sees the workgroup only. */
  uniform(out: Stmt[]): Place {
    return { out, vars: this.batchVars, cache: new Map() };
  }

  row(slot: number, out: Stmt[]): Place {
    return { out, vars: new Map([...this.batchVars, ...this.rowVars[slot]!]), slot, cache: new Map() };
  }

  /** Columns of a tile: declares the stream axes for column `col` (within the tile) in `out`. */
  column(tile: Expr, col: Expr, out: Stmt[]): { readonly position: Expr; readonly vars: Map<string, Expr> } {
    const name = this.scope.index('column');
    out.push(letS(name, op('add', tile, col)));
    const position = variable(name);
    const vars = new Map<string, Expr>(this.batchVars);
    const clamped = simplify(op('min', position, simplify(op('sub', this.columns, i32(1)))));
    this.decode(this.scope.stage.stream, clamped, vars, out);
    return { position, vars };
  }

  cell(slot: number, cell: Cell, vars: ReadonlyMap<string, Expr>, out: Stmt[]): Place {
    return {
      out,
      vars: new Map([...vars, ...this.rowVars[slot]!]),
      slot,
      cell,
      col: cell.col,
      cache: new Map(),
    };
  }

  /** What the axes can be in one tile, for interval analysis: by axis name, over kernel variables. */
  box(tile: Expr): Box {
    const box = new Map<string, Range>();
    const last = (first: Expr, block: number, total: Expr): Expr =>
      simplify(op('sub', op('min', op('add', first, i32(block)), total), i32(1)));
    this.ranges(this.scope.stage.row, this.rowFirst, last(this.rowFirst, this.plan.blockM, this.rows), box);
    this.ranges(this.scope.stage.stream, tile, last(tile, this.plan.blockN, this.columns), box);
    return box;
  }

  private ranges(axes: readonly TileAxis[], lo: Expr, hi: Expr, box: Map<string, Range>): void {
    for (const [n, a] of axes.entries()) {
      if (n > 0) {
        box.set(a.name, { lo: i32(0), hi: simplify(op('sub', a.extent, i32(1))) });
        continue;
      }
      const inner = extents(axes.slice(1));
      box.set(a.name, { lo: simplify(op('quot', lo, inner)), hi: simplify(op('quot', hi, inner)) });
    }
  }
}
