/**
 * Tiled IR: a kernel as stages, each a loop over tiles of a stream axis for one block of rows per workgroup.
 *
 *   program  = stage* workspace*
 *   stage    = batch axes, row axes, stream axes, vector axes; prologue pass* store*
 *            | batch axes, row axes, vector axes; recurrence        // a row carries states along an axis, step by step
 *            | batch axes, vector axes; block                     // a workgroup computes values over vectors, one by one
 *   pass     = [bounds] for each stream tile: col defs, operands, contractions, tile defs, keeps, steps, stores; then finish
 *   step     = reference NAME = row expr                        // a row value that the folds below are measured against
 *            | fold NAME op value where KEEP scaled by REFERENCE  // running row statistic (carrier)
 *            | accumulate NAME += weight × operand               // carrier that is a row of a matrix: a contraction
 *
 * Sites: a value lives once per `row`, per `col`(umn of the tile), per `tile` element, or per workgroup (`uniform`); a
 * vector axis may be added (`row` × vector). Expressions use axis names as variables and read other values by name at
 * no index (`read NAME []`); a value with a vector axis is read with the vector axes' variables as index.
 */
import type { Expr, ReduceExpr } from '../expr/expr.ts';
import type { Interval } from '../expr/solve.ts';
import type { ScalarType, StorageType } from '../expr/types.ts';
import type { StagePlan } from './plan.ts';

export type Site = 'uniform' | 'row' | 'col' | 'tile';

export interface TileAxis {
  readonly name: string;
  readonly extent: Expr;
}
export interface VectorAxis {
  readonly name: string;
  /** Fixed at compile time: lanes hold vectors in registers. */
  readonly extent: number;
}

/** A pointwise value or a reduction over vector axes only, computed where it lives. */
export interface TileDef {
  readonly name: string;
  readonly site: Site;
  /** Vector axes on which the value depends; such a value is computed per element where it is read. */
  readonly vectors: readonly string[];
  readonly type: ScalarType;
  readonly value: Expr | ReduceExpr;
}

/**
 * A matrix with one row per `row` or `col` of the stage and one column per element of `vector`; at `tile`, a vector for each
 * element of the tile, which sums alone take and lanes that own rows read in place.
 */
export interface Operand {
  readonly name: string;
  readonly site: 'row' | 'col' | 'tile';
  readonly vector: string;
  readonly value: Expr;
  /**
   * The 16-bit storage that all tensors in it share, that of 8-bit floats which it reads as they are, or else f32; of integers the bytes that hold every value, where the other
   * operand has such too, or else their type.
   */
  readonly storage: StorageType;
}

/** tile NAME = Σ_vector rows × cols. */
export interface Contraction {
  readonly name: string;
  /** Sums of integers wrap. */
  readonly type: ScalarType;
  readonly vector: string;
  readonly rows: string;
  readonly cols: string;
}

/** The elements of the tile that exist for the reductions of one domain. */
export interface Keep {
  readonly name: string;
  /** Absent: every element inside the stream extent. */
  readonly where?: Expr;
}

export type FoldOp = 'sum' | 'max' | 'min' | 'argmax' | 'argmin' | 'any';
export type Step =
  | {
      readonly kind: 'reference';
      readonly name: string;
      /** A carrier scaled by this reference is multiplied by base(old − new) when the reference moves. */
      readonly base: 'exp' | 'exp2';
      readonly value: Expr;
    }
  | {
      readonly kind: 'fold';
      readonly name: string;
      readonly op: FoldOp;
      readonly type: ScalarType;
      readonly value: Expr;
      readonly keep: string;
      readonly scaledBy?: string;
    }
  | {
      readonly kind: 'accumulate';
      readonly name: string;
      readonly weight: Expr;
      readonly keep: string;
      readonly operand: string;
      readonly vector: string;
      readonly scaledBy?: string;
    };

/** One loop over tiles along a stream axis. */
export interface AxisLoop {
  /** The stream axis; when the stream is flattened, its outermost axis. */
  readonly axis: string;
  /** Tiles that meet one of these ranges of the axis' coordinate are visited, in increasing order, each once. */
  readonly ranges: readonly Interval[];
}

