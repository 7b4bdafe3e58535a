/** A schedule meets the stages of a kernel: it is for them, and each can be run as it says. */
import { UserError, type Diagnostic } from '../diagnostics/diagnostic.ts';
import { misfitOf } from '../tile/plan-fits.ts';
import type { PlanLimits, StagePlan } from '../tile/plan.ts';
import type { TileProgram } from '../tile/tile.ts';
import type { PlacedSchedule } from './schedule.ts';
import { structureOf } from './structure.ts';

/** The schedule was made for stages of another kind. */
export class OtherStructure extends UserError {}

const TUNE = 'write it again with `attnc tune`, or compile without it: --no-plan';

/** @param path of what is wrong, from the schedule on */
function error(s: PlacedSchedule, code: string, message: string, hint: string, path: string): Diagnostic {
  const whose = s.from ? `the plan in ${s.from.source}` : 'the plan';
  const around = path.slice(0, path.lastIndexOf('.'));
  const span = s.from?.places.get(path) ?? s.from?.places.get(around);
  return { code, severity: 'error', message: `${whose} ${message}`, ...(span ? { span } : {}), hint };
}

/**
 * The plan of each stage.
 * @param p before it is planned, with the forms and rewritings of the schedule
 * @throws OtherStructure E0641 when the schedule is for other stages, UserError E0640 when a stage cannot be run so
 */
export function stagePlans(s: PlacedSchedule, p: TileProgram, limits: PlanLimits): readonly StagePlan[] {
  const other = (message: string, path: string): OtherStructure =>
    new OtherStructure(error(s, 'E0641', message, TUNE, path));
  if (s.launches.length !== p.stages.length)
    throw other(`has ${s.launches.length} launches, and ${p.name} now has ${p.stages.length}`, 'launches');
  return p.stages.map((stage, n) => {
    const { name, structure, plan } = s.launches[n]!;
    if (structureOf(stage) !== structure)
      throw other(`was made when launch ${name} was built otherwise`, `launches.${n}.structure`);
    const wrong = misfitOf(stage, plan, limits, p.tensors);
    if (!wrong) return plan;
    const message = `does not fit launch ${stage.name}: ${wrong.field} ${wrong.message}`;
    throw new UserError(error(s, 'E0640', message, wrong.hint ?? TUNE, `launches.${n}.plan.${wrong.field}`));
  });
}
