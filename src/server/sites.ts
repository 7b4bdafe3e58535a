/** Where a name of the source lives once tiles and stages are chosen. */
import { readNames } from '../expr/expr.ts';
import type { Pass, Recurrence, Site, Stage, TileProgram } from '../tile/tile.ts';
import { stageExprs, stageWrites } from '../tile/walk.ts';

const list = (names: readonly string[]): string => names.join(', ');

const SITES: Readonly<Record<Site, string>> = {
  uniform: 'once per workgroup',
  row: 'once per row of a tile',
  col: 'once per column of a tile',
  tile: 'per element of a tile, never stored',
};

/** Values that the compiler made of a definition are called after it: `p.max`, `s.sum`. */
const isOf = (made: string, name: string): boolean => made === name || made.startsWith(`${name}.`);

/** One sentence per place, without repeating; empty when the value is written into what reads it. */
export function sitesOf(p: TileProgram, name: string): string[] {
  const found = p.stages.flatMap((s) => stageSites(s, name));
  const stored = p.tensors.filter((t) => t.role === 'workspace' && isOf(t.name.replace(/^ws\./, ''), name));
  const kept = stored.map((t) => `kept between launches as \`${t.name}\``);
  return [...new Set([...found, ...kept])];
}

function stageSites(s: Stage, name: string): string[] {
  const own = s.prologue.filter((d) => isOf(d.name, name)).map((d) => SITES[d.site]);
  const passes = s.passes.flatMap((p, n) => passSites(s, p, n, name));
  const steps = s.recurrence ? stepSites(s.recurrence, name) : [];
  const block = [...(s.block?.states ?? []), ...(s.block?.defs ?? [])].some((d) => isOf(d.name, name));
  const lines = [
    ...own,
    ...passes,
    ...steps,
    ...(block ? ['in workgroup memory, computed by all lanes'] : []),
  ];
  return lines.map((line) => `${line} (launch \`${s.name}\`)`);
}

function passSites(s: Stage, p: Pass, n: number, name: string): string[] {
  const pass = s.passes.length > 1 ? `pass ${n + 1} over ${axes(s)}` : `the pass over ${axes(s)}`;
  const lines: string[] = [];
  for (const d of [...p.contractions.map((c) => ({ ...c, site: 'tile' as const })), ...p.defs])
    if (isOf(d.name, name)) lines.push(`${SITES[d.site]}, in ${pass}`);
  for (const step of p.steps) {
    if (step.kind === 'reference' || !isOf(step.name, name)) continue;
    const what = step.kind === 'fold' ? `a running ${step.op}` : `a vector over ${step.vector}`;
    lines.push(`${what} per row, carried through ${pass}`);
  }
  for (const d of p.finish) if (isOf(d.name, name)) lines.push(`a statistic ${SITES[d.site]}, after ${pass}`);
  return lines;
}

const axes = (s: Stage): string => list(s.stream.map((a) => a.name));

function stepSites(r: Recurrence, name: string): string[] {
  const along = `along ${r.axis.name}${r.reverse ? ', from the last position' : ''}`;
  const lines: string[] = [];
  if (r.states.some((x) => isOf(x.name, name))) lines.push(`carried in registers ${along}`);
  if (r.defs.some((d) => isOf(d.name, name))) lines.push(`computed in each step ${along}`);
  return lines;
}

/** Launches that read a tensor. */
export const readersOf = (p: TileProgram, tensor: string): string[] =>
  p.stages.filter((s) => stageExprs(s).some((e) => readNames(e).has(tensor))).map((s) => s.name);

/** Launches that write an output. */
export const writersOf = (p: TileProgram, output: string): string[] =>
  p.stages.filter((s) => stageWrites(s).has(output)).map((s) => s.name);
