/** The laboratory of a search: prepares schedules on a device, holds their results to the reference, and keeps the time. */
import { UserError, userError, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import { PLAN_FORMAT, type Schedule } from '../../plan/schedule.ts';
import { ranked } from '../../tile/cost.ts';
import { planKey, planSpace } from '../../tile/space.ts';
import { planLimits, type Features } from '../pipeline.ts';
import type { Launch } from '../targets.ts';
import { describeSchedule } from './report.ts';
import type { Lab } from './search.ts';
import { referenceFor, type Reference } from './subject.ts';
import type { Bench, Trial } from './trial.ts';

export interface LabOptions {
  /** Seconds. */
  readonly budget: number;
  /** Schedules to try at most. */
  readonly candidates?: number;
  /** Called for each second that went by. */
  step(label: string): void;
}

export interface MeasuringLab extends Lab {
  stop(): void;
  /** Seconds since the search began. */
  elapsed(): number;
  result(): {
    readonly tried: number;
    /** Those that did not fit the target. */
    readonly skipped: number;
    /** Those that gave other results. */
    readonly wrong: readonly Diagnostic[];
    /** What results were held to. */
    readonly reference: string;
  };
}

export function labFor(bench: Bench, launch: Launch, features: Features, options: LabOptions): MeasuringLab {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const limits = planLimits(bench.target, features);
  const wrong: Diagnostic[] = [];
  let [tried, skipped, shown] = [0, 0, 0];
  let stopped = false;
  let own: Schedule | undefined;
  let reference: Reference | undefined;

  const usable = async (s: Schedule, trial: Trial): Promise<boolean> => {
    own ??= s;
    reference ??= await referenceFor(launch, bench.target, trial.outputs);
    const problem = reference.disagreement(trial.outputs);
    if (problem === undefined) return true;
    const message = `${launch.kernel.name} with ${describeSchedule(s, own)}: ${problem}`;
    wrong.push({ code: 'E0731', severity: 'error', message, hint: `the plan was: ${JSON.stringify(s)}` });
    return false;
  };

  return {
    elapsed,
    left: (part) =>
      elapsed() < part * options.budget && (part === 1 || tried < (options.candidates ?? Infinity)),
    tried: () => {
      for (; shown < Math.floor(elapsed()); shown++)
        options.step(`tune ${launch.kernel.name}, ${tried} tried`);
    },
    plansOf: ({ planned, schedule }, n) => {
      const [stage, plan] = [planned.stages[n]!, schedule.launches[n]!.plan];
      const sizes = { ...planned.fixed, ...launch.sizes };
      const others = planSpace(stage, limits, plan, sizes).filter((p) => planKey(p) !== planKey(plan));
      return ranked(stage, others, limits, sizes).map((x) => x.plan);
    },
    prepare: async (s) => {
      if (stopped) throw userError('E0752', 'tuning was stopped; no plan was written');
      tried++;
      const file = { format: PLAN_FORMAT, plans: [s] } as const;
      try {
        const trial = await bench.prepare({
          ...features,
          plan: { file, source: 'the schedule', required: true },
        });
        if (await usable(s, trial)) return trial;
        trial.destroy();
      } catch (e) {
        // What does not fit the target is no candidate; everything else is somebody's error.
        if (!(e instanceof UserError) || !e.diagnostic.code.startsWith('E06')) throw e;
        skipped++;
      }
      return undefined;
    },
    stop: () => void (stopped = true),
    result: () => ({ tried, skipped, wrong, reference: reference?.what ?? 'nothing' }),
  };
}
