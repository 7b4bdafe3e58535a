/** The plan of tiles of rows that selected the same block, where it takes less time than tiles of neighbours, with all that lists take. */
import { evalConst } from '../../expr/evaluate.ts';
import { freeVars } from '../../expr/expr.ts';
import { planSeconds } from '../cost.ts';
import { deviceOf } from '../device.ts';
import type { PlanLimits, StagePlan } from '../plan.ts';
import type { Stage, TileTensor } from '../tile.ts';
import { STORAGE } from '../../expr/types.ts';
import { endsWithRow, stagesByQueries } from './by-queries.ts';
import { selectedBlocks } from './selected.ts';

type Sizes = Readonly<Record<string, number>>;

/** @param sizes fixed and expected; where they do not say how many blocks there are, rows stay neighbours */
export function planByQueries(
  s: Stage,
  plan: StagePlan,
  tensors: readonly TileTensor[],
  planOf: (s: Stage) => StagePlan,
  limits: PlanLimits,
  sizes: Sizes,
): StagePlan | undefined {
  const selected = selectedBlocks(s, tensors);
  if (!selected) return undefined;
  const known = new Map(Object.entries(sizes));
  if ([...freeVars(selected.blocks.extent)].some((v) => !known.has(v))) return undefined;
  const share = selected.most / Math.max(1, evalConst(selected.blocks.extent, known));
  if (share >= 1) return undefined;
  const own = groupPlan(plan, limits);
  const made = stagesByQueries(s, own, selected, new Set(), planOf, limits.software);
  const running = made.stages.reduce((t, x) => t + planSeconds(x, x.plan!, limits, sizes), 0);
  // What lies between the launches is written once and read once.
  const bytes = made.tensors.reduce((t, x) => t + 2 * bytesOf(x, known), 0);
  const seconds = running + bytes / deviceOf(limits).memory;
  // Of tiles that lie behind their rows, half are not visited by neighbours either.
  const past = selected.domains.every((d) => endsWithRow(d, selected.row, selected.stream));
  const together = (past ? 0.5 : 1) * (1 - (1 - share) ** plan.blockM);
  if (seconds >= together * planSeconds(s, plan, limits, sizes)) return undefined;
  return { ...own, lists: 'queries' };
}

/**
 * On CPUs lanes have fewer rows than in tiles of neighbours: half of the last group of a block has nothing to do, and a
 * lane may have any number of rows, which lie along one axis (docs/tuning.md has the times).
 */
function groupPlan(plan: StagePlan, limits: PlanLimits): StagePlan {
  if (!limits.software || plan.arrangement !== 'lane-rows') return plan;
  return { ...plan, blockM: Math.min(plan.blockM, plan.lanes * GROUP_ROWS) };
}
const GROUP_ROWS = 6;

/** Members of a batch where nobody says how many. */
const USUAL = 16;

function bytesOf(t: TileTensor, known: ReadonlyMap<string, number>): number {
  const extents = t.shape.map((e) =>
    [...freeVars(e)].every((v) => known.has(v)) ? evalConst(e, known) : USUAL,
  );
  return extents.reduce((a, b) => a * b, STORAGE[t.storage].bytes);
}
