/** Loop bounds as text. */
import { i32, isTrue, op, type Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import { simplify } from '../expr/simplify.ts';
import type { Interval } from '../expr/solve.ts';
import { prologueOf, seenThrough } from '../tile/nonzero.ts';
import type { Bounds, Stage } from '../tile/tile.ts';

export interface RangeText {
  readonly from: string;
  /** Inclusive. */
  readonly to: string;
  /** The range is empty unless this holds. */
  readonly when?: string;
}
export interface BoundsText {
  /** Outermost first. Tiles that meet one of the ranges are visited. */
  readonly loops: readonly { readonly axis: string; readonly ranges: readonly RangeText[] }[];
  /** Tiles are visited only if this holds for some row of the workgroup. */
  readonly needed?: string;
  /** A tile inside the ranges is visited only if this holds; `true` means all. */
  readonly visits: string;
  /** Every element of the tile is kept, and no predicate evaluated, if this holds. */
  readonly full: string;
  /** If this is false, integers could overflow: every tile is visited and none is full. */
  readonly fits: string;
  /** The loop runs through these tiles alone, which an earlier launch lists. */
  readonly list?: string;
  /** Tighter bounds would need more buffers than a launch may bind. */
  readonly limited: boolean;
}

/** As text; a value without an index is its name. */
export const exprText = (e: Expr): string => printExpr(e).replaceAll('[]', '');

/** A coordinate is never negative: ends that can be are clipped, as the emitted loops do. */
function clipped(e: Expr): Expr {
  const natural = e.kind === 'const' ? e.value >= 0 : e.kind === 'var' && /\.(first|last|tile)$/.test(e.name);
  return natural ? e : op('max', i32(0), e);
}

/** Ends of a range, or those of the axis. */
export function rangeText(r: Interval, extent: Expr): RangeText {
  return {
    from: exprText(r.lo ? clipped(r.lo) : i32(0)),
    to: exprText(r.hi ?? simplify(op('sub', extent, i32(1)))),
    ...(r.when && !isTrue(r.when) ? { when: exprText(r.when) } : {}),
  };
}

/** The bounds of a pass; without any, every tile is visited. */
export function boundsText(s: Stage, bounds: Bounds | undefined, rows?: Expr): BoundsText {
  const needed = rows ? { needed: exprText(seenThrough(rows, prologueOf(s))) } : {};
  const extent = (axis: string): Expr => s.stream.find((a) => a.name === axis)!.extent;
  const every = s.stream.slice(0, 1).map((a) => ({ axis: a.name, ranges: [rangeText({}, a.extent)] }));
  if (!bounds)
    return { loops: every, ...needed, visits: 'true', full: 'false', fits: 'true', limited: false };
  return {
    loops: bounds.loops.map((l) => ({
      axis: l.axis,
      ranges: l.ranges.map((r) => rangeText(r, extent(l.axis))),
    })),
    ...needed,
    visits: exprText(bounds.may),
    full: exprText(bounds.full),
    fits: exprText(bounds.fits),
    ...(bounds.list ? { list: exprText(bounds.list.count) } : {}),
    limited: bounds.limited === true,
  };
}

/** `from 0 to i.last`. */
export const printRange = (r: RangeText): string =>
  `from ${r.from} to ${r.to}${r.when === undefined ? '' : ` if ${r.when}`}`;

/** `j from 0 to i.last`, or several ranges one after the other. */
export function printLoop(loop: BoundsText['loops'][number]): string {
  const ranges = loop.ranges.map(printRange);
  return ranges.length === 0 ? `${loop.axis} nowhere` : `${loop.axis} ${ranges.join(', and ')}`;
}
