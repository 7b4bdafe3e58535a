/** The schedule as data: what a person may tune without changing what is computed. */
import { evalConst } from '../expr/evaluate.ts';
import { freeVars } from '../expr/expr.ts';
import type { MatrixUnit } from '../expr/matrix-unit.ts';
import { planByQueries } from './by-queries/worth.ts';
import { tileShapes } from './shapes.ts';
import { fewerRows, sharesOf } from './occupancy.ts';
import { cheapestLaneRows, laneRowsPlan } from './lane-rows-plan.ts';
import { laneTilesBytes } from './lane-tiles-plan.ts';
import { stepsPlan } from './steps-plan.ts';
import { BLOCK_LANES } from './block/items.ts';
import { columnContents, readsInPlace, wordsOf } from './contents.ts';
import { matrixBytes, matrixPlan } from './matrix-plan.ts';
import { ownUnitPlan, unitBytes, type UnitPlan } from './subgroup-matrix-plan.ts';
import type { Stage, TileProgram } from './tile.ts';
import { warpgroupBytes, warpgroupPlan } from './warpgroup-plan.ts';

/** How 16-bit operands come to matrix units. */
export interface MatrixFeed {
  /** Tiles of a column operand in workgroup memory: one is in use while the others are on their way. */
  readonly depth: number;
  /** Rows of an operand in workgroup memory: some unused bytes after each, or its 16-byte pieces in another order per row. */
  readonly layout: 'padded' | 'swizzled';
  /** Where row operands are while the stream passes. */
  readonly rows: 'registers' | 'workgroup';
  /** Rows of a warp of 32 lanes: more of them use a column operand that was loaded once, and take more registers. */
  readonly rowsPerWarp: 16 | 32;
}

/** How the lanes of a workgroup share a tile of scores. */
export type Arrangement =
  /** Each lane owns whole rows; contractions are multiply-adds per lane. */
  | 'lane-rows'
  /**
   * Neighbouring lanes share rows, each with a tile of some rows and columns; contractions load operands from workgroup memory four
   * elements at a time.
   */
  | 'lane-tiles'
  /** As in lane-tiles, but contractions are products of matrices that subgroups hold, in workgroup memory before and after. */
  | 'subgroup-matrix'
  /** Each warp of 32 lanes owns 16 rows; contractions are warp-collective matrix products on 16-bit operands. */
  | 'warp-matrix'
  /**
   * Each warp of a warpgroup owns 16 rows; contractions are products of warpgroups. A further warpgroup copies operands, tiles
   * ahead of those that use them.
   */
  | 'warpgroup-matrix';

export interface StagePlan {
  readonly arrangement: Arrangement;
  /** Rows of a tile. */
  readonly blockM: number;
  /** Stream positions of a tile. */
  readonly blockN: number;
  readonly lanes: number;
  /** Of lane-tiles and subgroup-matrix: neighbouring lanes that share rows, a power of two. */
  readonly rowLanes?: number;
  /**
   * Of both: how these lanes combine what they have of a row: through workgroup `memory` (the default), or directly where the
   * device's `subgroups` hold all of them.
   */
  readonly exchange?: 'memory' | 'subgroups';
  /**
   * Of lane-tiles, with f16 operands: they are `held` in workgroup memory as f16 and multiplied in f32, or `multiplied` as f16, with
   * sums of four products in f16 and all else in f32. Absent: both in f32.
   */
  readonly halves?: 'held' | 'multiplied';
  /** Of subgroup-matrix: the unit that multiplies, and how many columns of a sum are in workgroup memory at a time. */
  readonly products?: UnitPlan;
  /**
   * Where column operands are read from: `workgroup` memory, loaded once per tile by all lanes, or memory itself
   * (`direct`), where all lanes read one address and elements of a tile are scalars. With `exchanged` it is memory itself, too, but
   * each lane reads one of neighbouring elements, and lanes of a subgroup pass them on to each other.
   */
  readonly operands: 'workgroup' | 'direct' | 'exchanged';
  /** Rows of a tile along each row axis; their product is `blockM`. Absent: the axes are flattened into one. */
  readonly rowShape?: readonly number[];
  /** Positions of a tile along each stream axis; their product is `blockN`. Absent: the axes are flattened into one. */
  readonly streamShape?: readonly number[];
  /** Of warp-matrix; absent: one tile at a time, padded, rows in workgroup memory. */
  readonly feed?: MatrixFeed;
  /**
   * References follow their running values `exact`ly (the default), or are `lagging`: they stay while the running value
   * is at most a small constant above them, and catch up at the end.
   */
  readonly references?: 'exact' | 'lagging';
  /** Warps all of whose rows lie past the end skip the work on a tile: where few rows are expected, a test per tile saves more. */
  readonly spare?: 'skipped';
  /** Blocks of rows in the order in which workgroups are numbered; `descending` where late rows have more to do. */
  readonly order?: 'ascending' | 'descending';
  /** Tiles of which every element is kept get code of their own, in which no predicate is evaluated. */
  readonly fullTiles: 'apart' | 'together';
  /**
   * Where data decides on tiles: each is `tested` in the loop (the default), or an earlier launch has `stored` the first and
   * the last one of each block of rows.
   */
  readonly dataRanges?: 'tested' | 'stored';
  /**
   * Where rows select blocks of the stream for themselves: a tile has neighbouring `rows` and visits what any of them selects
   * (the default), or it has rows that selected the same block, which is all it visits, and a further launch merges what
   * became of a row in its blocks.
   */
  readonly lists?: 'rows' | 'queries';
  /** Workgroups that share the stream of a block of rows; a further launch merges their states. */
  readonly split?: number;
  /** Of `warpgroup-matrix`: tiles of a column operand that are in workgroup memory at a time. */
  readonly stages?: number;
  /**
   * Of a recurrence: loops over vectors of at most so many elements are written out; others are left as they are, ask to be
   * unrolled, or begin at a zero that the driver cannot see through, because unrolling them costs it seconds. Loops around
   * others advance by `block` elements, which then share what is read inside.
   */
  readonly steps?: {
    readonly writtenOut: number;
    readonly loops: 'plain' | 'unrolled' | 'opaque';
    readonly block: number;
    /** Steps that are written out together, so that what they read is on its way at the same time. */
    readonly ahead?: number;
  };
}

