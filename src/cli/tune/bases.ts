/** The schedules that a search starts from: every form of sums and recurrences, each planned by the compiler itself. */
import { UserError } from '../../diagnostics/diagnostic.ts';
import { FORM_NAMES, type FormPlan } from '../../ir/recurrence/forms/forms.ts';
import type { TileProgram } from '../../tile/tile.ts';
import type { Schedule } from '../../plan/schedule.ts';
import { fixedFor } from '../../fixed-sizes.ts';
import { compileVariant, scheduleOf, type CompileTarget, type Features } from '../pipeline.ts';
import type { Launch } from '../targets.ts';

export interface Base {
  readonly schedule: Schedule;
  /** Its stages with their plans. */
  readonly planned: TileProgram;
}

const CHUNKS = [16, 32, 64, 128];

function forms(features: Features): readonly (Partial<FormPlan> | undefined)[] {
  if (features.form) return [features.form];
  const chunked = FORM_NAMES.filter((form) => form !== 'sequential');
  return [
    undefined,
    { form: 'sequential' },
    ...chunked.flatMap((form) => CHUNKS.map((chunk) => ({ form, chunk }))),
  ];
}

/**
 * The compiler's own schedule first; what is asked for in `features` stays. Schedules that give the same kernel count once.
 */
export async function basesOf(
  launch: Launch,
  target: CompileTarget,
  features: Features,
): Promise<readonly Base[]> {
  const set = fixedFor(launch.kernel, launch.variant.set, launch.sizes);
  const choices = {
    form: launch.kernel.states.length > 0 ? forms(features) : [features.form],
    rewrite: features.rewrite === undefined ? [undefined, true, false] : [features.rewrite],
    pack: [undefined, true, false],
  };
  const found = new Map<string, Base>();
  const add = async (f: Features): Promise<void> => {
    const { plan: _, ...free } = f;
    try {
      const { lowered, files } = await compileVariant(launch.kernel, set, target, free, launch.sizes);
      const text = files.map((x) => x.text).join('\n');
      const schedule = scheduleOf(launch.kernel, target, free, lowered);
      if (!found.has(text)) found.set(text, { schedule, planned: lowered.notes.planned! });
    } catch (e) {
      // A form that the target has no room for is no candidate; the compiler's own has to be.
      if (!(e instanceof UserError) || found.size === 0) throw e;
    }
  };
  for (const rewrite of choices.rewrite)
    for (const pack of choices.pack)
      for (const form of choices.form)
        await add({
          ...features,
          ...(rewrite === undefined ? {} : { rewrite }),
          ...(pack === undefined ? {} : { pack }),
          ...(form === undefined ? {} : { form }),
        });
  return [...found.values()];
}
