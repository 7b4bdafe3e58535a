/** What the compiler decided for a kernel, as data: launches, loop bounds, plan, and what they cost for given sizes. */
import { isFill } from './tile/fill.ts';
import { evaluate } from './expr/evaluate.ts';
import { freeVars, isFalse, type Expr } from './expr/expr.ts';
import { STORAGE } from './expr/types.ts';
import { boundsText, exprText, rangeText, type BoundsText, type RangeText } from './explain/bounds.ts';
import {
  loadedByRows,
  loadedBySteps,
  loadedBytes,
  operationsPerPair,
  operationsPerStep,
  tested,
} from './explain/cost.ts';
import {
  figure,
  printFormula,
  product,
  sum,
  type Figure,
  type Formula,
  type Values,
} from './explain/formula.ts';
import { integerSums } from './explain/integers.ts';
import { limitOf, type Limit } from './explain/limit.ts';
import { waitingFor, type Waiting } from './explain/barrier.ts';
import { blockWork } from './explain/block.ts';
import { explainRecurrences, type RecurrenceExplanation } from './explain/recurrence.ts';
import { costOf, together, type Cost, type Spent, type TileTally } from './explain/spent.ts';
import type { RewriteNote } from './ir/passes/rewrite-linear.ts';
import { launchesOf, type LaunchOf } from './kernel/launches.ts';
import { sharedBytes } from './kernel/verify.ts';
import type { Lowered } from './pipeline.ts';
import type { PlanUse } from './plan/choose.ts';
import type { Facts } from './tile/count-facts.ts';
import { withSummaries } from './tile/count-summaries.ts';
import { countTiles } from './tile/count.ts';
import { prologueOf, seenThrough } from './tile/nonzero.ts';
import type { PlanLimits, StagePlan } from './tile/plan.ts';
import { rowLoops, streamLoops } from './tile/sides.ts';
import type { Block, Bounds, Pass, Recurrence, Stage, TileAxis, TileProgram } from './tile/tile.ts';
import { boundsExprs } from './tile/walk.ts';

export interface PassExplanation extends BoundsText {
  /** One line per carrier: what it is and how it is kept right while tiles go by. */
  readonly carriers: readonly string[];
  /** One line per sum of products of integers. */
  readonly integers: readonly string[];
  readonly tiles: TileTally;
  /** It only writes 0 in the place of what nobody reads. */
  readonly fills?: true;
}

export interface StepsExplanation {
  readonly axis: string;
  readonly reverse: boolean;
  /** The steps that are taken: others change nothing. Absent: all. */
  readonly range?: RangeText;
  readonly carries: readonly string[];
}

export interface StageExplanation extends Cost {
  readonly name: string;
  readonly batch: readonly string[];
  readonly rows: readonly string[];
  readonly stream: readonly string[];
  readonly plan: StagePlan;
  readonly workgroupBytes: number;
  readonly workgroups: Figure;
  readonly workgroupsFormula: string;
  /** Workgroups for each core of the device that the plan is made for. */
  readonly workgroupsPerCore?: number;
  /** Workgroups that share a stream. */
  readonly shares: number;
  readonly passes: readonly PassExplanation[];
  /** Instead of passes: each row carries states along an axis, step by step. */
  readonly steps?: StepsExplanation;
  /** Instead of passes: values that a workgroup computes together, of which those that are sums. */
  readonly together?: readonly string[];
  readonly writes: readonly string[];
  /** Later launches that wait for what it keeps: why it is a launch of its own. */
  readonly before: readonly Waiting[];
  /** Launches that run the same code on other tensors; absent: its kernel is launched once. */
  readonly sharesCode?: { readonly kernel: string; readonly with: readonly string[] };
}
/** Its tiles are those in which vectors are contracted, or all of them where none are. */
export interface Explanation extends Cost {
  readonly kernel: string;
  /** Which reductions over positions became states or sums that are made once, and which almost did. */
  readonly rewrites: readonly RewriteNote[];
  /** How it was made of another kernel. */
  readonly notes?: readonly string[];
  /** Where the schedule comes from, if the compiler did not choose it, or why not. */
  readonly planUse?: PlanUse;
  readonly launches: number;
  /** Launches with the same code count as one. */
  readonly kernels: number;
  /** Cores of the device that plans are made for. */
  readonly cores: number;
  /** Sizes and params for which the figures hold. */
  readonly values: Values;
  /** Those of them that nobody gave: sizes that only count workgroups, taken as 1 where all other sizes are known. */
  readonly assumed: readonly string[];
  readonly stages: readonly StageExplanation[];
  /** What is carried along axes, in dependence order. */
  readonly recurrences: readonly RecurrenceExplanation[];
  /** Bytes of inputs and outputs, each once: no kernel moves less. */
  readonly bytes: Figure;
  readonly bytesFormula: string;
  /** What no schedule is faster than, where sizes are known. */
  readonly limit?: Limit;
  /** Bytes kept between launches. */
  readonly workspaceBytes: Figure;
  readonly workspaceFormula: string;
}

