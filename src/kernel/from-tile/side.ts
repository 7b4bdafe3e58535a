/**
 * The rows or the stream of a stage cut into tiles: flattened into one position (the last axis moves fastest), or as boxes
 * with a shape of their own along each axis.
 */
import { bool, i32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { decode, extents, tileLoops, type TileLoop } from '../../tile/sides.ts';
import type { TileAxis } from '../../tile/tile.ts';
import { letS } from '../build.ts';
import type { Stmt } from '../kernel.ts';

const times = (a: Expr, b: Expr): Expr => simplify(op('mul', a, b));
const plus = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const minus = (a: Expr, b: Expr): Expr => simplify(op('sub', a, b));

/** Where one element of a tile is. */
export interface Point {
  readonly vars: Map<string, Expr>;
  /** False past the end; coordinates then repeat the last ones, so that every read is inside its tensor. */
  readonly inside: Expr;
  /** Row-major over the axes of the side. */
  readonly position: Expr;
}

export class Side {
  readonly total: Expr;
  readonly loops: readonly TileLoop[];

  constructor(
    private readonly axes: readonly TileAxis[],
    private readonly block: number,
    private readonly shape: readonly number[] | undefined,
    private readonly fresh: (base: string) => string,
  ) {
    this.total = extents(axes);
    this.loops = tileLoops(axes, block, shape);
  }

  get boxed(): boolean {
    return this.loops.length > 1;
  }

  /** Coordinates of element `at` of the tile; declarations go to `out`. */
  point(firsts: readonly Expr[], at: Expr, out: Stmt[], base: string, suffix = ''): Point {
    return this.boxed
      ? this.boxPoint(firsts, at, out, suffix)
      : this.flatPoint(firsts[0]!, at, out, base, suffix);
  }

  private declare(base: string, value: Expr, out: Stmt[]): Expr {
    const name = this.fresh(base);
    out.push(letS(name, value));
    return variable(name);
  }

  private flatPoint(first: Expr, at: Expr, out: Stmt[], base: string, suffix: string): Point {
    const position = this.declare(`${base}${suffix}`, op('add', first, at), out);
    const vars = new Map<string, Expr>();
    const whole = isWhole(this.total, this.block);
    const clamped = whole ? position : simplify(op('min', position, minus(this.total, i32(1))));
    decode(this.axes, clamped, (a, e) => vars.set(a, this.declare(`${a}${suffix}`, e, out)));
    return { vars, inside: whole ? bool(true) : op('lt', position, this.total), position };
  }

  private boxPoint(firsts: readonly Expr[], at: Expr, out: Stmt[], suffix: string): Point {
    const vars = new Map<string, Expr>();
    const inside: Expr[] = [];
    let position: Expr = i32(0);
    let inner = this.block;
    for (const [n, a] of this.axes.entries()) {
      const size = this.shape![n]!;
      inner /= size;
      const whole = n === 0 ? at : simplify(op('rem', at, i32(inner * size)));
      const offset = simplify(op('quot', whole, i32(inner)));
      const at_ = this.declare(`${a.name}${suffix}_at`, plus(firsts[n]!, offset), out);
      const exact = isWhole(a.extent, size);
      if (!exact) inside.push(op('lt', at_, a.extent));
      const clamped = exact ? at_ : simplify(op('min', at_, minus(a.extent, i32(1))));
      const x = this.declare(`${a.name}${suffix}`, clamped, out);
      vars.set(a.name, x);
      position = plus(times(position, a.extent), x);
    }
    return { vars, inside: inside.reduce((a, b) => simplify(op('and', a, b)), bool(true)), position };
  }
}

/** Tiles of a known length end where the axis does: none is cut short. */
const isWhole = (extent: Expr, tile: number): boolean => extent.kind === 'const' && extent.value % tile === 0;
