/** What the compiler makes of a kernel, in a few words: launches, loops, forms, and the cost as a formula. */
import type { Explanation } from '../explain.ts';

export interface Facts {
  readonly kernel: string;
  /** Launches and passes; whether masks restrict it, lists of tiles are made, and how states are run. */
  readonly made: string;
  /** Multiplications and additions of contractions and steps over all pairs. */
  readonly cost: string;
}

type Form = NonNullable<Explanation['recurrences'][number]['form']>;
const FORMS: Readonly<Record<Form, string>> = { sequential: 'steps', chunked: 'chunks', scan: 'scan' };

/** @param masks lines of the kernel that remove elements */
export function factsOf(e: Explanation, masks: number): Facts {
  const passes = e.stages.flatMap((s) => s.passes);
  const most = Math.max(0, ...e.stages.map((s) => s.passes.filter((p) => !p.fills).length));
  const forms = new Set(e.recurrences.map((r) => FORMS[r.form ?? 'sequential']));
  const parts = [
    e.launches === 1 ? '1 launch' : `${e.launches} launches`,
    ...(most > 1 ? [`${most} passes`] : []),
    ...(masks > 0 ? ['mask'] : []),
    ...(passes.some((p) => p.list !== undefined) ? ['lists of tiles'] : []),
    ...forms,
  ];
  return { kernel: e.kernel, made: parts.join(', '), cost: e.operationsFormula };
}