const names = (xs: readonly TileAxis[]): string[] => xs.map((a) => a.name);

/** The value that moves, whatever constant it is multiplied by. */
const withoutFactor = (e: Expr): Expr =>
  e.kind === 'op' && e.op === 'mul' && e.args[1]!.kind === 'const' ? withoutFactor(e.args[0]!) : e;

function carriers(p: Pass): string[] {
  return p.steps.flatMap((s) => {
    if (s.kind === 'reference') return [];
    const what = s.kind === 'fold' ? `${s.op} ${s.name}` : `vector sum ${s.name} over ${s.vector}`;
    const reference = p.steps.find((r) => r.kind === 'reference' && r.name === s.scaledBy);
    return [
      reference?.kind === 'reference'
        ? `${what}, rescaled when ${exprText(withoutFactor(reference.value))} moves`
        : what,
    ];
  });
}

/** Names in the bounds that are not known, of those that a caller gives. */
function unknownNames(p: TileProgram, s: Stage, { bounds, needed: rows }: Pass, values: Values): string[] {
  const needed = new Set([...s.batch, ...s.row, ...s.stream].flatMap((a) => [...freeVars(a.extent)]));
  for (const e of bounds ? boundsExprs(bounds) : []) freeVars(e, needed);
  if (rows) freeVars(seenThrough(rows, prologueOf(s)), needed);
  return [...p.sizes, ...p.params.map((x) => x.name)].filter((n) => needed.has(n) && !(n in values));
}

/** A tile is skipped or full for some rows. */
const isBounded = (b: Bounds | undefined): boolean =>
  b !== undefined &&
  (b.may.kind !== 'const' ||
    !isFalse(b.full) ||
    b.loops.some((l) => l.ranges.length !== 1 || Object.keys(l.ranges[0]!).length > 0));

class StageFigures {
  /** Blocks of rows, over batches and shares. */
  private readonly blocks: Formula;

  constructor(
    private readonly p: TileProgram,
    private readonly s: Stage,
    private readonly plan: StagePlan,
    private readonly facts: Facts,
  ) {
    this.blocks = product(...s.batch.map((a) => a.extent), ...rowLoops(s, plan).map((l) => l.tiles));
  }

  private pass(pass: Pass): Spent {
    const { p, s, plan, facts } = this;
    const { values } = facts;
    // The shares of a stream are counted as one: together they visit each tile once.
    const batch = s.batch.filter((a) => a.name !== s.part?.axis).map((a) => a.extent);
    const along = [...rowLoops(s, plan), ...streamLoops(s, plan)].map((l) => l.tiles);
    const perPair = operationsPerPair(s, pass);
    const spent: Spent = {
      total: product(...batch, ...along),
      bounded: isBounded(pass.bounds) || pass.needed !== undefined,
      dense: product(...batch, ...[...s.row, ...s.stream].map((a) => a.extent), perPair),
    };
    const blocks = figure(this.blocks, values);
    if (typeof blocks === 'string' || unknownNames(p, s, pass, values).length > 0) return spent;
    const tiles = countTiles(p, s, pass, facts);
    const perTile = plan.blockM * plan.blockN * perPair;
    const load = loadedBytes(p, s, plan, pass, values);
    const loaded = blocks * load.block + tiles.visited * load.tile + tested(plan, tiles) * load.test;
    const known = {
      tiles,
      operations: tiles.visited * perTile,
      all: tiles.total * perTile,
      loadedBytes: loaded,
    };
    return { ...spent, known };
  }

