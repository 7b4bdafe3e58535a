/**
 * Pass `lower-contract`: a contraction on a lane's own rows becomes multiply-adds on a block of scalars.
 *
 * The accumulator is taken `BLOCK` columns at a time into scalars, the depth is walked once, and the block is put back:
 * every element of `b` is read once for all rows of the lane, every element of `a` once per block.
 */
import { i32, op, read, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { assign, forS, letS, store, varS } from '../build.ts';
import type { Fragment, Kernel, Stmt } from '../kernel.ts';
import { PRODUCTS } from '../products.ts';
import { flatMapStmts } from '../walk.ts';

type Contract = Extract<Stmt, { kind: 'contract' }>;

/** Scalars of one block, over all rows of the lane: what registers hold beside the operands. */
const SCALARS = 32;
const MAX_COLUMNS = 8;

const at = (f: Fragment, row: Expr, col: Expr): Expr => {
  const r = simplify(op('mul', row, i32(f.rowStride)));
  const c = simplify(op('mul', col, i32(f.colStride)));
  return simplify(op('add', simplify(op('add', f.offset, c)), r));
};

class Lowering {
  private readonly rows: readonly number[];
  private readonly columns: number;

  constructor(
    private readonly s: Contract,
    private readonly id: string,
  ) {
    this.rows = Array.from({ length: s.rows }, (_, r) => r);
    this.columns = Math.max(1, Math.min(MAX_COLUMNS, Math.floor(SCALARS / s.rows)));
  }

  run(): Stmt[] {
    const whole = Math.floor(this.s.cols / this.columns) * this.columns;
    const first = `${this.id}first`;
    const out: Stmt[] = [];
    if (whole > 0)
      out.push(
        forS(
          first,
          { to: i32(whole), step: i32(this.columns) },
          this.block(variable(first), this.columns, ''),
        ),
      );
    if (whole < this.s.cols) out.push(...this.block(i32(whole), this.s.cols - whole, 'tail'));
    return out;
  }

  private block(first: Expr, width: number, suffix: string): Stmt[] {
    const { s, rows } = this;
    const of = PRODUCTS[s.of ?? 'f32'];
    const columns = Array.from({ length: width }, (_, c) => c);
    const column = (c: number): Expr => simplify(op('add', first, i32(c)));
    const sum = (r: number, c: number): string =>
      `${this.id}sum${suffix}${rows.length > 1 ? `_${r}` : ''}_${c}`;
    const left = (r: number): string => `${this.id}left${suffix}${rows.length > 1 ? `_${r}` : ''}`;
    const right = (c: number): string => `${this.id}right${suffix}_${c}`;
    const cells = rows.flatMap((r) => columns.map((c) => [r, c] as const));
    const k = `${this.id}depth${suffix}`;
    return [
      ...cells.map(([r, c]) => varS(sum(r, c), read(s.acc.array, [at(s.acc, i32(r), column(c))], of.sum))),
      forS(k, { to: i32(s.depth) }, [
        ...rows.map((r) => letS(left(r), read(s.a.array, [at(s.a, i32(r), variable(k))], of.element))),
        ...columns.flatMap((c) => [
          letS(right(c), read(s.b.array, [at(s.b, column(c), variable(k))], of.element)),
          ...rows.map((r) => {
            const total = variable(sum(r, c), of.sum);
            const [a, b] = [variable(left(r), of.element), variable(right(c), of.element)];
            return assign(sum(r, c), of.add(a, b, total));
          }),
        ]),
      ]),
      ...cells.map(([r, c]) => store(s.acc.array, at(s.acc, i32(r), column(c)), variable(sum(r, c), of.sum))),
    ];
  }
}

export function lowerContract(k: Kernel): Kernel {
  let n = 0;
  const lower = (s: Stmt): readonly Stmt[] =>
    s.kind === 'contract' ? new Lowering(s, `dot${n++}_`).run() : [s];
  return { ...k, body: flatMapStmts(k.body, lower) };
}
