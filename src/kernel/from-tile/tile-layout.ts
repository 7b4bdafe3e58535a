/**
 * Where the elements of an operand lie in workgroup memory. Matrix units load rows of 16 bytes, eight rows at
 * a time, which must lie in different banks (8 groups of 16 bytes): so rows are padded, or the 16-byte pieces of a row
 * are exchanged by the row's number (bitxor), which wastes nothing.
 */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { i32, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { MATRIX_PAD } from '../../tile/matrix-plan.ts';
import type { MatrixFeed } from '../../tile/plan.ts';
import type { ProductOf } from '../products.ts';

export interface Tile {
  readonly kind: 'tile';
  readonly array: string;
  /** Elements from one row of the operand to the next. */
  readonly stride: number;
  /** Columns with zero padding. */
  readonly columns: number;
  /** Columns without the padding. */
  readonly extent?: number;
  /** How many pieces of a row are exchanged with each other: a power of two, 1 where rows are as they are. */
  readonly exchanged: number;
  /** What its columns are, where lanes multiply them and they are no floats. */
  readonly of?: ProductOf;
  /** Of an operand of a matrix unit that is held as bytes. */
  readonly bytes?: 'i8' | 'u8';
  /** Where the tile begins in the array; absent: at its start. */
  readonly first?: Expr;
}

/** Rows one after the other without padding. */
export const wholeRows = (array: string, extent: number): Tile => ({
  kind: 'tile',
  array,
  stride: extent,
  columns: extent,
  exchanged: 1,
});

/** An operand that must be in an array. */
export function inMemory(o: Tile | { readonly kind: 'direct' | 'staged' | 'fragments' }): Tile {
  if (o.kind === 'tile') return o;
  throw new CompilerBug('kernel/from-tile', 'an operand was not loaded');
}

const PIECE_BYTES = 16;
/** Elements of a 16-byte piece. */
export const pieceOf = (t: Pick<Tile, 'bytes'>): number => PIECE_BYTES / (t.bytes ? 1 : 2);
const BANK_GROUPS = 8;

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));

/** An operand of a matrix unit: rows of whole pairs of pieces, whose pieces are exchanged, or which are padded. */
export function matrixTile(
  array: string,
  extent: number,
  layout: MatrixFeed['layout'],
  bytes?: 'i8' | 'u8',
): Tile {
  const held = bytes ? { bytes } : {};
  const piece = pieceOf(held);
  const columns = Math.ceil(extent / (2 * piece)) * 2 * piece;
  const exchanged = exchangedPieces(columns / piece, layout);
  const stride = exchanged > 1 ? columns : columns + (MATRIX_PAD * piece) / PIECE_BYTES;
  return { kind: 'tile', array, columns, exchanged, stride, ...held };
}

/** Exchanges within a row need 2, 4 or a multiple of 8 pieces; other rows are padded. */
function exchangedPieces(pieces: number, layout: MatrixFeed['layout']): number {
  if (layout === 'padded') return 1;
  if (pieces % BANK_GROUPS === 0) return BANK_GROUPS;
  return pieces === 2 || pieces === 4 ? pieces : 1;
}

/** What the pieces of a row are exchanged by; rows that lie in one line of all banks have the same number. */
const exchange = (t: Tile, phase: Expr): Expr =>
  t.exchanged === BANK_GROUPS
    ? phase
    : simplify(op('rem', op('quot', phase, i32(BANK_GROUPS / t.exchanged)), i32(t.exchanged)));

const begin = (t: Tile, row: Expr): Expr => {
  const at = mul(row, t.stride);
  return t.first ? add(t.first, at) : at;
};

/**
 * First element of a piece: of piece `half` (0 or 1) after column `whole`, a multiple of two pieces.
 * @param phase the row's number modulo 8
 */
export function pieceAt(t: Tile, row: Expr, phase: Expr, whole: Expr, half: Expr): Expr {
  if (t.exchanged === 1) return add(begin(t, row), add(whole, mul(half, pieceOf(t))));
  // The row's part does not move with the columns: bits of `whole` above the halves are exchanged last.
  const moved = mul(op('bitxor', half, exchange(t, phase)), pieceOf(t));
  return add(begin(t, row), simplify(op('bitxor', whole, moved)));
}

/** First element of piece number `piece` of a row. @param phase the row's number modulo 8 */
export function pieceStart(t: Tile, row: Expr, phase: Expr, piece: Expr): Expr {
  if (t.exchanged === 1) return add(begin(t, row), mul(piece, pieceOf(t)));
  return add(begin(t, row), mul(op('bitxor', piece, exchange(t, phase)), pieceOf(t)));
}

/** Any element. */
export function elementAt(t: Tile, row: Expr, col: Expr): Expr {
  if (t.exchanged === 1) return add(begin(t, row), col);
  const phase = simplify(op('rem', row, i32(BANK_GROUPS)));
  const first = pieceStart(t, row, phase, simplify(op('quot', col, i32(pieceOf(t)))));
  return add(first, simplify(op('rem', col, i32(pieceOf(t)))));
}
