/** Schedules for matrix units: a warp of 32 lanes owns 16 or 32 rows, and operands of 8 or 16 bits stream through workgroup memory. */
import { children, key, visit, type Expr } from '../expr/expr.ts';
import { columnContents, extentOf } from './contents.ts';
import { countOf } from './sides.ts';
import type { MatrixFeed, PlanLimits, StagePlan } from './plan.ts';
import type { Operand, Stage } from './tile.ts';

/** Bytes after each padded row: rows then begin in different banks. */
export const MATRIX_PAD = 16;
/** Bytes of a row of a piece that a matrix unit multiplies. */
export const PIECE_BYTES = 32;
/** Columns of a vector that matrix units sum over rows of weights: whole pieces of 16. */
const columnsOf = (s: Stage, vector: string): number => Math.ceil(extentOf(s, vector) / 16) * 16;

const isFloat8 = (o: Operand): boolean => o.storage === 'e4m3' || o.storage === 'e5m2';
/** How an operand is held for matrix units: bytes of integers as they are, all else in 16 bits. */
export const heldBytes = (o: Operand): 1 | 2 => (o.storage === 'i8' || o.storage === 'u8' ? 1 : 2);
/** Bytes of a row of an operand in workgroup memory, without what pads it. */
const bytesOf = (s: Stage, o: Operand): number =>
  Math.ceil((extentOf(s, o.vector) * heldBytes(o)) / PIECE_BYTES) * PIECE_BYTES;

const operandsOf = (s: Stage): readonly Operand[] => [
  ...s.rowOperands,
  ...s.passes.flatMap((p) => p.operands),
];

/** What all operands of floats are, or can be held as: f16 has every value of 8-bit floats, too. */
export function matrixStorage(s: Stage): 'f16' | 'bf16' | undefined {
  const floats = operandsOf(s).filter((o) => o.value.type === 'f32');
  if (floats.length === 0) return undefined;
  const kinds = new Set(floats.filter((o) => !isFloat8(o)).map((o) => o.storage));
  if (kinds.size === 0) return 'f16';
  const [only] = kinds;
  return kinds.size === 1 && (only === 'f16' || only === 'bf16') ? only : undefined;
}

/** For plans that say nothing of it. */
export const ONE_AT_A_TIME: MatrixFeed = { depth: 1, layout: 'padded', rows: 'workgroup', rowsPerWarp: 16 };

/** Bytes of workgroup memory for a block size and a way to feed it. */
export function matrixBytes(
  s: Stage,
  blockM: number,
  blockN: number,
  feed: MatrixFeed = ONE_AT_A_TIME,
): number {
  const row = (o: Operand): number => bytesOf(s, o) + (feed.layout === 'padded' ? MATRIX_PAD : 0);
  const rows = feed.rows === 'registers' ? 0 : s.rowOperands.reduce((n, o) => n + blockM * row(o), 0);
  const { operands, values } = columnContents(s);
  return rows + feed.depth * operands.reduce((n, o) => n + blockN * row(o), 0) + 4 * blockN * values;
}

/** What addresses, running values, fragments in flight and loop variables take beside the arrays below. */
const OTHER_REGISTERS = 48;
/** Of 255; compilers take more than the count below where they keep addresses, with two strips more of those. */
const MOST_REGISTERS: Readonly<Record<MatrixFeed['rowsPerWarp'], number>> = { 16: 232, 32: 210 };

/** Registers per lane, by what is alive at once: accumulators, scores (their weights take their place), held rows. */
function registers(s: Stage, blockN: number, { rows, rowsPerWarp }: MatrixFeed): number {
  const halves = (vector: string): number => columnsOf(s, vector) / 2;
  const carried = s.passes.flatMap((p) => p.steps.filter((x) => x.kind === 'accumulate'));
  const sums = carried.reduce((n, x) => n + halves(x.vector), 0);
  const weights = (p: Stage['passes'][number]): number =>
    new Set(p.steps.flatMap((x) => (x.kind === 'accumulate' ? [`${x.keep} ${key(x.weight)}`] : []))).size;
  const tiles = Math.max(0, ...s.passes.map((p) => Math.max(p.contractions.length, weights(p))));
  const held = rows === 'registers' ? s.rowOperands.reduce((n, o) => n + bytesOf(s, o) / 8, 0) : 0;
  return (rowsPerWarp / 16) * (sums + tiles * (blockN / 2) + held) + OTHER_REGISTERS;
}

/** Deeper copies hide more of memory, as long as they leave shared memory for two workgroups on small devices. */
const DEEP_BYTES = 48 * 1024;
const WARPS = 4;

interface Choice {
  readonly blockN: number;
  readonly feed: MatrixFeed;
}

/**
 * The best first. What a warp loads of a column operand serves all of its rows, so 32 rows need half of the loads; they
 * are worth a narrower tile, but not less than two pieces of 16 columns.
 */
