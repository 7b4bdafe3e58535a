/** Why a launch exists: which later ones wait for what it writes, and what about it keeps them apart. */
import { freeVars, mentions, readsOf } from '../expr/expr.ts';
import type { Stage, TileProgram } from '../tile/tile.ts';
import { boundsExprs, stageExprs, stageWrites } from '../tile/walk.ts';

export interface Waiting {
  /** The launch that waits. */
  readonly launch: string;
  readonly tensor: string;
  readonly why: string;
}

/** Later launches that read what a stage keeps, each tensor once. */
export function waitingFor(p: TileProgram, s: Stage): readonly Waiting[] {
  const kept = [...stageWrites(s)].filter((name) =>
    p.tensors.some((t) => t.name === name && t.role === 'workspace'),
  );
  const later = p.stages.slice(p.stages.indexOf(s) + 1);
  return later.flatMap((r) =>
    kept.flatMap((tensor) => {
      const why = reasonOf(s, r, tensor);
      return why === undefined ? [] : [{ launch: r.name, tensor, why }];
    }),
  );
}

function reasonOf(s: Stage, r: Stage, tensor: string): string | undefined {
  const reads = stageExprs(r).flatMap((e) => readsOf(e).filter((x) => x.name === tensor));
  if (reads.length === 0) return inBounds(r, tensor) ? 'its loops depend on it' : undefined;
  const own = new Set([...r.batch, ...r.row].map((a) => a.name));
  const along = new Set<string>();
  let computed = false;
  for (const x of reads)
    for (const i of x.index) {
      for (const v of freeVars(i)) if (!own.has(v) && isAxis(r, v)) along.add(v);
      if (i.kind !== 'var' && i.kind !== 'const') computed = true;
    }
  // Workgroups do not wait for each other within a launch.
  if (along.size > 0) return `each of its rows needs all along ${[...along].join(', ')}`;
  if (computed) return 'it reads what other rows have made';
  if (s.recurrence || r.recurrence) return 'steps are taken by other lanes than what is made of them';
  return 'it streams over something else';
}

const inBounds = (r: Stage, tensor: string): boolean =>
  r.passes.some((p) => p.bounds && boundsExprs(p.bounds).some((e) => mentions(e, tensor)));

/** Of a stage: what its loops run along; elements of vectors belong to a row. */
const isAxis = (r: Stage, name: string): boolean =>
  [...r.stream, ...(r.recurrence ? [r.recurrence.axis, ...r.recurrence.loops] : [])].some(
    (a) => a.name === name,
  );
