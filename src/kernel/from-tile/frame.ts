/** Coordinates: workgroup → batch axes and block of rows; lane and slot → row axes; tile and column → stream axes. */
import { i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { decode, endsOf, extents, firstOf } from '../../tile/sides.ts';
import { letS, WORKGROUP } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Cell } from './arrangement.ts';
import type { Place, Scope } from './scope.ts';
import { Side } from './side.ts';

/** First positions of a tile of the stream, one per loop. */
export type TilePoint = readonly Expr[];

/** Members of the batch that go through their blocks of rows together. */
const SECTION = 16;

export interface Column {
  readonly position: Expr;
  readonly inside: Expr;
  readonly vars: Map<string, Expr>;
}

export class Frame {
  readonly stream: Side;
  private readonly rows: Side;
  private readonly batchVars = new Map<string, Expr>();
  private readonly rowVars: Map<string, Expr>[] = [];
  private readonly rowInside: Expr[] = [];
  private readonly rowFirsts: readonly Expr[];
  /** Ends of the block of rows, under the names that bounds use. */
  readonly rowEnds: ReadonlyMap<string, Expr>;
  readonly prologue: Stmt[] = [];

  constructor(
    private readonly scope: Scope,
    private readonly plan: StagePlan,
  ) {
    const { stage } = scope;
    const fresh = (base: string): string => scope.index(base);
    this.rows = new Side(stage.row, plan.blockM, plan.rowShape, fresh);
    this.stream = new Side(stage.stream, plan.blockN, plan.streamShape, fresh);
    const tiles = this.declareBlock();
    this.rowFirsts = this.rows.loops.map((l, n) => {
      const name = scope.index(this.rows.boxed ? `${l.axis}_first` : 'row_first');
      this.prologue.push(letS(name, firstOf(l, tiles[n]!)));
      return variable(name);
    });
    this.rowEnds = new Map(this.rows.loops.flatMap((l, n) => [...endsOf(l, this.rowFirsts[n]!, tiles[n]!)]));
    this.prologue.push(...scope.arrangement.prelude);
    for (let slot = 0; slot < scope.arrangement.rowSlots; slot++) this.declareRow(slot);
  }

  /** Numbers of the block of rows, and the batch axes, from the workgroup's number. */
  private declareBlock(): Expr[] {
    const { stage } = this.scope;
    let rest = this.blockNumber();
    const tiles = [...this.rows.loops].reverse().map((l): Expr => {
      if (l.tiles.kind === 'const' && l.tiles.value === 1) return i32(0);
      const tile = op('rem', rest, l.tiles);
      rest = op('quot', rest, l.tiles);
      return tile;
    });
    decode(stage.batch, rest, (a, e) => {
      const name = this.scope.index(a);
      this.prologue.push(letS(name, e));
      this.batchVars.set(a, variable(name));
    });
    return tiles.reverse();
  }

  /**
   * The number of a block of rows of a batch member, blocks fastest. In descending order a section of batch members goes
   * through its blocks together, the last ones first: members that read the same keys are neighbours, and the keys of a
   * section stay in a cache while its blocks use them.
   */
  private blockNumber(): Expr {
    if (this.plan.order !== 'descending') return WORKGROUP;
    const declare = (base: string, e: Expr): Expr => {
      const name = this.scope.index(base);
      this.prologue.push(letS(name, simplify(e)));
      return variable(name);
    };
    const members = extents(this.scope.stage.batch);
    const blocks = this.rows.loops.map((l) => l.tiles).reduce((a, b) => simplify(op('mul', a, b)));
    const perSection = simplify(op('mul', blocks, i32(SECTION)));
    const section = declare('section', op('quot', WORKGROUP, perSection));
    const first = simplify(op('mul', section, i32(SECTION)));
    const here = declare('members', op('min', simplify(op('sub', members, first)), i32(SECTION)));
    const turn = declare('turn', op('rem', WORKGROUP, perSection));
    const block = simplify(op('sub', simplify(op('sub', blocks, i32(1))), op('quot', turn, here)));
    const member = op('add', first, op('rem', turn, here));
    return declare('block', op('add', op('mul', member, blocks), block));
  }

  grid(): Expr {
    const blocks = this.rows.loops.map((l) => l.tiles);
    return blocks.reduce((a, b) => simplify(op('mul', a, b)), extents(this.scope.stage.batch));
  }

  private declareRow(slot: number): void {
    const suffix = this.scope.arrangement.rowSlots > 1 ? `_${slot}` : '';
    const at = this.scope.arrangement.rowOf(slot);
    const { vars, inside } = this.rows.point(this.rowFirsts, at, this.prologue, 'row', suffix);
    this.rowVars.push(vars);
    this.rowInside.push(inside);
  }

  /** Coordinates of any row of the block, for loads that the lanes share. */
  rowAt(row: Expr, out: Stmt[]): Map<string, Expr> {
    return new Map([...this.batchVars, ...this.rows.point(this.rowFirsts, row, out, 'row').vars]);
  }

  /** First row of the block, where rows are not cut along several axes. */
  firstRow(): Expr {
    return this.rowFirsts[0]!;
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

  /** Declares the stream axes for column `col` (within the tile) in `out`. */
  column(tile: TilePoint, col: Expr, out: Stmt[]): Column {
    const { vars, inside, position } = this.stream.point(tile, col, out, 'column');
    return { position, inside, vars: new Map([...this.batchVars, ...vars]) };
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
}
