/** The plan file of a spec: named on the command line, or beside the spec. */
import { existsSync } from 'node:fs';
import type { PlanSource } from '../plan/choose.ts';
import type { PlanFile } from '../plan/schedule.ts';
import type { FeatureOptions } from './features.ts';
import { SpecErrors } from './open.ts';
import { writeFilesAtomically } from '../runtime/files.ts';
import type { Sources } from './sources.ts';

/** `causal.plan.json` beside `causal.attn`; undefined for standard input. */
export const planPath = (spec: string): string | undefined =>
  spec === '-' ? undefined : `${spec.replace(/\.attn$/, '')}.plan.json`;

/**
 * Reads a plan file.
 * @throws UserError E0701 where it cannot be read, SpecErrors E0750 where it is none
 */
export async function readPlan(sources: Sources, path: string): Promise<PlanFile> {
  // The schema library is slow to load, and most specs have no plan.
  const { readPlanFile } = await import('../plan/read.ts');
  const { file, diagnostics } = readPlanFile(sources.read(path), path);
  if (!file) throw new SpecErrors(diagnostics);
  return file;
}

/** The plan file that the options name, or that lies beside the spec, or none. Errors as for `readPlan`. */
export async function planOf(
  sources: Sources,
  spec: string,
  { plan }: FeatureOptions,
): Promise<{ readonly plan?: PlanSource }> {
  if (plan === false) return {};
  const path = plan ?? planPath(spec);
  if (path === undefined || (plan === undefined && !existsSync(path))) return {};
  return {
    plan: { file: await readPlan(sources, path), source: path, required: plan !== undefined },
  };
}

/** Writes a plan file whole or not at all. @throws UserError E0702 */
export function writePlan(path: string, text: string): void {
  writeFilesAtomically([{ path, content: text }]);
}
