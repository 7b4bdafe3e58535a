/**
 * When warpgroups multiply and a further one copies operands ahead of them: where matrix units are used anyway, each operand is
 * a part of a tensor that the copy engine can find by itself, and a block has enough rows. `docs/adr/0011-warpgroups.md`.
 */
import { freeVars, visit, type Expr } from '../expr/expr.ts';
import type { PlanLimits, StagePlan } from './plan.ts';
import type { Operand, Stage, TileTensor } from './tile.ts';

/** Lanes of a warpgroup. */
export const WARPGROUP = 128;
/** Rows that a warpgroup multiplies at a time. */
const GROUP_ROWS = 64;
/** Warpgroups that share a block of rows: while one computes weights, another one multiplies. */
const GROUPS = [2, 3] as const;
/** 16-bit elements of a line of 128 bytes. */
export const LINE = 64;
/** Registers of a multiprocessor, in whose pieces warpgroups may share them ("setmaxnreg"), and what a lane can have. */
const REGISTERS = 65536;
const PIECE = 8;
const MOST_REGISTERS = 240;
/** Registers of a lane for indices and row values, beside sums and weights. */
const OTHER_REGISTERS = 50;
/** Sums that one product may have along a row, and lines of a box that is copied at once. */
const MOST_COLUMNS = 256;
/** For barriers, and for the alignment of what follows others. */
const BARRIER_BYTES = 1024;

/** Registers of the lanes that copy and of those that multiply, together as many as all had at first. */
export function registersOf(groups: number): { readonly copying: number; readonly multiplying: number } {
  const copying = 24;
  const first = Math.floor(REGISTERS / ((groups + 1) * WARPGROUP) / PIECE) * PIECE;
  const rest = Math.floor((first * (groups + 1) - copying) / groups / PIECE) * PIECE;
  return { copying, multiplying: Math.min(MOST_REGISTERS, rest) };
}

/** Contractions of the stage can be products of warpgroups, on operands that the copy engine finds by itself. */
export function takesWarpgroups(s: Stage, tensors: readonly TileTensor[]): boolean {
  const [pass, ...more] = s.passes;
  if (!pass || more.length > 0 || s.part || s.row.length !== 1 || s.stream.length !== 1) return false;
  if (s.rowOperands.length === 0 || pass.defs.some((d) => d.site === 'col')) return false;
  const uses = [...pass.contractions.map((c) => c.cols), ...operandsOfSums(s)];
  const once = pass.operands.every((o) => uses.filter((u) => u === o.name).length === 1);
  const operands = [...s.rowOperands, ...pass.operands];
  return (
    once &&
    operands.every((o) => o.storage === 'f16' || o.storage === 'bf16') &&
    operands.every((o) => copyOf(o, s, tensors)) &&
    accumulated(s).every((e) => Math.ceil(e / 16) * 16 <= MOST_COLUMNS)
  );
}

type Tiling = Pick<StagePlan, 'blockM' | 'blockN' | 'stages'>;

/** Bytes of workgroup memory that operands and barriers take. */
export function warpgroupBytes(s: Stage, { blockM, blockN, stages = 1 }: Tiling): number {
  const bytes = (o: Operand): number => 2 * LINE * Math.ceil(extent(s, o.vector) / LINE);
  const rows = s.rowOperands.reduce((n, o) => n + blockM * bytes(o), 0);
  const columns = s.passes.flatMap((p) => p.operands).reduce((n, o) => n + blockN * stages * bytes(o), 0);
  return rows + columns + BARRIER_BYTES;
}

/** Whether sums and weights of a lane stay in registers. */
function fitsRegisters(s: Stage, { blockM, blockN }: Tiling): boolean {
  const sums = accumulated(s).reduce((n, e) => n + Math.ceil(e / 16) * 8, 0);
  const scores = s.passes.flatMap((p) => p.contractions).length * (blockN / 2) + blockN / 4;
  return sums + scores <= registersOf(blockM / GROUP_ROWS).multiplying - OTHER_REGISTERS;
}

/** @param plan what the stage would get otherwise */
export function warpgroupPlan(
  s: Stage,
  plan: StagePlan,
  tensors: readonly TileTensor[],
  limits: PlanLimits,
): StagePlan | undefined {
  if (plan.arrangement !== 'warp-matrix' || plan.split !== undefined) return undefined;
  // Where there are fewer rows, the plan has a smaller block.
  if (plan.blockM < GROUP_ROWS || !takesWarpgroups(s, tensors)) return undefined;
  const [groups] = GROUPS;
  const blockM = groups * GROUP_ROWS;
  for (const blockN of [128, 64]) {
    const tiling = { blockM, blockN, stages: 2 };
    if (fitsRegisters(s, tiling) && warpgroupBytes(s, tiling) <= limits.workgroupBytes)
      return {
        ...tiling,
        arrangement: 'warpgroup-matrix',
        lanes: lanesFor(blockM),
        operands: 'workgroup',
        // Tests of elements cost as much as their weights.
        fullTiles: 'apart',
        ...(plan.dataRanges ? { dataRanges: plan.dataRanges } : {}),
        ...(plan.references ? { references: plan.references } : {}),
      };
  }
  return undefined;
}

