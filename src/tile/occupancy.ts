/** Schedules for few rows: small blocks, and a stream that several workgroups share, so that every core has work. */
import { readsInPlace } from './contents.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import { countOf } from './sides.ts';
import { splitStage } from './split.ts';
import type { Stage } from './tile.ts';
import { stageTensors } from './walk.ts';

/** Workgroups per core: enough that a core which is done early finds another. */
const PER_CORE = 2;
/** A share of fewer tiles costs more to merge than it saves. */
const TILES_PER_SHARE = 4;
const MOST_SHARES = 256;

/**
 * No more rows in a block than there are, where every lane reads for itself: idle lanes would repeat the last row. Lanes
 * that load columns together stay, because a stream for few rows is as fast as it is read.
 */
export function fewerRows(
  s: Stage,
  plan: StagePlan,
  limits: PlanLimits,
  sizes: Readonly<Record<string, number>> | undefined,
): StagePlan {
  const rows = Math.max(1, countOf(s.row, sizes) ?? Infinity);
  if (rows >= plan.blockM) return plan;
  if (
    plan.arrangement === 'warp-matrix' &&
    !plan.rowShape &&
    rows <= plan.blockM - (plan.feed?.rowsPerWarp ?? 16)
  )
    return { ...plan, spare: 'skipped' };
  if (plan.arrangement !== 'lane-rows') return plan;
  const needed = limits.subgroup * Math.ceil(rows / limits.subgroup);
  const lanes = readsInPlace(plan) ? Math.min(plan.lanes, needed) : plan.lanes;
  return { ...plan, blockM: lanes * Math.min(plan.blockM / plan.lanes, Math.ceil(rows / lanes)), lanes };
}

/**
 * Shares of the stream per block of rows: about two workgroups per core where the blocks alone leave cores without work.
 * @returns 1 when nothing is gained, or the stage cannot be split
 */
export function sharesOf(
  s: Stage,
  plan: StagePlan,
  limits: PlanLimits,
  sizes: Readonly<Record<string, number>> | undefined,
): number {
  const [batch, rows, stream] = [s.batch, s.row, s.stream].map((axes) => countOf(axes, sizes));
  if (batch === undefined || rows === undefined || stream === undefined) return 1;
  const blocks = batch * Math.ceil(rows / plan.blockM);
  if (blocks === 0 || blocks >= limits.cores) return 1;
  const tiles = Math.ceil(stream / plan.blockN);
  const wanted = Math.ceil((PER_CORE * limits.cores) / blocks);
  const shares = Math.min(wanted, Math.floor(tiles / TILES_PER_SHARE), MOST_SHARES);
  return shares > 1 && splitFits(s, limits) ? shares : 1;
}

/** The stage can be split, and no stage that comes of it binds more buffers than a launch may. */
export function splitFits(s: Stage, limits: PlanLimits): boolean {
  const stages = splitStage(s, 2, new Set())?.stages ?? [];
  return stages.length > 0 && stages.every((x) => stageTensors(x).size <= limits.maxBuffers);
}