  /** What the steps of a recurrence spend. */
  private steps(r: Recurrence): Spent {
    const { p, s, plan, facts } = this;
    const along = [...s.batch, ...s.row, r.axis].map((a) => a.extent);
    const dense = sum(...operationsPerStep(s, r).map((term) => product(...along, ...term)));
    const [blocks, steps] = [this.blocks, product(r.axis.extent)].map((x) => figure(x, facts.values));
    const operations = figure(dense, facts.values);
    const spent: Spent = { total: [], bounded: false, dense };
    if (typeof blocks !== 'number' || typeof steps !== 'number' || typeof operations !== 'number')
      return spent;
    const load = loadedBySteps(p, s, r, plan, facts.values);
    const tiles = { visited: 0, full: 0, partial: 0, total: 0, exact: true };
    const loaded = blocks * (load.once + steps * load.step);
    return { ...spent, known: { tiles, operations, all: operations, loadedBytes: loaded } };
  }

  /** What a workgroup spends on the values that it computes together. */
  private block(b: Block): Spent {
    const { p, s, facts } = this;
    const per = blockWork(p, s, b);
    const dense = product(...s.batch.map((a) => a.extent), per.operations);
    const spent: Spent = { total: [], bounded: false, dense };
    const [blocks, operations] = [this.blocks, dense].map((x) => figure(x, facts.values));
    if (typeof blocks !== 'number' || typeof operations !== 'number') return spent;
    const tiles = { visited: 0, full: 0, partial: 0, total: 0, exact: true };
    return { ...spent, known: { tiles, operations, all: operations, loadedBytes: blocks * per.bytes } };
  }

  /** What each pass spends, and the stage with what its rows load outside of passes. */
  spent(): { readonly passes: readonly Spent[]; readonly all: Spent } {
    const { recurrence } = this.s;
    if (recurrence) return { passes: [], all: this.steps(recurrence) };
    if (this.s.block) return { passes: [], all: this.block(this.s.block) };
    const passes = this.s.passes.map((x) => this.pass(x));
    const blocks = figure(this.blocks, this.facts.values);
    const rows = loadedByRows(this.p, this.s, this.plan, this.facts.values);
    const made = passes.filter((_, n) => !isFill(this.s.passes[n]!));
    return { passes, all: together(made, typeof blocks === 'number' ? blocks * rows : 0) };
  }
}

const stepsOf = (r: Recurrence): StepsExplanation => ({
  axis: r.axis.name,
  reverse: r.reverse,
  ...(r.range ? { range: rangeText(r.range, r.axis.extent) } : {}),
  carries: r.states.map((x) => x.name),
});

const storesOf = (s: Stage): readonly { readonly output: string }[] => [
  ...s.passes.flatMap((x) => x.stores),
  ...s.stores,
  ...(s.recurrence ? [...s.recurrence.stores, ...s.recurrence.finals] : []),
  ...(s.block?.stores ?? []),
];

function explainStage(p: TileProgram, s: Stage, launches: readonly LaunchOf[], cores: number, facts: Facts) {
  const { values } = facts;
  const plan = s.plan!;
  const { kernel } = launches.find((l) => l.name === s.name)!;
  const same = launches.filter((l) => l.kernel === kernel && l.name !== s.name);
  const { passes, all } = new StageFigures(p, s, plan, facts).spent();
  const workgroups = figure(product(kernel.grid), values);
  const explained: StageExplanation = {
    ...costOf(all, values),
    name: s.name,
    batch: names(s.batch),
    rows: names(s.row),
    stream: names(s.stream),
    plan,
    workgroupBytes: sharedBytes(kernel),
    workgroups,
    workgroupsFormula: printFormula(product(kernel.grid)),
    ...(typeof workgroups === 'number' ? { workgroupsPerCore: workgroups / cores } : {}),
    shares: s.part?.of ?? 1,
    passes: s.passes.map((pass, n) => ({
      ...boundsText(s, pass.bounds, pass.needed),
      carriers: carriers(pass),
      integers: integerSums(s, pass, plan),
      tiles: costOf(passes[n]!, values).tiles,
      ...(isFill(pass) ? { fills: true as const } : {}),
    })),
    ...(s.recurrence ? { steps: stepsOf(s.recurrence) } : {}),
    ...(s.block
      ? { together: s.block.defs.filter((d) => d.value.kind === 'reduce').map((d) => d.name) }
      : {}),
    writes: [...new Set(storesOf(s).map((x) => x.output))],
    before: waitingFor(p, s),
    ...(same.length > 0 ? { sharesCode: { kernel: kernel.name, with: same.map((l) => l.name) } } : {}),
  };
  return { explained, spent: all, passes };
}

