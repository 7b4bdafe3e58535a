/**
 * Tiles of which neighbouring lanes share rows: each has some rows times some columns of a tile of scores in registers, and
 * takes operands from workgroup memory four elements at a time.
 */
import { key, visit } from '../expr/expr.ts';
import { columnContents, extentOf, wordsOf } from './contents.ts';
import { matrixStorage, readsOtherElements } from './matrix-plan.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import type { Operand, Pass, Stage } from './tile.ts';

/** Elements that are loaded and stored at once. */
export const VECTOR = 4;

/** Rows of an operand begin an odd number of vectors apart, so that neighbouring rows use different banks. */
export const tileStride = (columns: number): number => columns + (columns % (2 * VECTOR) === 0 ? VECTOR : 0);

/** Words of a row of integers in memory, an odd number. */
export const integerStride = (length: number): number => length | 1;

/** Columns of an operand: every lane that shares a row has whole vectors of it. */
export const tileColumns = (extent: number, rowLanes: number): number =>
  Math.ceil(extent / (VECTOR * rowLanes)) * VECTOR * rowLanes;

/**
 * The arrays that the column operands of a pass take in turns: those of its contractions come first, then those that are only
 * summed take the arrays that nobody reads again. A pass without contractions loads all at once.
 */
export function turnsOf(p: Pass): {
  readonly first: readonly Operand[];
  readonly later: readonly Operand[];
  readonly array: ReadonlyMap<Operand, number>;
} {
  const scored = p.operands.filter((o) => p.contractions.some((c) => c.cols === o.name));
  const first = scored.length > 0 ? scored : p.operands;
  const later = p.operands.filter((o) => !first.includes(o));
  const summed = new Set(p.steps.flatMap((x) => (x.kind === 'accumulate' ? [x.operand] : [])));
  // Arrays of integers hold nothing else.
  const free = first.flatMap((o, n) => (summed.has(o.name) || o.value.type !== 'f32' ? [] : [n]));
  const array = new Map(first.map((o, n) => [o, n]));
  for (const [n, o] of later.entries()) array.set(o, free[n] ?? first.length + n);
  return { first, later, array };
}

/** Bytes of what lanes exchange beside this: whether their subgroups hold them in order. */
const SUBGROUP_BYTES = 32;
const up = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Bytes of workgroup memory. */
export function laneTilesBytes(s: Stage, plan: StagePlan): number {
  const { blockM, blockN, lanes, rowLanes = 1 } = plan;
  const row = (o: Operand): number =>
    o.value.type !== 'f32'
      ? 4 * integerStride(wordsOf(s, o))
      : (plan.halves ? 2 : 4) * tileStride(tileColumns(extentOf(s, o.vector), rowLanes));
  const rows = s.rowOperands.reduce((n, o) => n + blockM * row(o), 0);
  const turns: number[] = [];
  for (const p of s.passes)
    for (const [o, n] of turnsOf(p).array) turns[n] = Math.max(turns[n] ?? 0, blockN * row(o));
  const sums = s.passes.some((p) => p.steps.some((x) => x.kind === 'accumulate'));
  const folds = s.passes.flatMap((p) => p.steps.flatMap((x) => (x.kind === 'fold' ? [x] : [])));
  const kinds = new Set<string>(['f32', ...folds.map((x) => x.type)]);
  if (folds.some((x) => x.op === 'argmax' || x.op === 'argmin')) kinds.add('index');
  const exchanged = kinds.size * up(4 * rowSlots(plan) * lanes);
  return (
    rows +
    turns.reduce((a, b) => a + (b ?? 0), 0) +
    columnContents(s).values * up(4 * blockN) +
    (sums ? 4 * blockM * blockN : 0) +
    exchanged +
    (plan.exchange === 'subgroups' ? SUBGROUP_BYTES : 0)
  );
}

/** Rows of a lane. */
export const rowSlots = ({ blockM, lanes, rowLanes = 1 }: StagePlan): number => (blockM * rowLanes) / lanes;