const lanesFor = (blockM: number): number => (blockM / GROUP_ROWS + 1) * WARPGROUP;

/** What is wrong with a plan of this arrangement that did not come from the compiler; the message goes on after the field. */
export function warpgroupMisfit(
  s: Stage,
  { blockM, blockN, lanes, stages = 1, split = 1 }: StagePlan,
  tensors: readonly TileTensor[] | undefined,
  limits: PlanLimits,
): readonly [field: keyof StagePlan, message: string] | undefined {
  const what = 'is warpgroup-matrix, and';
  if (!limits.warpgroups) return ['arrangement', `${what} the target has no warpgroups that multiply`];
  if (tensors && !takesWarpgroups(s, tensors))
    return ['arrangement', `${what} an operand of this launch cannot be copied in tiles and used once`];
  if (!GROUPS.some((g) => g * GROUP_ROWS === blockM))
    return ['blockM', `is ${blockM}, and two or three warpgroups have 64 rows each: 128 or 192`];
  if (lanes !== lanesFor(blockM))
    return [
      'lanes',
      `is ${lanes}, and a warpgroup for every 64 rows and one that copies are ${lanesFor(blockM)} lanes`,
    ];
  if (blockN % 16 !== 0 || blockN > MOST_COLUMNS)
    return ['blockN', `is ${blockN}, and products have a multiple of 16 columns, at most ${MOST_COLUMNS}`];
  if (!fitsRegisters(s, { blockM, blockN }))
    return ['blockN', `is ${blockN}: sums and weights need too many registers`];
  if (stages > 8) return ['stages', `is ${stages}, and at most 8 tiles are kept`];
  return split > 1 ? ['split', `is ${split}, and the stream of warpgroups is not shared`] : undefined;
}

const extent = (s: Stage, vector: string): number => s.vectors.find((v) => v.name === vector)!.extent;
const operandsOfSums = (s: Stage): string[] =>
  s.passes.flatMap((p) => p.steps.flatMap((x) => (x.kind === 'accumulate' ? [x.operand] : [])));
const accumulated = (s: Stage): number[] =>
  s.passes.flatMap((p) => p.steps.flatMap((x) => (x.kind === 'accumulate' ? [extent(s, x.vector)] : [])));

/** How an operand lies in a tensor: which dimension runs with its rows or columns; others are the same for a workgroup. */
export interface TensorCopy {
  readonly tensor: TileTensor;
  readonly index: readonly Expr[];
  /** The dimension that runs along the side. */
  readonly along: number;
}

/** Undefined where an operand is not a matrix inside of an input: computed, gathered, or with too many dimensions. */
export function copyOf(o: Operand, s: Stage, tensors: readonly TileTensor[]): TensorCopy | undefined {
  const { value } = o;
  if (value.kind !== 'read' || value.index.length < 2 || value.index.length > 5) return undefined;
  const tensor = tensors.find((t) => t.name === value.name && t.role === 'in');
  if (!tensor || tensor.within || tensor.shape.length !== value.index.length) return undefined;
  const side = (o.site === 'row' ? s.row : s.stream)[0]!;
  const isVar = (e: Expr, name: string): boolean => e.kind === 'var' && e.name === name;
  const last = value.index.length - 1;
  const width = tensor.shape[last]!;
  // Strides are multiples of 16 bytes, and a line of the operand is a line of the tensor.
  if (!isVar(value.index[last]!, o.vector) || width.kind !== 'const') return undefined;
  if (width.value !== extent(s, o.vector) || width.value % 8 !== 0) return undefined;
  const along = value.index.findIndex((e) => isVar(e, side.name));
  if (along < 0 || tensor.axes[along] !== side.name) return undefined;
  const moving = new Set([...s.row, ...s.stream, ...s.vectors].map((a) => a.name));
  const fixed = value.index.every((e, n) => n === along || n === last || isUniform(e, moving));
  return fixed ? { tensor, index: value.index, along } : undefined;
}

function isUniform(e: Expr, moving: ReadonlySet<string>): boolean {
  let reads = false;
  visit(e, (x) => (reads ||= x.kind === 'read'));
  return !reads && [...freeVars(e)].every((v) => !moving.has(v));
}
