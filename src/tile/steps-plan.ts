/** The schedule of a recurrence: how many columns a lane carries, and which loops over vectors are written out. */
import { evalConst } from '../expr/evaluate.ts';
import { freeVars, visit } from '../expr/expr.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import type { Stage, TileAxis } from './tile.ts';

type Sizes = Readonly<Record<string, number>>;

/** Columns of a lane share what is read for all of them, and what is made of it alone. */
const COLUMNS = 4;
/** Bytes that the numbers of a workgroup's lanes may take, on a device whose lanes keep them in a first cache. */
const HELD_BYTES = 24 * 1024;
/** Numbers that a lane of a GPU can keep in registers. */
const REGISTERS = 128;
/** Steps of a few numbers wait for memory, not for each other: so many are read ahead. */
const AHEAD = 16;

export function stepsPlan(s: Stage, limits: PlanLimits, sizes: Sizes | undefined): StagePlan {
  // Steps wait for each other, so that a device is filled by many small workgroups.
  const lanes = Math.min(limits.subgroup, limits.maxLanes);
  const columns = columnsFor(s, lanes, limits, sizes);
  return {
    arrangement: 'lane-rows',
    blockM: lanes * columns,
    blockN: 1,
    lanes,
    operands: 'direct',
    fullTiles: 'together',
    // What is written out takes a software device long to compile; a GPU keeps in registers only what is.
    steps: limits.software
      ? { writtenOut: writtenOut(s, columns), loops: 'opaque', block: 4 }
      : {
          writtenOut: 16,
          loops: held(s) * columns <= REGISTERS ? 'unrolled' : 'plain',
          block: 4,
          ...(s.vectors.length === 0 ? { ahead: AHEAD } : {}),
        },
  };
}

/** Elements of one value of a step that a software device compiles one by one. */
const MOST_WRITTEN = 64;

/** The longest loops that may be written out so that loops inside of each other do not multiply beyond the limit. */
function writtenOut(s: Stage, columns: number): number {
  const extents = new Map(s.vectors.map((v) => [v.name, v.extent]));
  const nests = s.recurrence!.defs.map((d) => [
    ...d.indices,
    ...(d.value.kind === 'reduce' ? d.value.axes : []),
  ]);
  const fits = (longest: number): boolean =>
    nests.every((axes) => {
      const written = axes.map((a) => extents.get(a) ?? 1).filter((n) => n <= longest);
      return written.reduce((n, x) => n * x, 1) <= MOST_WRITTEN;
    });
  return [8, 4, 2].find((n) => (columns === 1 || n <= 4) && fits(n)) ?? 1;
}

function columnsFor(s: Stage, lanes: number, limits: PlanLimits, sizes: Sizes | undefined): number {
  // On a GPU more workgroups are worth more than what columns share; along several axes they share little.
  if (!limits.software || s.vectors.length === 0 || s.row.length > 1 || !shares(s)) return 1;
  const numbers = Math.max(1, held(s));
  const room = Math.max(1, Math.floor(HELD_BYTES / (4 * numbers * lanes)));
  const rows = count(s.row, sizes) ?? Infinity;
  const batch = count(s.batch, sizes) ?? Infinity;
  let columns = Math.min(COLUMNS, room, Math.ceil(rows / lanes));
  while (columns > 1 && batch * Math.ceil(rows / (lanes * columns)) < limits.cores) columns--;
  return columns;
}

/** Something of a step is the same for all columns. */
function shares(s: Stage): boolean {
  const rows = s.row.map((a) => a.name);
  const vectors = new Set(s.vectors.map((v) => v.name));
  return s.recurrence!.defs.some((d) => {
    let some = false;
    visit(d.value, (x) => {
      const free = x.kind === 'read' ? freeVars(x) : undefined;
      if (free && [...free].some((a) => vectors.has(a)) && !rows.some((a) => free.has(a))) some = true;
    });
    return some;
  });
}

/** Numbers of the states that differ between columns. */
function held(s: Stage): number {
  const rows = new Set(s.row.map((a) => a.name));
  const extents = new Map(s.vectors.map((v) => [v.name, v.extent]));
  return s
    .recurrence!.states.filter((x) => x.indices.some((a) => rows.has(a)))
    .reduce((n, x) => n + x.indices.reduce((m, a) => m * (extents.get(a) ?? 1), 1), 0);
}

function count(axes: readonly TileAxis[], sizes: Sizes | undefined): number | undefined {
  const known = new Map(Object.entries(sizes ?? {}));
  if (axes.some((a) => [...freeVars(a.extent)].some((v) => !known.has(v)))) return undefined;
  return axes.reduce((n, a) => n * Math.max(0, evalConst(a.extent, known)), 1);
}