/** Unknown sizes, if all of them are extents of batch axes: how often the same work is done. */
function batchSizes(p: TileProgram, values: Values): readonly string[] {
  const unknown = p.sizes.filter((n) => !(n in values));
  const inside = new Set<string>();
  for (const s of p.stages)
    for (const a of [...s.row, ...s.stream, ...(s.recurrence ? [s.recurrence.axis] : [])])
      for (const v of freeVars(a.extent)) inside.add(v);
  return unknown.some((n) => inside.has(n)) ? [] : unknown;
}

/** Sizes that are fixed, values that were given, and defaults of params as far as they follow. */
function knownValues(lowered: Lowered, given: Values): Values {
  const known = new Map(Object.entries({ ...lowered.tile.fixed, ...given }));
  for (const p of lowered.ir.params) {
    if (known.has(p.name) || !p.default) continue;
    if ([...freeVars(p.default)].every((v) => known.has(v))) known.set(p.name, evaluate(p.default, known));
  }
  return Object.fromEntries(known);
}

/**
 * @param limits those of the target, for which the kernel was planned
 * @param given sizes and params for which figures are wanted, beside those that were fixed; they change nothing else
 * @param tensors inputs for which figures are wanted, as far as bounds depend on them
 */
export function explainLowered(
  lowered: Lowered,
  limits: PlanLimits,
  given: Values = {},
  tensors: Facts['tensors'] = {},
  planUse?: PlanUse,
): Explanation {
  const p = lowered.tile;
  const stated = knownValues(lowered, given);
  const assumed = batchSizes(p, stated);
  const values = knownValues(lowered, { ...given, ...Object.fromEntries(assumed.map((n) => [n, 1])) });
  const known = [...p.sizes, ...p.params.map((x) => x.name)].every((n) => n in values);
  const facts = known ? withSummaries(p, { values, tensors }) : { values };
  const launches = launchesOf(lowered.program);
  const stages = p.stages.map((s) => explainStage(p, s, launches, limits.cores, facts));
  const passes = stages.flatMap((s) => s.passes);
  const contracting = passes.some((x) => x.dense.length > 0)
    ? passes.filter((x) => x.dense.length > 0)
    : passes;
  const bytes = (wanted: (role: string) => boolean): Formula =>
    sum(...p.tensors.filter((t) => wanted(t.role)).map((t) => product(...t.shape, STORAGE[t.storage].bytes)));
  const explained = stages.map((s) => s.explained);
  const [inAndOut, workspace] = [bytes((r) => r !== 'workspace'), bytes((r) => r === 'workspace')];
  const limit = limitOf(explained, figure(inAndOut, values), limits);
  return {
    kernel: p.name,
    ...(lowered.program.notes ? { notes: lowered.program.notes } : {}),
    ...(planUse ? { planUse } : {}),
    rewrites: lowered.notes.rewrites ?? [],
    launches: p.stages.length,
    kernels: lowered.program.kernels.length,
    cores: limits.cores,
    ...costOf(together(stages.map((s) => s.spent)), values),
    tiles: costOf(together(contracting), values).tiles,
    bytes: figure(inAndOut, values),
    bytesFormula: printFormula(inAndOut),
    ...(limit ? { limit } : {}),
    workspaceBytes: figure(workspace, values),
    workspaceFormula: printFormula(workspace),
    values,
    assumed,
    stages: explained,
    recurrences: explainRecurrences(lowered.notes.carried ?? lowered.ir, lowered.notes.forms),
  };
}

export { printExplanation } from './explain/print.ts';
