/** Ranges of tiles in order, and the tiles that they hold by number. */
import { i32, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Stmt } from '../kernel.ts';

/** Tile numbers from … to, the end exclusive. */
export interface TileRange {
  readonly from: Expr;
  readonly to: Expr;
}

/** Gives an expression a name, if it is worth one. */
type Declare = (base: string, e: Expr, out: Stmt[]) => Expr;

export const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;

/** How many tiles the ranges hold, each counted once, and which tile is the n-th. */
export function numbering(
  ranges: readonly TileRange[],
  axis: string,
  declare: Declare,
  out: Stmt[],
): { readonly total: Expr; at(n: Expr): Expr } {
  const length = (from: Expr, to: Expr): Expr => {
    const n = simplify(op('sub', to, from));
    return isZero(from) ? n : simplify(op('max', n, i32(0)));
  };
  const ordered = ranges.length > 1 ? sorted(ranges, declare, out) : ranges;
  const pieces: { readonly from: Expr; readonly before: Expr }[] = [];
  let [done, before]: [Expr, Expr] = [i32(0), i32(0)];
  for (const [n, r] of ordered.entries()) {
    const from = n === 0 ? r.from : declare('from', op('max', done, r.from), out);
    pieces.push({ from, before });
    const count = n === 0 ? length(from, r.to) : simplify(op('max', op('sub', r.to, from), i32(0)));
    before = declare(`${axis}_tiles`, simplify(op('add', before, count)), out);
    done = simplify(op('max', done, r.to));
  }
  const within = (p: { readonly from: Expr; readonly before: Expr }, n: Expr): Expr =>
    simplify(op('add', p.from, simplify(op('sub', n, p.before))));
  const at = (n: Expr): Expr =>
    pieces
      .slice(1)
      .reduce<Expr>(
        (e, p) => op('select', op('lt', n, p.before), e, within(p, n)),
        pieces[0] ? within(pieces[0], n) : n,
      );
  return { total: before, at };
}

/** Ranges by their start, through a network of exchanges; an empty range may stand anywhere. */
export function sorted(ranges: readonly TileRange[], declare: Declare, out: Stmt[]): TileRange[] {
  const at = ranges.map((r) => ({ from: declare('from', r.from, out), to: declare('to', r.to, out) }));
  for (let last = at.length - 1; last > 0; last--)
    for (let n = 0; n < last; n++) {
      const [a, b] = [at[n]!, at[n + 1]!];
      if (isZero(a.from)) continue;
      const inOrder = declare('in_order', op('le', a.from, b.from), out);
      const pick = (x: Expr, y: Expr): Expr => declare('ordered', op('select', inOrder, x, y), out);
      at[n] = { from: pick(a.from, b.from), to: pick(a.to, b.to) };
      at[n + 1] = { from: pick(b.from, a.from), to: pick(b.to, a.to) };
    }
  return at;
}
