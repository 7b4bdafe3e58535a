/** Whether tiles of rows that selected the same block take less time than tiles of neighbours, with all that lists take. */
import { evalConst } from '../../expr/evaluate.ts';
import { freeVars } from '../../expr/expr.ts';
import { planSeconds } from '../cost.ts';
import type { PlanLimits, StagePlan } from '../plan.ts';
import type { Stage, TileTensor } from '../tile.ts';
import { stagesByQueries } from './by-queries.ts';
import { selectedBlocks } from './selected.ts';

type Sizes = Readonly<Record<string, number>>;

/** @param sizes fixed and expected; where they do not say how many blocks there are, rows stay neighbours */
export function savesByQueries(
  s: Stage,
  plan: StagePlan,
  tensors: readonly TileTensor[],
  planOf: (s: Stage) => StagePlan,
  limits: PlanLimits,
  sizes: Sizes,
): boolean {
  // Matrix units load rows that are neighbours in memory.
  if (plan.arrangement !== 'lane-rows') return false;
  const selected = selectedBlocks(s, tensors);
  if (!selected) return false;
  const known = new Map(Object.entries(sizes));
  if ([...freeVars(selected.blocks.extent)].some((v) => !known.has(v))) return false;
  const share = selected.most / Math.max(1, evalConst(selected.blocks.extent, known));
  if (share >= 1) return false;
  const together = 1 - (1 - share) ** plan.blockM;
  const made = stagesByQueries(s, plan, selected, new Set(), planOf).stages;
  const seconds = made.reduce((t, x) => t + planSeconds(x, x.plan!, limits, sizes), 0);
  return seconds < together * planSeconds(s, plan, limits, sizes);
}
