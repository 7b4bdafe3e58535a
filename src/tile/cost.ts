/**
 * What a plan costs: seconds, from the operations, loads and launches that its loops make. `docs/tuning.md` has the formulas
 * and what they were fitted to. Masks are left out: they take tiles from all plans alike.
 */
import { evalConst } from '../expr/evaluate.ts';
import { freeVars, visit, type Expr } from '../expr/expr.ts';
import { deviceOf, type DeviceModel } from './device.ts';
import { readsInPlace } from './contents.ts';
import { rowSlots, tileColumns } from './lane-tiles-plan.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import type { Pass, Stage, TileAxis } from './tile.ts';

type Sizes = Readonly<Record<string, number>>;

/** A size that nobody knows, along rows and streams, and over batches. */
const USUAL = { side: 2048, batch: 16 } as const;

/** Multiply-adds that an operation costs as much time as. */
const EXP = 10;

interface Work {
  /** Multiply-adds per pair that multiply an operand of the row with one of the column. */
  readonly scores: number;
  /** Multiply-adds per pair that add to a vector of the row. */
  readonly sums: number;
  /** Other operations per pair, as multiply-adds. */
  readonly others: number;
  /** Elements of vectors that are multiplied when a reference moves. */
  readonly rescaled: number;
  /** Numbers of column operands that a pair needs. */
  readonly columns: number;
}

const extentOf = (s: Stage, vector: string): number => s.vectors.find((v) => v.name === vector)!.extent;

function operations(e: Expr): number {
  let n = 0;
  visit(e, (x) => {
    if (x.kind === 'op') n += x.op === 'exp' || x.op === 'exp2' || x.op === 'log' ? EXP : 1;
  });
  return n;
}

function workOf(s: Stage, p: Pass): Work {
  const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
  const adds = p.steps.flatMap((x) => (x.kind === 'accumulate' ? [x] : []));
  const tile = p.defs.filter((d) => d.site === 'tile').map((d) => d.value);
  const steps = p.steps.map((x) => (x.kind === 'accumulate' ? x.weight : x.value));
  return {
    scores: sum(p.contractions.map((c) => extentOf(s, c.vector))),
    sums: sum(adds.map((x) => extentOf(s, x.vector))),
    others: sum([...tile, ...steps].map((e) => (e.kind === 'reduce' ? 0 : operations(e)))) + p.steps.length,
    rescaled: sum(adds.filter((x) => x.scaledBy).map((x) => extentOf(s, x.vector))),
    columns: sum(p.operands.map((o) => extentOf(s, o.vector))),
  };
}

function countOf(axes: readonly TileAxis[], sizes: ReadonlyMap<string, number>, usual: number): number {
  const extents = axes.map((a) =>
    [...freeVars(a.extent)].every((v) => sizes.has(v)) ? Math.max(1, evalConst(a.extent, sizes)) : usual,
  );
  return extents.reduce((a, b) => a * b, 1);
}

/** Runs that share the time in which a driver compiles the kernel. */
const RUNS = 100;

/** Seconds that a stage takes by a plan. @param sizes fixed and expected; others are taken as usual */
export function planSeconds(s: Stage, plan: StagePlan, limits: PlanLimits, sizes: Sizes = {}): number {
  const device = deviceOf(limits);
  const known = new Map(Object.entries(sizes));
  const batch = countOf(s.batch, known, USUAL.batch);
  const rows = countOf(s.row, known, USUAL.side);
  const shares = plan.split ?? 1;
  const blocks = batch * Math.ceil(rows / plan.blockM) * shares;
  const tiles = Math.ceil(countOf(s.stream, known, USUAL.side) / (plan.blockN * shares));
  const perBlock = s.recurrence
    ? countOf([s.recurrence.axis], known, USUAL.side) * stepCost(s, plan, device, known)
    : s.passes.reduce((t, p) => t + tileCost(s, p, plan, device), plan.lanes * PER_TILE) * tiles;
  const running = (blocks * perBlock) / (device.multiplyAdds * filled(blocks, plan, limits, device));
  const written = readsInPlace(plan) ? (plan.blockM / plan.lanes) * plan.blockN : 0;
  return running + device.launch * (shares > 1 ? 2 : 1) + (device.compile * written) / RUNS;
}

/** The part of the device that works: cores without a block, and cores whose lanes are too few, wait. */
function filled(blocks: number, plan: StagePlan, limits: PlanLimits, d: DeviceModel): number {
  const rounds = Math.ceil(blocks / limits.cores);
  const even = blocks / (rounds * limits.cores);
  const resident = Math.max(1, Math.ceil(d.lanesPerCore / plan.lanes));
  const held = Math.min(resident, rounds) * plan.lanes;
  return even * Math.min(1, held / d.lanesPerCore);
}

/** What a tile takes beside its pairs, and what waiting for all lanes takes, in multiply-adds of a lane. */
const PER_TILE = 20;
const BARRIERS = 40;

/** What it takes to reach an element of a lane's own array, in multiply-adds. */
const OWN_ARRAY = 3;

/**
 * A tile of one block, in multiply-adds of all its lanes. Of r rows and n columns of a lane, an element of a column serves r
 * rows, one of a row serves n columns, and a sum is read and written once for n columns.
 */
