/**
 * What a plan costs: seconds, from the operations, loads and launches that its loops make. `docs/tuning.md` has the formulas
 * and what they were fitted to. Masks are left out: they take tiles from all plans alike.
 */
import { evalConst } from '../expr/evaluate.ts';
import { freeVars, visit, type Expr } from '../expr/expr.ts';
import { deviceOf, type DeviceModel } from './device.ts';
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

/** Seconds that a stage takes by a plan. @param sizes fixed and expected; others are taken as usual */
export function planSeconds(s: Stage, plan: StagePlan, limits: PlanLimits, sizes: Sizes = {}): number {
  const device = deviceOf(limits);
  const known = new Map(Object.entries(sizes));
  const batch = countOf(s.batch, known, USUAL.batch);
  const rows = countOf(s.row, known, USUAL.side);
  const shares = plan.split ?? 1;
  const blocks = batch * Math.ceil(rows / plan.blockM) * shares;
  const perBlock = s.recurrence
    ? countOf([s.recurrence.axis], known, USUAL.side) * stepCost(s, plan, device)
    : s.passes.reduce((t, p) => t + tileCost(s, p, plan, device), 0) *
      Math.ceil(countOf(s.stream, known, USUAL.side) / (plan.blockN * shares));
  return (
    (blocks * perBlock) / (device.multiplyAdds * filled(blocks, plan, limits, device)) +
    launches(plan, device)
  );
}

const launches = (plan: StagePlan, d: DeviceModel): number => d.launch * ((plan.split ?? 1) > 1 ? 2 : 1);

/** The part of the device that works: cores without a block, and cores whose lanes are too few, wait. */
function filled(blocks: number, plan: StagePlan, limits: PlanLimits, d: DeviceModel): number {
  const resident = Math.max(1, Math.ceil(d.lanesPerCore / plan.lanes));
  const rounds = Math.ceil(blocks / limits.cores);
  const even = blocks / (rounds * limits.cores);
  const held = Math.min(resident, rounds) * plan.lanes;
  return even * Math.min(1, held / d.lanesPerCore);
}

/** A tile of one block, in multiply-adds of lanes. */
function tileCost(s: Stage, p: Pass, plan: StagePlan, d: DeviceModel): number {
  const w = workOf(s, p);
  const r = plan.blockM / plan.lanes;
  const n = plan.blockN;
  const pairs = plan.blockM * n;
  if (plan.arrangement !== 'lane-rows' && d.matrixMultiplyAdds) {
    const products = ((w.scores + w.sums) * d.multiplyAdds) / d.matrixMultiplyAdds;
    return pairs * (products + w.others + w.rescaled / n) + plan.lanes * PER_TILE;
  }
  const loads = plan.operands === 'direct' ? LOAD : LOAD_LOCAL;
  const held = r * n + r * (w.scores + w.sums);
  const spilled = Math.max(0, held - d.registers) / held;
  const perPair =
    (w.scores + w.sums) * (1 + loads / r + SPILL * spilled) +
    w.scores * (LOAD / n) +
    w.sums * (LOAD / n) +
    w.rescaled / n +
    w.others;
  const together = plan.operands === 'workgroup' ? (w.columns * n) / plan.lanes + BARRIERS : 0;
  return pairs * perPair + plan.lanes * (PER_TILE + together);
}

const LOAD = 1;
const LOAD_LOCAL = 1;
const SPILL = 1;
const PER_TILE = 20;
const BARRIERS = 40;

/** A step of one block, in multiply-adds of lanes. */
function stepCost(s: Stage, plan: StagePlan, d: DeviceModel): number {
  const r = s.recurrence!;
  const elements = (axes: readonly string[]): number =>
    s.vectors.filter((v) => axes.includes(v.name)).reduce((n, v) => n * v.extent, 1);
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
  const spilled = Math.max(0, held - d.registers) / Math.max(1, held);
  return plan.lanes * (columns * own * (1 + SPILL * spilled) + shared + PER_TILE);
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
