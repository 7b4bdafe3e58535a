/**
 * Pass `order`: where late blocks of rows visit more tiles than early ones, they are numbered first, so that the longest
 * workgroups begin first and short ones fill the end. Only for devices that start workgroups by their number.
 */
import type { Expr } from '../expr/expr.ts';
import type { PlanLimits } from './plan.ts';
import type { Stage, TileProgram } from './tile.ts';

/** How a value moves when the block of rows does: up, down, not at all, or undefined where that is not known. */
type Growth = 1 | 0 | -1 | undefined;

export function orderBlocks(p: TileProgram, limits: PlanLimits): TileProgram {
  if (!limits.startsInOrder) return p;
  return {
    ...p,
    stages: p.stages.map((s) =>
      s.plan && s.plan.order === undefined && growsWithRows(s)
        ? { ...s, plan: { ...s.plan, order: 'descending' } }
        : s,
    ),
  };
}

/** The ranges of tiles grow with the rows in some pass, and shrink in none. */
export function growsWithRows(s: Stage): boolean {
  const rows = new Set(s.row.flatMap((a) => [`${a.name}.first`, `${a.name}.last`, `${a.name}.tile`]));
  const lengths = s.passes.flatMap((p) =>
    (p.bounds?.loops ?? []).flatMap((l) =>
      l.ranges.map((r): Growth => {
        const [lo, hi] = [r.lo, r.hi].map((e) => (e ? growth(e, rows) : 0));
        // Ends that move together keep the length.
        if (lo === undefined || hi === undefined || (lo !== 0 && lo === hi)) return 0;
        return sign(hi - lo);
      }),
    ),
  );
  return lengths.some((n) => n === 1) && lengths.every((n) => n !== -1);
}

const sign = (n: number): 1 | 0 | -1 => (n > 0 ? 1 : n < 0 ? -1 : 0);
const opposite = (g: Growth): Growth => (g === undefined ? undefined : sign(-g));

/** Values that move in opposite directions together may do anything. */
function together(a: Growth, b: Growth): Growth {
  if (a === undefined || b === undefined) return undefined;
  if (a === 0 || a === b) return b;
  return b === 0 ? a : undefined;
}

function growth(e: Expr, rows: ReadonlySet<string>): Growth {
  if (e.kind === 'var') return rows.has(e.name) ? 1 : 0;
  if (e.kind === 'const') return 0;
  if (e.kind !== 'op') return undefined;
  const parts = e.args.map((a) => growth(a, rows));
  const [a, b] = parts;
  switch (e.op) {
    case 'add':
    case 'min':
    case 'max':
      return together(a, b);
    case 'sub':
      return together(a, opposite(b));
    case 'neg':
      return opposite(a);
    case 'cast':
      return a;
    case 'mul':
      return isPositive(e.args[1]!) ? a : isPositive(e.args[0]!) ? b : still(parts);
    case 'idiv':
    case 'quot':
      return isPositive(e.args[1]!) ? a : still(parts);
    default:
      return still(parts);
  }
}

const isPositive = (e: Expr): boolean => e.kind === 'const' && e.value > 0;
const still = (parts: readonly Growth[]): Growth => (parts.every((g) => g === 0) ? 0 : undefined);
