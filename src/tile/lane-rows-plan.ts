/** Tiles of which each lane owns whole rows: of the sizes that measurements speak for, the cheapest by the model. */
import { ranked } from './cost.ts';
import { laneTilesPlans } from './lane-tiles-plan.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import type { Stage } from './tile.ts';

type Sizes = Readonly<Record<string, number>>;
interface Tile {
  readonly rows: number;
  readonly blockN: number;
}

/** Rows of a tile use the same columns. */
const sharesReads = (s: Stage): boolean => s.passes.some((p) => p.operands.length > 0);

/** Rows of a lane and columns on a CPU. More elements than 128 take its driver longer to compile than they can save. */
const SOFTWARE_TILES: readonly Tile[] = [1, 2, 4, 8, 16].flatMap((rows) =>
  [4, 8, 16, 32].filter((n) => rows * n <= 128).map((blockN) => ({ rows, blockN })),
);
/** Where rows share no columns, more elements are only more code. */
const APART: Tile = { rows: 2, blockN: 4 };
/** Columns on a GPU, of whose lanes each has one row: its vectors fill the registers. */
const WIDTHS = [32, 16, 8, 4];

export function laneRowsPlan(
  lanes: number,
  rows: number,
  blockN: number,
  operands: StagePlan['operands'],
): StagePlan {
  return { arrangement: 'lane-rows', blockM: lanes * rows, blockN, lanes, operands, fullTiles: 'together' };
}

/** @param fit columns whose operands have room in workgroup memory */
function choices(s: Stage, limits: PlanLimits, fit: number): readonly StagePlan[] {
  const lanes = Math.min(limits.maxLanes, 64);
  if (s.stream.length === 0) return [laneRowsPlan(lanes, 1, 1, 'direct')];
  if (limits.software) {
    const tiles = sharesReads(s) ? SOFTWARE_TILES : [APART];
    const operands = limits.exchanges && sharesReads(s) ? 'exchanged' : 'direct';
    return tiles.map((t) => laneRowsPlan(limits.subgroup, t.rows, t.blockN, operands));
  }
  const widths = WIDTHS.filter((n) => n <= fit);
  // Very wide vectors leave no room for a tile: they are read in place.
  return widths.length > 0
    ? widths.map((n) => laneRowsPlan(lanes, 1, n, 'workgroup'))
    : [laneRowsPlan(lanes, 1, 8, 'direct')];
}

/** @param sizes fixed and expected; without them those that kernels usually run with */
export function cheapestLaneRows(
  s: Stage,
  limits: PlanLimits,
  fit: number,
  sizes: Sizes | undefined,
): StagePlan {
  const all = [...choices(s, limits, fit), ...(limits.software ? [] : laneTilesPlans(s, limits))];
  return ranked(s, all, limits, sizes ?? {})[0]!.plan;
}