/**
 * Which tiles a pass visits. Variables, beside sizes, params and batch axes: `A.first` and `A.last` are the least and the
 * greatest coordinate on axis A of the block of rows or of the tile of the stream, `A.tile` is the number of the block or
 * tile along A (of a flattened side: along its outermost axis A, for the whole side). A loop's ranges may mention the rows
 * and the loops around it.
 */
export interface Bounds {
  /** Outermost first: one per stream axis, or a single one for a flattened stream. */
  readonly loops: readonly AxisLoop[];
  /** When this is false, 32-bit integers could overflow: every tile is visited and none counts as full. */
  readonly fits: Expr;
  /** A tile inside the ranges is visited only if this holds. */
  readonly may: Expr;
  /** Every element of the tile exists and is kept in every domain of the pass: no predicate is evaluated. */
  readonly full: Expr;
  /** The tiles that the loops would visit, in increasing order, computed before: the loop runs through them alone. */
  readonly list?: TileList;
  /** What data says is left out, wholly or in part: it would need more buffers than a launch may bind. */
  readonly limited?: true;
}

export interface TileList {
  readonly count: Expr;
  /** Number of the tile at place `slot`. */
  readonly tile: Expr;
  /** The variable of places in the list. */
  readonly slot: string;
}

export interface Pass {
  /** No tile is visited unless this holds for some row of the workgroup; a condition on values that the prologue computes. */
  readonly needed?: Expr;
  /** Set by the pass `bounds`; absent: every tile is visited and none is full. */
  readonly bounds?: Bounds;
  readonly defs: readonly TileDef[];
  readonly operands: readonly Operand[];
  readonly contractions: readonly Contraction[];
  readonly keeps: readonly Keep[];
  readonly steps: readonly Step[];
  /** Values per tile element that are written. */
  readonly stores: readonly Store[];
  /** References that lag do not catch up after the last tile: what reads carriers reads the references as well. */
  readonly unsettled?: true;
  /** Row and uniform values that become known when the pass ends. */
  readonly finish: readonly TileDef[];
}

export interface Store {
  readonly output: string;
  readonly site: 'row' | 'tile';
  readonly vectors: readonly string[];
  readonly value: Expr;
  /** Per dimension of the output, outermost first: the name of its axis, a fixed index, or one that each row has for itself. */
  readonly indices: readonly (string | number | Expr)[];
  /** Rows for which this holds are written; absent: all. Where indices are computed, no two of them have the same ones. */
  readonly where?: Expr;
  /** Of elements of a tile: those of this domain of the pass are written; absent: all. */
  readonly keep?: string;
}

/** A value that rows carry along an axis. Lanes hold it whole along vector axes; rows that it does not differ between repeat it. */
export interface CarriedState {
  readonly name: string;
  readonly type: ScalarType;
  /** The axis that it is carried along is among them. */
  readonly indices: readonly string[];
  /** What the first step starts from, over the other indices. */
  readonly init: Expr;
  /** The value of a step that the next one starts from. */
  readonly next: string;
}
/** A value of a step: pointwise, or a reduction over vector axes. */
export interface StepDef {
  readonly name: string;
  readonly type: ScalarType;
  /** Batch, row and vector axes, and the axis of the recurrence if the value differs from step to step. */
  readonly indices: readonly string[];
  readonly value: Expr | ReduceExpr;
}
/** What is written of a value of a step, or of a state after the last one; where it lacks a row axis, one row writes it. */
export interface StepStore {
  readonly output: string;
  readonly name: string;
  /** Per dimension of the output, outermost first: an axis, or a fixed index. */
  readonly indices: readonly (string | number)[];
}
/** Positions whose steps may change a state; all positions where `fits` does not hold. Over what bounds of passes may mention. */
export interface StepRange extends Interval {
  /** 32-bit integers cannot overflow in the ends. */
  readonly fits: Expr;
}
/** Steps along an axis, taken by every row for itself. Reads give an index for each axis of what is read. */
export interface Recurrence {
  readonly axis: TileAxis;
  /** The first step is at the last position. */
  readonly reverse: boolean;
  readonly states: readonly CarriedState[];
  /** Axes of open extent that a step reduces, or along which it is written: a lane loops over them and holds nothing. */
  readonly loops: readonly TileAxis[];
  /** In dependence order; a state that is read is its value before the step. */
  readonly defs: readonly StepDef[];
  readonly stores: readonly StepStore[];
  /** Of states, once the steps are taken. */
  readonly finals: readonly StepStore[];
  /** Set by the pass `bounds`; absent: every step is taken. */
  readonly range?: StepRange;
}

