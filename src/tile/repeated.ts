/**
 * Stages that are equal but for the names of their axes and values compute the same: the first of them is kept, and what the
 * others would have written is read from it. Definitions that were opened at other places leave such stages behind.
 */
import { mapExprs } from './map-exprs.ts';
import type { Stage, TileProgram, TileTensor } from './tile.ts';
import { stageValues, stageWrites } from './walk.ts';

export function withoutRepeated(p: TileProgram): TileProgram {
  const workspace = new Map(p.tensors.filter((t) => t.role === 'workspace').map((t) => [t.name, t]));
  const known = new Map<string, readonly string[]>();
  const instead = new Map<string, string>();
  const stages = p.stages.flatMap((given): readonly Stage[] => {
    const s = reading(given, instead);
    const writes = [...stageWrites(s)];
    const tensors = writes.map((n) => workspace.get(n));
    if (!tensors.every((t) => t !== undefined)) return [s];
    const text = withoutNames(s, tensors);
    const first = known.get(text);
    if (!first) {
      known.set(text, writes);
      return [s];
    }
    writes.forEach((n, at) => instead.set(n, first[at]!));
    return [];
  });
  if (instead.size === 0) return p;
  return { ...p, stages, tensors: p.tensors.filter((t) => !instead.has(t.name)) };
}

/** The stage with reads of some tensors in the place of others. */
function reading(s: Stage, instead: ReadonlyMap<string, string>): Stage {
  if (instead.size === 0) return s;
  return mapExprs(s, (e) => {
    const name = e.kind === 'read' ? instead.get(e.name) : undefined;
    return e.kind !== 'read' || name === undefined ? e : { ...e, name };
  });
}

/** Fields whose texts are no names of axes or values. */
const WORDS = new Set(['kind', 'op', 'type', 'site', 'storage', 'base', 'role']);

/** All that a stage says, with numbers in the place of the names that it declares, in the order in which it mentions them. */
function withoutNames(s: Stage, tensors: readonly TileTensor[]): string {
  const axes = [...s.batch, ...s.row, ...s.stream, ...s.vectors, ...(s.recurrence?.loops ?? [])];
  const domains = s.passes.flatMap((x) => [...x.keeps, ...x.operands]);
  const declared = new Set([
    ...[...axes, ...domains, ...s.rowOperands, ...tensors].map((x) => x.name),
    ...stageValues(s),
    ...(s.recurrence ? [s.recurrence.axis.name] : []),
  ]);
  const numbers = new Map<string, number>();
  const said = (field: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((x) => said(field, x));
    if (typeof value === 'object' && value !== null)
      return Object.entries(value).flatMap(([f, x]) => (f === 'span' ? [] : [[f, said(f, x)]]));
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (typeof value !== 'string' || WORDS.has(field) || !declared.has(value)) return `= ${String(value)}`;
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return `$${numbers.get(value)!}`;
  };
  const { name: _, ...all } = s;
  return JSON.stringify([said('', all), said('', tensors)]);
}
