/** Which schedule of a plan file a compilation uses, and what is told where it uses none. */
import { UserError, userError, type Diagnostic } from '../diagnostics/diagnostic.ts';
import { OtherStructure } from './apply.ts';
import {
  describedKey,
  scheduleIn,
  type Measured,
  type PlacedSchedule,
  type PlanFile,
  type ScheduleKey,
} from './schedule.ts';

/** A plan file that was asked for, or that lies beside the spec. */
export interface PlanSource {
  readonly file: PlanFile;
  /** Its name, for people. */
  readonly source: string;
  /** It was asked for by name: where it does not fit, that is an error and not a reason to do without. */
  readonly required: boolean;
}

/** What came of it. */
export interface PlanUse {
  readonly source: string;
  readonly used: boolean;
  readonly measured?: Measured;
  /** W0910: the file has a plan for this kernel, target and device, and it is not for these stages. */
  readonly warning?: Diagnostic;
}

/**
 * @param lower lowers by a schedule, or by the compiler's own choices
 * @throws UserError E0640 where a stage cannot be run as the plan says; E0641, E0751 only where the plan is required
 */
export function lowerByPlan<T>(
  plan: PlanSource | undefined,
  to: ScheduleKey,
  lower: (s?: PlacedSchedule) => T,
): { readonly made: T; readonly planUse?: PlanUse } {
  if (!plan) return { made: lower() };
  const { source, required, file } = plan;
  const found = scheduleIn(file, to);
  if (!found && required) throw noPlan(plan, to);
  if (!found) return { made: lower() };
  try {
    const { measured } = found;
    const made = lower(found);
    return { made, planUse: { source, used: true, ...(measured ? { measured } : {}) } };
  } catch (e) {
    if (!(e instanceof OtherStructure) || required) throw e;
    const { message, ...rest } = e.diagnostic;
    const warning: Diagnostic = {
      ...rest,
      code: 'W0910',
      severity: 'warning',
      message: `${message}: it is not used`,
    };
    return { made: lower(), planUse: { source, used: false, warning } };
  }
}

function noPlan({ file, source }: PlanSource, to: ScheduleKey): UserError {
  const has = file.plans.map(describedKey).join('; ');
  return userError('E0751', `${source} has no plan of ${describedKey(to)}`, {
    hint: has === '' ? 'it has none at all: write one with `attnc tune`' : `it has plans of ${has}`,
  });
}