export interface PlanLimits {
  readonly workgroupBytes: number;
  readonly maxLanes: number;
  readonly mma: boolean;
  /** Asynchronous copies of tiles, and products of 128 lanes on matrices in workgroup memory. */
  readonly warpgroups?: boolean;
  /** What a chunk needs may be computed by one workgroup, where it fits its memory. */
  readonly blocks?: boolean;
  /** Arrays in workgroup memory can be taken four elements at a time. */
  readonly vectors?: boolean;
  /** 16-bit floats can be held and addressed one by one in memory. */
  readonly nativeF16?: boolean;
  /** 16-bit floats are multiplied as such. */
  readonly f16Arithmetic?: boolean;
  /** Products of matrices that the subgroups of the device do; absent: none. */
  readonly matrixUnits?: readonly MatrixUnit[];
  /** Lanes that run in step. */
  readonly subgroup: number;
  /** Lanes of a subgroup can exchange values. */
  readonly exchanges?: boolean;
  /** The device runs lanes on a CPU's vector unit: workgroup memory and barriers cost more than they save. */
  readonly software: boolean;
  /** Storage buffers that one launch may bind. */
  readonly maxBuffers: number;
  /** Workgroups that a device runs at the same time, one on each core. */
  readonly cores: number;
  /** Workgroups start in the order of their numbers. */
  readonly startsInOrder?: boolean;
}

export interface PlanChoice {
  readonly limits: PlanLimits;
  /** One plan per stage; by default each stage's own. */
  readonly plans?: readonly StagePlan[];
  /** Sizes that the kernel will mostly run with. */
  readonly expected?: Readonly<Record<string, number>>;
  /** Sizes known at compile time. */
  readonly fixed?: Readonly<Record<string, number>>;
}

/** For questions that do not depend on a device. */
export const NO_LIMITS: PlanLimits = {
  workgroupBytes: 16384,
  maxLanes: 256,
  mma: false,
  subgroup: 32,
  software: false,
  maxBuffers: 8,
  cores: 32,
};

/** Bytes of workgroup memory per stream position of a tile. */
function bytesPerColumn(s: Stage): number {
  const { operands, values } = columnContents(s);
  return Math.max(4, operands.reduce((n, o) => n + 4 * wordsOf(s, o), 0) + 4 * values);
}

function floorPowerOfTwo(n: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, n)));
}

/** Contraction steps, in multiply-adds, when the sizes that a plan is made for are known. */
function expectedWork(s: Stage, expected: Readonly<Record<string, number>> | undefined): number | undefined {
  if (!expected) return undefined;
  const known = new Map(Object.entries(expected));
  const axes = [...s.batch, ...s.row, ...s.stream];
  if (axes.some((a) => [...freeVars(a.extent)].some((v) => !known.has(v)))) return undefined;
  const depth = s.vectors.reduce((n, v) => n + v.extent, 1);
  return axes.reduce((n, a) => n * Math.max(1, evalConst(a.extent, known)), depth);
}

/** Below this a software device spends longer compiling a large tile than it saves by it. */
const SMALL_WORK = 3e7;