function tileCost(s: Stage, p: Pass, plan: StagePlan, d: DeviceModel): number {
  const w = workOf(s, p);
  const r = plan.blockM / plan.lanes;
  const n = plan.blockN;
  const pairs = plan.blockM * n;
  const products = w.scores + w.sums;
  // All lanes load an element of a column once for the rows of the block.
  const loaded = d.access * w.columns * n;
  // Where no lane reaches elements of matrices, scores and sums are saved to workgroup memory and taken from it.
  const saved = plan.products ? 2 * d.access * plan.blockM * (p.contractions.length * n + w.sums) : 0;
  if (!/^lane-/.test(plan.arrangement) && d.matrixMultiplyAdds)
    return (
      saved +
      pairs * ((products * d.multiplyAdds) / d.matrixMultiplyAdds + w.others + w.rescaled / n) +
      loaded +
      plan.lanes * BARRIERS
    );
  if (plan.arrangement === 'lane-tiles') return laneTileCost(s, p, plan, d, w);
  const rows = readsInPlace(plan) ? (w.scores + 2 * w.sums + w.rescaled) / n : w.rescaled / n;
  if (plan.operands === 'exchanged') {
    // Passing an element on to all lanes of a subgroup takes no time of its own.
    const exchanged = (products / r) * (d.access / plan.lanes);
    return pairs * (products + (exchanged + OWN_ARRAY * rows) * (1 + spilled(w, r, n, plan, d)) + w.others);
  }
  const columns = products / r;
  const accesses = (columns + rows) * (1 + spilled(w, r, n, plan, d));
  const loading = plan.operands === 'workgroup' ? loaded + plan.lanes * BARRIERS : 0;
  return pairs * (products + d.access * accesses + w.others) + loading;
}

/** Multiply-adds that take as long as four elements at once. */
const FOUR = 2;
/** Barriers of a tile beside those of folds, and those of a fold. */
const TILE_BARRIERS = 4;
const FOLD_BARRIERS = 2;

/** Of r rows and n columns of a lane, four elements of a row serve n columns and four of a column serve r rows. */
function laneTileCost(s: Stage, p: Pass, plan: StagePlan, d: DeviceModel, w: Work): number {
  const { rowLanes = 1, blockM, blockN } = plan;
  const [r, n] = [rowSlots(plan), blockN / rowLanes];
  const adds = p.steps.flatMap((x) => (x.kind === 'accumulate' ? [extentOf(s, x.vector)] : []));
  const sums = adds.reduce((sum, e) => sum + tileColumns(e, rowLanes), 0);
  const own = sums / rowLanes;
  const four = FOUR * d.access;
  const scores = w.scores * (1 + (four * (r + n)) / (4 * r * n));
  const summed = own > 0 ? sums * (1 + (four * (r + own)) / (4 * r * own)) : 0;
  const moved =
    p.steps.some((x) => x.kind === 'reference') && plan.exchange !== 'subgroups' ? FOLD_BARRIERS : 0;
  const loaded = (d.access * w.columns * blockN) / 2;
  return (
    blockM * blockN * (scores + summed + w.others + w.rescaled / blockN) +
    loaded +
    plan.lanes * BARRIERS * (TILE_BARRIERS + moved)
  );
}

/** Elements of a lane's tile from which on a CPU takes longer for each, and how much more it then accesses. */
const HELD = 192;
const BEYOND = 4;

/** How many times more a lane accesses because it cannot hold its part of a tile. */
function spilled(w: Work, r: number, n: number, plan: StagePlan, d: DeviceModel): number {
  if (readsInPlace(plan)) return BEYOND * Math.max(0, (r * n) / HELD - 1);
  // Loops that are unrolled keep vectors of the rows in registers.
  return Math.max(0, (r * (w.scores + w.sums)) / d.registers - 1);
}

/** A step of one block, in multiply-adds of lanes. */
function stepCost(s: Stage, plan: StagePlan, d: DeviceModel, sizes: ReadonlyMap<string, number>): number {
  const r = s.recurrence!;
  const elements = (axes: readonly string[]): number =>
    s.vectors.filter((v) => axes.includes(v.name)).reduce((n, v) => n * v.extent, 1) *
    countOf(
      r.loops.filter((a) => axes.includes(a.name)),
      sizes,
      USUAL.side,
    );
  const rows = new Set(s.row.map((a) => a.name));
  const columns = plan.blockM / plan.lanes;
  let own = 0;
  let shared = 0;
  for (const x of r.defs) {
    const axes = x.value.kind === 'reduce' ? [...x.indices, ...x.value.axes] : x.indices;
    const cost = elements(axes) * (x.value.kind === 'reduce' ? 1 : operations(x.value));
    if (x.indices.some((a) => rows.has(a))) own += cost;
    else shared += cost;
  }
  const held = columns * r.states.reduce((n, x) => n + elements(x.indices), 0);
  const beyond = Math.max(0, held - d.registers) / Math.max(1, held);
  return plan.lanes * (columns * own * (1 + d.access * beyond) + d.access * shared + PER_TILE);
}

/** Plans from the cheapest on; equal ones stay in their order. */
export function ranked(
  s: Stage,
  plans: readonly StagePlan[],
  limits: PlanLimits,
  sizes: Sizes,
): readonly { readonly plan: StagePlan; readonly seconds: number }[] {
  const costs = plans.map((plan) => ({ plan, seconds: planSeconds(s, plan, limits, sizes) }));
  return costs.sort((a, b) => a.seconds - b.seconds);
}
