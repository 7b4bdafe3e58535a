/** The schedule that the compiler, a person or a file decided on, as data. */
import type { RewriteNote } from '../ir/passes/rewrite-linear.ts';
import type { FormPlan } from '../ir/recurrence/forms/forms.ts';
import type { TileProgram } from '../tile/tile.ts';
import type { Schedule, ScheduleKey } from './schedule.ts';
import { structureOf } from './structure.ts';

/** What passes noted of their decisions. */
export interface Decisions {
  readonly rewrites?: readonly RewriteNote[];
  /** One for each axis that states run along. */
  readonly formPlans?: readonly FormPlan[];
  /** Members of a group became rows. */
  readonly packed?: boolean;
  /** After the pass `plan`. */
  readonly planned?: TileProgram;
}

/** Mixed decisions were made by cost, and are left to it. */
function rewriteOf(notes: readonly RewriteNote[]): boolean | undefined {
  const done = notes.filter((n) => n.rewritten).length;
  return notes.length === 0 || (done > 0 && done < notes.length) ? undefined : done > 0;
}

/** @param to the kernel, target and device that the decisions were made for */
export function decidedSchedule(to: ScheduleKey, d: Decisions): Schedule {
  const rewrite = rewriteOf(d.rewrites ?? []);
  const forms = (d.formPlans ?? []).map(({ why: _, ...form }) => form);
  return {
    ...to,
    ...(rewrite === undefined ? {} : { rewrite }),
    ...(d.packed === undefined ? {} : { pack: d.packed }),
    ...(forms.length > 0 ? { forms } : {}),
    launches: (d.planned?.stages ?? []).map((s) => ({
      name: s.name,
      structure: structureOf(s),
      plan: s.plan!,
    })),
  };
}