/** Gives every stage a plan: those given, in order, else its own. */
export function planProgram(p: TileProgram, { limits, plans, expected, fixed }: PlanChoice): TileProgram {
  const sizes = expected || fixed ? { ...expected, ...fixed } : undefined;
  const own = (s: Stage): StagePlan => {
    const plan = defaultPlan(s, limits, sizes);
    if (s.block) return plan;
    const groups =
      sizes && planByQueries(s, plan, p.tensors, (x) => defaultPlan(x, limits, sizes), limits, sizes);
    if (groups) return groups;
    // Tiles that are copied as boxes have rows that are neighbours in memory.
    const grouped = limits.warpgroups ? warpgroupPlan(s, plan, p.tensors, limits) : undefined;
    if (grouped) return grouped;
    return {
      ...plan,
      ...tileShapes(s, plan.blockM, plan.blockN, new Map(Object.entries(sizes ?? {}))),
    };
  };
  return { ...p, stages: p.stages.map((s, n) => ({ ...s, plan: allowed(plans?.[n] ?? own(s), limits) })) };
}

/** A plan that was made with features of a device runs without them, too. */
function allowed(plan: StagePlan, limits: PlanLimits): StagePlan {
  if (plan.arrangement !== 'lane-tiles' && plan.arrangement !== 'subgroup-matrix') return plan;
  const { exchange, halves, ...rest } = plan;
  const held = limits.nativeF16 ? (limits.f16Arithmetic ? halves : halves && 'held') : undefined;
  const how = exchange === 'subgroups' && !limits.exchanges ? 'memory' : exchange;
  return { ...rest, ...(how ? { exchange: how } : {}), ...(held ? { halves: held } : {}) };
}

/** @param expected sizes that the kernel will mostly run with; they choose the plan and never what is computed */
export function defaultPlan(
  s: Stage,
  limits: PlanLimits,
  expected?: Readonly<Record<string, number>>,
): StagePlan {
  if (s.recurrence) return stepsPlan(s, limits, expected);
  if (s.block) return blockPlan(limits);
  const own = tilePlan(s, limits, expected);
  if (isSmall(s, limits, expected)) return { ...own, fullTiles: 'together' };
  // Where only the last tile is not full there is next to nothing to save, and code for full tiles is code to compile.
  // A matrix unit leaves so little else to do in a tile that tests of its elements are seen.
  const predicated = s.passes.some((p) => p.keeps.some((k) => k.where));
  const fullTiles = predicated || own.arrangement === 'warp-matrix' ? 'apart' : 'together';
  const plan: StagePlan = { ...fewerRows(s, own, limits, expected), fullTiles, dataRanges: 'stored' };
  const split = sharesOf(s, plan, limits, expected);
  return split > 1 ? { ...plan, split } : plan;
}

/** All lanes share every value; products of 16-bit values are made by warps, where there are matrix units. */
const blockPlan = (limits: PlanLimits): StagePlan => ({
  arrangement: limits.mma ? 'warp-matrix' : 'lane-rows',
  blockM: Math.min(limits.maxLanes, BLOCK_LANES),
  blockN: 1,
  lanes: Math.min(limits.maxLanes, BLOCK_LANES),
  operands: 'workgroup',
  fullTiles: 'together',
});

function isSmall(
  s: Stage,
  limits: PlanLimits,
  expected: Readonly<Record<string, number>> | undefined,
): boolean {
  return limits.software && (expectedWork(s, expected) ?? Infinity) < SMALL_WORK;
}

function tilePlan(
  s: Stage,
  limits: PlanLimits,
  expected: Readonly<Record<string, number>> | undefined,
): StagePlan {
  const matrix = limits.mma ? matrixPlan(s, limits, expected) : ownUnitPlan(s, limits, expected);
  if (matrix) return matrix;
  const own = cheapestLaneRows(
    s,
    limits,
    floorPowerOfTwo(limits.workgroupBytes / bytesPerColumn(s)),
    expected,
  );
  const lags = limits.software && !isSmall(s, limits, expected) && movesVectors(s);
  return lags ? { ...own, references: 'lagging' } : own;
}

/** For the small stages that summarise blocks: a row per lane. */
export function summaryPlan(limits: PlanLimits): StagePlan {
  const lanes = limits.software ? limits.subgroup : Math.min(limits.maxLanes, 64);
  return laneRowsPlan(lanes, 1, 4, 'direct');
}

/**
 * Vectors are rescaled when a reference moves. Where lanes run on a CPU's vector unit that reads and writes their elements
 * one at a time: a quarter of a dense kernel's time, saved in all tiles but those in which the reference of a row moves far.
 */
const movesVectors = (s: Stage): boolean =>
  s.passes.some((p) => p.steps.some((x) => x.kind === 'accumulate' && x.scaledBy));

/** Bytes of workgroup memory that the operands of a stage take in a plan. */
export function workgroupBytesOf(s: Stage, plan: StagePlan): number {
  if (s.block) return s.block.bytes ?? 0;
  if (plan.arrangement === 'warpgroup-matrix') return warpgroupBytes(s, plan);
  if (plan.arrangement === 'lane-tiles') return laneTilesBytes(s, plan);
  if (plan.products) return unitBytes(s, plan, plan.products);
  if (plan.arrangement === 'warp-matrix') return matrixBytes(s, plan.blockM, plan.blockN, plan.feed);
  return readsInPlace(plan) || s.stream.length === 0 ? 0 : plan.blockN * bytesPerColumn(s);
}
