/** Plans of a kernel's launches by their modelled cost, without a device. */
import { ranked } from '../../tile/cost.ts';
import type { StagePlan } from '../../tile/plan.ts';
import { planSpace } from '../../tile/space.ts';
import { planLimits, type CompileTarget } from '../pipeline.ts';
import type { Launch } from '../targets.ts';
import { basesOf } from './bases.ts';
import { planText } from './report.ts';

export interface ModelledLaunch {
  readonly name: string;
  /** From the cheapest on. */
  readonly plans: readonly { readonly ms: number; readonly what: string; readonly plan: StagePlan }[];
}

/** Plans that are shown of a launch. */
const SHOWN = 10;

/** The launches of the compiler's own schedule. */
export async function modelled(launch: Launch, target: CompileTarget): Promise<readonly ModelledLaunch[]> {
  const { features, sizes } = launch;
  const [own] = await basesOf(launch, target, features);
  const limits = planLimits(target, features);
  return own!.planned.stages.map((stage) => {
    const known = { ...own!.planned.fixed, ...sizes };
    const plans = ranked(stage, planSpace(stage, limits, stage.plan!, known), limits, known);
    return {
      name: stage.name,
      plans: plans.slice(0, SHOWN).map(({ plan, seconds }) => ({
        ms: seconds * 1000,
        what: `${planText(plan)}${plan === stage.plan ? " (the compiler's own)" : ''}`,
        plan,
      })),
    };
  });
}
