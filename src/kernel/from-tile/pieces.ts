/** Loads a matrix into workgroup memory in pieces of four elements, shared out between the lanes. */
import { dividedBy } from '../../expr/divide.ts';
import { f32, i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { VECTOR } from '../../tile/lane-tiles-plan.ts';
import type { Operand } from '../../tile/tile.ts';
import { forS, ifS, LANE, letS, loads, store, stores } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import { plainRows } from './plain-rows.ts';
import type { Scope } from './scope.ts';
import type { Tile } from './tile-layout.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, x) => x);

export interface Pieces {
  readonly operand: Operand;
  readonly tile: Tile;
  readonly rows: number;
  readonly lanes: number;
  /** The coordinates of a row. */
  readonly rowAt: (row: Expr, out: Stmt[]) => ReadonlyMap<string, Expr>;
  /** Rows are columns of a tile of scores. */
  readonly columns: boolean;
  /** The array holds no vectors. */
  readonly elementwise: boolean;
}

export function loadPieces(scope: Scope, p: Pieces): Stmt {
  const { operand: o, tile, rows, lanes, rowAt, columns } = p;
  const perRow = tile.columns / VECTOR;
  const total = rows * perRow;
  // Where lanes share evenly, the number of turns is known.
  const even = total % lanes === 0;
  const [turn, row, piece] = [scope.index('part'), scope.index('tile_row'), scope.index('piece')];
  const at = even ? simplify(op('add', op('mul', variable(turn), i32(lanes)), LANE)) : variable(turn);
  const out: Stmt[] = [letS(row, op('quot', at, i32(perRow))), letS(piece, op('rem', at, i32(perRow)))];
  const vars = rowAt(variable(row), out);
  const place = (col: Expr, into: Stmt[]) => ({
    out: into,
    vars: new Map([...vars, [o.vector, col]]),
    ...(columns ? { col: variable(row) } : {}),
    cache: new Map<string, Expr>(),
  });
  const extent = scope.vectorExtent(o.vector);
  const first = simplify(op('mul', variable(piece), i32(VECTOR)));
  const begin = simplify(op('add', op('mul', variable(row), i32(tile.stride)), first));
  const put = (values: readonly Expr[]): Stmt[] =>
    p.elementwise
      ? values.map((v, n) => store(tile.array, simplify(op('add', begin, i32(n))), v))
      : [stores(tile.array, begin, values)];
  const whole = extent % VECTOR === 0;
  const storage = o.value.kind === 'read' ? scope.tensor(o.value.name)?.storage : undefined;
  const inner: Stmt[] = [];
  if (whole && storage !== undefined && plainRows(scope, o, storage) !== undefined) {
    const { buffer, from } = scope.element(o.value, place(first, inner));
    const name = scope.names.fresh('piece_value');
    const names = range(VECTOR).map((n) => `${name}_e${n}`);
    inner.push(loads(names, buffer, dividedBy(from, VECTOR)));
    inner.push(...put(names.map((n) => variable(n, 'f32'))));
  } else {
    const values = range(VECTOR).map((n) => {
      const col = simplify(op('add', first, i32(n)));
      if (whole) return scope.value(o.value, place(col, inner));
      // Past the end the last element stands in for what is read, and zero for what is used.
      const inside = simplify(op('min', col, i32(extent - 1)));
      const value = scope.value(o.value, place(inside, inner));
      return op('select', op('lt', col, i32(extent)), value, f32(0));
    });
    inner.push(...put(values));
  }
  const padding = put(range(VECTOR).map(() => f32(0)));
  out.push(...(whole && extent < tile.columns ? [ifS(op('lt', first, i32(extent)), inner, padding)] : inner));
  return even
    ? forS(turn, { to: i32(total / lanes) }, out)
    : forS(turn, { from: LANE, to: i32(total), step: i32(lanes) }, out);
}
