/**
 * How the elements of a block × columns matrix lie in the registers of lanes: which rows and columns a lane owns and
 * where in its local array an element is. Everything above works for any arrangement.
 */
import { i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { ScalarType } from '../../expr/types.ts';
import type { FoldOp } from '../../tile/tile.ts';
import { assign, forS, ifS, LANE, letS, shuffle } from '../build.ts';
import type { SharedArray, Stmt } from '../kernel.ts';

export interface Cell {
  /** Column of the element. */
  readonly col: Expr;
  /** Index in the lane's array of the element of row slot `slot`. */
  at(slot: number): Expr;
}

export interface Arrangement {
  /** Rows that a lane owns, as slots 0 … rowSlots-1. */
  readonly rowSlots: number;
  /** Declarations needed before `rowOf`. */
  readonly prelude: readonly Stmt[];
  /** Row within the block. */
  rowOf(slot: number): Expr;
  fragmentLength(cols: number): number;
  /** Visits the lane's elements of a score tile. */
  forTile(cols: number, loop: string, body: (cell: Cell) => readonly Stmt[]): Stmt[];
  /** Loops over the lane's columns of a matrix with `cols` columns. */
  forCells(cols: number, loop: string, body: (cell: Cell) => readonly Stmt[]): Stmt[];
  /** The same columns as `forCells`, two neighbouring ones at a time, the first of them even; absent where they are apart. */
  forPairs?(cols: number, loop: string, body: (pair: readonly [Cell, Cell]) => readonly Stmt[]): Stmt[];
  /**
   * Each element of a score tile has statements of its own: loops inside of them begin at a zero that a driver cannot see
   * through, because it would write out each of them, and that takes it minutes.
   */
  readonly writtenOut?: true;
  /** Exactly one lane among those that share a row. */
  readonly leader: Expr | undefined;
  /** Lanes that share rows are those of one warp of 32. */
  readonly inWarps: boolean;
  /** Columns of a vector's matrix come in whole pieces of so many. */
  readonly columnPiece: number;
  /**
   * Combines partial values of some rows over the lanes that share each row; every one of them gets the result. A row gives the
   * name of its value, and of its index where the fold is about one.
   */
  combine(fold: FoldOp, rows: readonly (readonly string[])[], type: ScalarType): Stmt[];
  /** Arrays in workgroup memory through which lanes exchange values; complete when all is lowered. */
  readonly exchanges?: readonly SharedArray[];
}

/**
 * Lane l owns rows l, l + lanes, …: neighbours read neighbouring rows, and a row is never split. With `unrolled`, each
 * element of a score tile gets statements of its own, so that it can be a scalar.
 */
export function laneRows(lanes: number, blockM: number, unrolled: boolean): Arrangement {
  const forCells: Arrangement['forCells'] = (cols, loop, body) => {
    const col = variable(loop);
    const at = (slot: number): Expr => (slot === 0 ? col : op('add', i32(slot * cols), col));
    return [forS(loop, { to: i32(cols), unroll: true }, body({ col, at }))];
  };
  const forTile: Arrangement['forTile'] = (cols, _loop, body) =>
    Array.from({ length: cols }, (_, c) => body({ col: i32(c), at: (slot) => i32(slot * cols + c) })).flat();
  return {
    rowSlots: blockM / lanes,
    prelude: [],
    rowOf: (slot) => (slot === 0 ? LANE : op('add', LANE, i32(slot * lanes))),
    fragmentLength: (cols) => (blockM / lanes) * cols,
    forTile: unrolled ? forTile : forCells,
    forCells,
    ...(unrolled ? { writtenOut: true } : {}),
    leader: undefined,
    inWarps: false,
    columnPiece: 1,
    combine: () => [],
  };
}

const group = variable('group');
const quad = variable('quad');
const warp = variable('warp');

/**
 * A warp owns 16 or 32 rows, in pieces of 16 whose fragments lie one after another. In a 16 × 8 piece, lane 4g + t holds rows g and g + 8, columns 2t and 2t + 1 (PTX ISA, accumulator
 * layout of mma.m16n8): two row slots for each 16 rows, and four lanes share a row.
 */
export function warpMatrix(rowsPerWarp: 16 | 32): Arrangement {
  const strips = rowsPerWarp / 16;
  const stripOf = (slot: number, cols: number): number => (slot >> 1) * (cols / 2);
  const forCells: Arrangement['forCells'] = (cols, loop, body) => {
    const piece = variable(`${loop}_piece`);
    const half = variable(`${loop}_half`);
    const col = op('add', op('add', op('mul', piece, i32(8)), op('mul', quad, i32(2))), half);
    const at = (slot: number): Expr =>
      op(
        'add',
        simplify(op('add', op('mul', piece, i32(4)), i32(stripOf(slot, cols) + 2 * (slot % 2)))),
        half,
      );
    const inner = [letS(loop, col), ...body({ col: variable(loop), at })];
    return [
      forS(piece.name, { to: i32(cols / 8), unroll: true }, [
        forS(half.name, { to: i32(2), unroll: true }, inner),
      ]),
    ];
  };
  return {
    rowSlots: 2 * strips,
    prelude: [
      letS('warp', op('quot', LANE, i32(32))),
      letS('group', op('quot', op('rem', LANE, i32(32)), i32(4))),
      letS('quad', op('rem', LANE, i32(4))),
    ],
    rowOf: (slot) => simplify(op('add', op('add', op('mul', warp, i32(rowsPerWarp)), group), i32(8 * slot))),
    fragmentLength: (cols) => strips * (cols / 2),
    forTile: forCells,
    forCells,
    forPairs: (cols, loop, body) => {
      const piece = variable(`${loop}_piece`);
      const cell = (half: number): Cell => ({
        col: half === 0 ? variable(loop) : op('add', variable(loop), i32(half)),
        at: (slot) =>
          simplify(op('add', op('mul', piece, i32(4)), i32(stripOf(slot, cols) + 2 * (slot % 2) + half))),
      });
      const first = op('add', op('mul', piece, i32(8)), op('mul', quad, i32(2)));
      const inner = [letS(loop, first), ...body([cell(0), cell(1)])];
      return [forS(piece.name, { to: i32(cols / 8), unroll: true }, inner)];
    },
    leader: op('eq', quad, i32(0)),
    inWarps: true,
    columnPiece: 16,
    combine: (fold, rows, type) =>
      rows.flatMap((names) => [1, 2].flatMap((xor) => exchange(fold, names, type, xor))),
  };
}

/** Joins a value with that of the lane whose number differs in one bit. */
export function exchange(fold: FoldOp, names: readonly string[], type: ScalarType, xor: number): Stmt[] {
  const [value, index] = names as [string, string | undefined];
  const other = `${value}_x${xor}`;
  const mine = variable(value, type);
  const theirs = variable(other, type);
  if (index !== undefined) {
    const otherIndex = `${index}_x${xor}`;
    return [
      shuffle(other, mine, xor),
      shuffle(otherIndex, variable(index), xor),
      ...better(fold, value, index, theirs, variable(otherIndex)),
    ];
  }
  return [shuffle(other, mine, xor), assign(value, joinScalars(fold, mine, theirs))];
}

export function joinScalars(fold: FoldOp, a: Expr, b: Expr): Expr {
  switch (fold) {
    case 'sum':
      return op('add', a, b);
    case 'max':
    case 'min':
      return op(fold, a, b);
    case 'any':
      return op('or', a, b);
    case 'argmax':
    case 'argmin':
      return a;
  }
}

/** Takes the candidate if it is better, or equal with a smaller index, or if there is none yet (index −1). */
export function better(fold: FoldOp, value: string, index: string, candidate: Expr, at: Expr): Stmt[] {
  const current = variable(value, candidate.type);
  const best = variable(index);
  const wins = op(
    'or',
    op(fold === 'argmax' ? 'gt' : 'lt', candidate, current),
    op('and', op('eq', candidate, current), op('lt', at, best)),
  );
  const take = op('and', op('ge', at, i32(0)), op('or', op('lt', best, i32(0)), wins));
  return [ifS(take, [assign(value, candidate), assign(index, at)])];
}