/** The stage multiplies operands that lanes can share, and reads no vector but by its own elements. */
export const takesTiles = (s: Stage): boolean =>
  !s.recurrence &&
  !s.block &&
  s.stream.length > 0 &&
  s.passes.some((p) => p.operands.length > 0) &&
  !readsRowValues(s) &&
  !readsOtherElements(s);

/** Rows are loaded by all lanes together, and the values of a row are known to those that share it. */
function readsRowValues(s: Stage): boolean {
  const defs = [...s.prologue, ...s.passes.flatMap((p) => [...p.defs, ...p.finish])];
  const own = new Set(defs.filter((d) => d.site !== 'uniform').map((d) => d.name));
  for (const p of s.passes) for (const x of p.steps) own.add(x.name);
  return s.rowOperands.some((o) => {
    let found = false;
    visit(o.value, (e) => {
      if (e.kind === 'read' && own.has(e.name)) found = true;
    });
    return found;
  });
}

/** Numbers that a lane holds: its tile of scores and of weights, and its part of the vectors. */
function held(s: Stage, plan: StagePlan): number {
  const { blockN, rowLanes = 1 } = plan;
  const adds = s.passes.flatMap((p) => p.steps.flatMap((x) => (x.kind === 'accumulate' ? [x] : [])));
  const vectors = adds.reduce((n, x) => n + tileColumns(extentOf(s, x.vector), rowLanes) / rowLanes, 0);
  const tiles = Math.max(
    ...s.passes.map((p) => {
      const weights = p.steps.flatMap((x) =>
        x.kind === 'accumulate' ? [`${x.keep} ${x.weight.kind} ${key(x.weight)}`] : [],
      );
      return p.contractions.length + new Set(weights).size;
    }),
  );
  return rowSlots(plan) * (vectors + (tiles * blockN) / rowLanes);
}

export interface Most {
  /** Numbers of a lane: some GPUs have 64 registers where all their lanes shall be busy. */
  readonly held: number;
  /** Elements of a tile that a lane has statements for: more take the compilers of some drivers a minute. */
  readonly elements: number;
}
/** What the compiler chooses from, and what `tune` tries. */
const OWN: Most = { held: 48, elements: 8 };
export const TUNED: Most = { held: 128, elements: 32 };

/** Lanes that share a row, and rows of each lane; every lane has a vector of columns of a tile. */
const MEMBERS = [4, 8, 16];
const ROWS = [1, 2, 4, 8];
const LANES = [32, 64, 128];

/** The plans whose numbers fit registers and workgroup memory. */
export function laneTilesPlans(s: Stage, limits: PlanLimits, most: Most = OWN): readonly StagePlan[] {
  if (!limits.vectors || !takesTiles(s)) return [];
  const halves = halvesOf(s, limits);
  const all = LANES.flatMap((lanes) =>
    MEMBERS.flatMap((rowLanes) =>
      ROWS.map((rows) => ({
        ...laneTilesPlan(limits, lanes, rowLanes, rows),
        ...(halves ? { halves } : {}),
      })),
    ),
  );
  return all.filter(
    (p) =>
      p.lanes <= limits.maxLanes &&
      rowSlots(p) * (p.blockN / p.rowLanes!) <= most.elements &&
      held(s, p) <= most.held &&
      laneTilesBytes(s, p) <= limits.workgroupBytes,
  );
}

/** What operands in f16 are where the device computes with such. */
export function halvesOf(s: Stage, limits: PlanLimits): StagePlan['halves'] {
  if (!limits.nativeF16 || matrixStorage(s) !== 'f16') return undefined;
  // Weights become f16, too: without a reference nothing bounds them by its range.
  const unbounded = s.passes.some((p) => p.steps.some((x) => x.kind === 'accumulate' && !x.scaledBy));
  return limits.f16Arithmetic && !unbounded ? 'multiplied' : 'held';
}

export function laneTilesPlan(limits: PlanLimits, lanes: number, rowLanes: number, rows: number): StagePlan {
  return {
    arrangement: 'lane-tiles',
    blockM: (lanes / rowLanes) * rows,
    blockN: VECTOR * rowLanes,
    lanes,
    rowLanes,
    ...(limits.exchanges ? { exchange: 'subgroups' as const } : {}),
    operands: 'workgroup',
    fullTiles: 'together',
  };
}