/** A value that a workgroup carries along an axis whose positions it holds all. */
export interface BlockState extends CarriedState {
  readonly axis: string;
  readonly reverse: boolean;
  /** The name of its last value, without the axis. */
  readonly final: string;
}
export interface BlockStore {
  readonly output: string;
  /** Of the stage's vectors: one element is written for each of their positions. */
  readonly axes: readonly string[];
  /** Per dimension of the output. */
  readonly index: readonly Expr[];
  readonly where?: Expr;
  readonly value: Expr;
}
/** Chunks of a section that a workgroup goes through in order. */
export interface Walk {
  readonly axis: string;
  readonly extent: number;
  readonly reverse: boolean;
}
/**
 * Values over the stage's vector axes that all lanes of a workgroup compute together, one value after the other, in
 * workgroup memory. Reads give an index for each axis of what is read; batch axes are read at their own position.
 */
export interface Block {
  readonly states: readonly BlockState[];
  /** In dependence order; a state that is read is its value before the step. */
  readonly defs: readonly StepDef[];
  readonly stores: readonly BlockStore[];
  /** What moves with this axis is computed for one of its positions after the other; states along it are carried. */
  readonly walk?: Walk;
  /** Of workgroup memory that its values take. */
  readonly bytes?: number;
}

export interface Stage {
  readonly name: string;
  readonly batch: readonly TileAxis[];
  /** Flattened, outermost first; empty means a single row. */
  readonly row: readonly TileAxis[];
  readonly stream: readonly TileAxis[];
  readonly vectors: readonly VectorAxis[];
  /** Row and uniform values that do not read a carrier. */
  readonly prologue: readonly TileDef[];
  readonly rowOperands: readonly Operand[];
  readonly passes: readonly Pass[];
  /** Values per row (× vector) written at the end. */
  readonly stores: readonly Store[];
  /** Over batch and row axes: rows for which this does not hold are written as 0, whatever a pass makes of them. */
  readonly wanted?: Expr;
  /** Instead of a stream: nothing else is computed then. */
  readonly recurrence?: Recurrence;
  /** Instead of rows and a stream: the workgroup shares all that a batch member needs. */
  readonly block?: Block;
  /** Set by the pass `plan`. */
  readonly plan?: StagePlan;
  /** The workgroup runs only its share of the tiles: share number `axis` (a batch axis) of `of`. */
  readonly part?: { readonly axis: string; readonly of: number };
}

/** A tensor as the tile level sees it: input, output or workspace. */
export interface TileTensor {
  readonly name: string;
  readonly role: 'in' | 'out' | 'workspace';
  readonly storage: StorageType;
  readonly shape: readonly Expr[];
  /** The shape that hosts see, where `shape` sees the same memory otherwise. */
  readonly declared?: readonly Expr[];
  /** It says what selections take along this axis: where it restricts a loop, few tiles are mostly visited. */
  readonly takes?: string;
  /** Its values never fall along this axis, so that the first and the last element say what is between them. */
  readonly rising?: string;
  /** Of what takes: at most so many elements along the axis are not 0. */
  readonly most?: number;
  /** Set by the pass `share-buffers`: where it lies in a buffer that holds several tensors of the workspace. */
  readonly within?: { readonly buffer: string; readonly offset: Expr; readonly total: Expr };
  /** Axis names where a dimension stands for an axis: such an index needs no clamp. */
  readonly axes: readonly (string | undefined)[];
}

export interface TileProgram {
  readonly name: string;
  readonly sizes: readonly string[];
  readonly params: readonly { readonly name: string; readonly type: ScalarType }[];
  readonly fixed: Readonly<Record<string, number>>;
  readonly tensors: readonly TileTensor[];
  readonly stages: readonly Stage[];
}
