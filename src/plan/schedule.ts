/**
 * The whole schedule of a kernel as data: which form its sums and recurrences take, and a plan for each launch. It changes how
 * fast a kernel is, never what it computes.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import { printUnit } from '../expr/matrix-unit.ts';
import type { FormPlan } from '../ir/recurrence/forms/forms.ts';
import type { PlanLimits, StagePlan } from '../tile/plan.ts';

export const PLAN_FORMAT = 1;

export interface LaunchPlan {
  /** Name of the stage, for people. */
  readonly name: string;
  /** What the stage was when the plan was made, as `structureOf` gives it. */
  readonly structure: string;
  readonly plan: StagePlan;
}

/** Where and when a schedule was found to be the fastest. */
export interface Measured {
  readonly device: string;
  /** Sizes and params. */
  readonly values: Readonly<Record<string, number>>;
  readonly median_ms: number;
  /** The schedule that the compiler chooses by itself, in the same process. */
  readonly default_ms: number;
}

export interface Schedule {
  readonly kernel: string;
  readonly target: 'wgsl' | 'cuda';
  readonly device: 'gpu' | 'cpu';
  /** CUDA: the architecture, where it is not the least one. */
  readonly arch?: 'sm_90a';
  /** Lanes of subgroups that exchange values, on a CPU; absent: they do not. */
  readonly subgroups?: number;
  /** Products of matrices that subgroups do, as `f16-f32:16x16x16`, separated by commas; absent: none. */
  readonly matrices?: string;
  /** Sums over positions are carried along wherever they can be, or nowhere; absent: where that costs less. */
  readonly rewrite?: boolean;
  /** Members of a group that share what is streamed become rows; absent: where rows are few. */
  readonly pack?: boolean;
  /** For each axis that states run along, in order. */
  readonly forms?: readonly Omit<FormPlan, 'why'>[];
  /** In order, before streams are shared out and summaries are added. */
  readonly launches: readonly LaunchPlan[];
  readonly measured?: Measured;
}

/** A schedule with the place that it was read from, so that what is wrong with it can be shown. */
export interface PlacedSchedule extends Schedule {
  readonly from?: {
    readonly source: string;
    /** Of every value, by its path from the schedule on: `launches.0.plan.blockM`. */
    readonly places: ReadonlyMap<string, Span>;
  };
}

export interface PlanFile {
  readonly format: typeof PLAN_FORMAT;
  /** At most one for a kernel, target and device. */
  readonly plans: readonly PlacedSchedule[];
}

/** What a schedule is for. */
export type ScheduleKey = Pick<Schedule, 'kernel' | 'target' | 'device' | 'arch' | 'subgroups' | 'matrices'>;

interface Asked {
  readonly device?: 'gpu' | 'cpu';
  readonly arch?: 'sm_80' | 'sm_90a';
}

/** What a compilation wants a schedule for, with the limits of its target. */
export function scheduleKey(
  kernel: string,
  target: Schedule['target'],
  { device = 'gpu', arch }: Asked,
  limits: Pick<PlanLimits, 'exchanges' | 'subgroup' | 'matrixUnits'>,
): ScheduleKey {
  if (target === 'cuda') return { kernel, target, device: 'gpu', ...(arch === 'sm_90a' ? { arch } : {}) };
  const exchanges = device === 'cpu' && limits.exchanges === true;
  const matrices = (limits.matrixUnits ?? []).map(printUnit).sort().join(',');
  return {
    kernel,
    target,
    device,
    ...(exchanges ? { subgroups: limits.subgroup } : {}),
    ...(matrices ? { matrices } : {}),
  };
}

/** For people. */
export function describedKey({ kernel, target, device, arch, subgroups, matrices }: ScheduleKey): string {
  const more = arch ? ` of ${arch}` : subgroups ? ` with subgroups of ${subgroups} lanes` : '';
  return `${kernel} for ${target} on a ${device}${more}${matrices ? ` with matrices ${matrices}` : ''}`;
}

const same = (a: ScheduleKey, b: ScheduleKey): boolean =>
  a.kernel === b.kernel &&
  a.target === b.target &&
  a.device === b.device &&
  a.arch === b.arch &&
  a.subgroups === b.subgroups &&
  a.matrices === b.matrices;

export const scheduleIn = (file: PlanFile, wanted: ScheduleKey): PlacedSchedule | undefined =>
  file.plans.find((p) => same(p, wanted));

/** The file with one schedule in place of what it had for the same kernel, target and device. */
export function withSchedule(file: PlanFile | undefined, s: Schedule): PlanFile {
  const others = (file?.plans ?? []).filter((p) => !same(p, s));
  return { format: PLAN_FORMAT, plans: [...others, s] };
}

/** Canonical text of a plan file. */
export function printPlanFile(file: PlanFile): string {
  const plans = file.plans.map(({ from: _, ...s }) => s);
  return `${JSON.stringify({ ...file, plans }, undefined, 2)}\n`;
}