const CHOICES: readonly Choice[] = ([32, 16] as const).flatMap((rowsPerWarp) =>
  (rowsPerWarp === 32 ? [64, 32] : [64, 32, 16]).flatMap((blockN) =>
    (['registers', 'workgroup'] as const).flatMap((rows) =>
      [3, 2].map((depth): Choice => ({ blockN, feed: { depth, layout: 'swizzled', rows, rowsPerWarp } })),
    ),
  ),
);

/** Contractions of the stage can be products of a matrix unit. */
export function takesMatrix(s: Stage): boolean {
  const operands = operandsOf(s);
  if (operands.length === 0 || readsOtherElements(s)) return false;
  const integers = operands.filter((o) => o.value.type !== 'f32');
  if (integers.some((o) => heldBytes(o) !== 1)) return false;
  const storage = integers.length === operands.length ? 'bf16' : matrixStorage(s);
  // Weights are rounded to the operands' format: without a reference nothing bounds them by the range of f16.
  const unbounded = s.passes.some((p) => p.steps.some((x) => x.kind === 'accumulate' && !x.scaledBy));
  return storage !== undefined && !(storage === 'f16' && unbounded);
}

/** @param expected sizes that the kernel will mostly run with */
export function matrixPlan(
  s: Stage,
  limits: PlanLimits,
  expected?: Readonly<Record<string, number>>,
): StagePlan | undefined {
  if (!takesMatrix(s)) return undefined;
  const fits = ({ blockN, feed }: Choice): boolean =>
    matrixBytes(s, WARPS * feed.rowsPerWarp, blockN, feed) <=
    (feed.depth > 2 ? Math.min(DEEP_BYTES, limits.workgroupBytes) : limits.workgroupBytes);
  const plain = hasPlainPredicates(s);
  const possible = CHOICES.filter(
    (c) => fits(c) && (c.feed.rowsPerWarp === 16 || (plain && enoughBlocks(s, limits, expected))),
  );
  // Where nothing fits the registers the smallest tile spills least.
  const chosen =
    possible.find((c) => registers(s, c.blockN, c.feed) <= MOST_REGISTERS[c.feed.rowsPerWarp]) ??
    possible.at(-1);
  if (!chosen) return undefined;
  return {
    arrangement: 'warp-matrix',
    blockM: WARPS * chosen.feed.rowsPerWarp,
    blockN: chosen.blockN,
    lanes: 32 * WARPS,
    operands: 'workgroup',
    fullTiles: 'apart',
    feed: chosen.feed,
    references: 'lagging',
  };
}

/** Operations of a predicate that 64 elements of a lane may have each, written out, without spilled registers. */
const PLAIN = 8;
const DIVISION = 8;
const READ = 2;

function hasPlainPredicates(s: Stage): boolean {
  let cost = 0;
  for (const k of s.passes.flatMap((p) => p.keeps))
    if (k.where)
      visit(k.where, (e) => {
        if (e.kind === 'read') cost += READ;
        else if (e.kind === 'op') cost += e.op === 'idiv' || e.op === 'mod' ? DIVISION : 1;
      });
  return cost <= PLAIN;
}

/** Blocks of 32 rows per warp leave work for two workgroups on every core, as far as sizes are known. */
function enoughBlocks(
  s: Stage,
  limits: PlanLimits,
  expected: Readonly<Record<string, number>> | undefined,
): boolean {
  const [members, rows] = [countOf(s.batch, expected), countOf(s.row, expected)];
  if (members === undefined || rows === undefined) return true;
  return members * Math.ceil(rows / (WARPS * 32)) >= 2 * limits.cores;
}

/**
 * A vector carrier is read at an element other than the one being computed. A warp spreads vectors over its lanes, so a
 * lane could not see that element; a reduction over the vector is possible only where a row value is computed.
 */
export function readsOtherElements(s: Stage): boolean {
  const vectors = new Set<string>();
  for (const p of s.passes) {
    for (const x of p.steps) if (x.kind === 'accumulate') vectors.add(x.name);
    for (const d of p.finish) if (d.vectors.length > 0) vectors.add(d.name);
  }
  const foreign = (e: Expr, own: readonly string[]): boolean => {
    if (e.kind === 'read' && vectors.has(e.name))
      return e.index.some((x) => x.kind !== 'var' || !own.includes(x.name));
    const inner = e.kind === 'reduce' ? (own.length > 0 || e.axes.length > 1 ? [] : e.axes) : own;
    return children(e).some((c) => foreign(c, inner));
  };
  return (
    s.passes.some((p) => p.finish.some((d) => foreign(d.value, d.vectors))) ||
    s.stores.some((st) => st.vectors.length > 1 || foreign(st.value, st.vectors))
  );
}
