/**
 * Kernel IR: what each lane of a workgroup executes. Neutral between targets. Expressions are pure, statements have effects.
 *
 *   kernel  = buffers uniforms shared lanes grid body
 *   stmt    = let | var | assign | array | store | stores | loads | for | if | barrier | contract | mma | ldmatrix | shuffle
 *           | vote | some | broadcast
 *           | word | words | copy | commit | await | warpgroup | matrix | comment
 *
 * Predeclared variables: `workgroup` (i32, linear, uniform), `lane` (i32, 0 … lanes-1) and `subgroup` (i32, uniform: a power of
 * two; lanes of each group of so many consecutive ones can exchange values without memory, and 1 says that none can). Where matrices
 * of subgroups are used: `subgroup_number` (i32, of the lane's subgroup) of `subgroups` (i32, uniform).
 * Reads name a buffer, shared or local array with ONE flat element index; storage is widened to its value type on read
 * and rounded to nearest even on store. Uniforms are `var`s. `warp` collectives act on groups of 32 consecutive lanes.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import type { ScalarType, StorageType } from '../expr/types.ts';
import type { ProductOf } from './products.ts';
import type { MatrixOp } from './subgroup-matrix.ts';
import type { WarpgroupOp } from './warpgroup.ts';

export interface Buffer {
  readonly name: string;
  readonly storage: StorageType;
  readonly access: 'read' | 'write' | 'read_write';
  /** Number of elements, over uniforms; i32. */
  readonly elements: Expr;
}
export interface Uniform {
  readonly name: string;
  readonly type: ScalarType;
}
export interface SharedArray {
  readonly name: string;
  readonly storage: StorageType;
  readonly length: number;
  /** Bytes of which its place is a multiple; 16 unless told. */
  readonly alignment?: number;
  /** Byte at which it begins; arrays that are never needed at the same time may share bytes. All arrays say so, or none. */
  readonly at?: number;
}

/** A tensor as copies of tiles see it: whole, read in boxes, with zeros outside of it. Lines of a box are swizzled. */
export interface TensorMap {
  readonly name: string;
  /** A tensor of the program with 16-bit elements. */
  readonly tensor: string;
  /** Innermost first, over uniforms; i32. */
  readonly extents: readonly Expr[];
  /** Elements of a box along each dimension; the innermost has 64, which is a line. */
  readonly box: readonly number[];
}

/** A matrix operand or accumulator held in a shared array or in a lane's local array. */
export interface Fragment {
  readonly array: string;
  /** Flat element index of element (row, k) relative to the fragment, given as strides. */
  readonly offset: Expr;
  readonly rowStride: number;
  readonly colStride: number;
}

/** What matrix units multiply, and the type of the sums. */
export type MmaStorage = 'f16' | 'bf16' | 'i8' | 'u8';
export const MMA_SUM: Readonly<Record<MmaStorage, ScalarType>> = {
  f16: 'f32',
  bf16: 'f32',
  i8: 'i32',
  u8: 'u32',
};

export type Stmt =
  | { readonly kind: 'let' | 'var'; readonly name: string; readonly value: Expr; readonly span?: Span }
  | { readonly kind: 'assign'; readonly name: string; readonly value: Expr }
  /** A lane's own array, zero-filled. */
  | { readonly kind: 'array'; readonly name: string; readonly type: ScalarType; readonly length: number }
  | { readonly kind: 'store'; readonly name: string; readonly index: Expr; readonly value: Expr }
  /**
   * `for name = from; name < to; name += step`. `unroll` asks for full unrolling, for which bounds are constants,
   * for none, or for some turns at a time.
   */
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly from: Expr;
      readonly to: Expr;
      readonly step: Expr;
      readonly unroll: boolean | 'never' | number;
      /**
       * A long body: what follows from the lane's number, one of so many, is computed in each turn, as it would take registers in all
       * of them.
       */
      readonly anew?: number;
      readonly body: readonly Stmt[];
    }
  | {
      readonly kind: 'if';
      readonly cond: Expr;
      readonly then: readonly Stmt[];
      readonly else?: readonly Stmt[];
    }
  | { readonly kind: 'barrier' }
  /**
   * acc[r, c] += Σ_k a[r, k] · b[c, k] for r < rows, c < cols, k < depth, where each lane holds its own `acc` part.
   * The scalar meaning; a target lowers it to multiply-adds (per lane) before printing. `of` is what is multiplied, floats unless
   * told; of words of four bytes, k counts words.
   */
  | {
      readonly kind: 'contract';
      readonly of?: ProductOf;
      readonly rows: number;
      readonly cols: number;
      readonly depth: number;
      readonly acc: Fragment;
      readonly a: Fragment;
      readonly b: Fragment;
    }
  /**
   * Warp-collective d += a · b on one m16n8k16 tile with 16-bit operands and f32 accumulation, or on one m16n8k32 tile of bytes
   * with integer sums, which wrap. `d` local array of 4 sums from dOffset, `a` local u32 array (4 words of packed elements from
   * aOffset), `b` local u32 (2 from bOffset); lane layouts as in the PTX ISA, "Matrix fragments for mma.m16n8k16 with floating
   * point type" and "… for mma.m16n8k32": the same, with two bytes in the place of each 16 bits.
   */
  | {
      readonly kind: 'mma';
      readonly storage: MmaStorage;
      readonly d: string;
      readonly dOffset: Expr;
      readonly a: string;
      readonly aOffset: Expr;
      readonly b: string;
      readonly bOffset: Expr;
    }
  /**
   * Warp-collective load of four 8×8 16-bit matrices, or of as many rows of 16 bytes: lane l gives in `index` the shared element
   * index where row l % 8 of matrix l / 8 starts; the results are 4 packed words in `into` from `intoOffset` (PTX ISA, ldmatrix .x4, optional .trans).
   */
  | {
      readonly kind: 'ldmatrix';
      readonly into: string;
      readonly intoOffset: Expr;
      readonly shared: string;
      readonly index: Expr;
      readonly transpose: boolean;
    }
  /** `let name = value of lane (lane ^ xor)`, for all lanes of a subgroup together, which has more lanes than `xor`. */
  | { readonly kind: 'shuffle'; readonly name: string; readonly value: Expr; readonly xor: number }
  /**
   * `let name` = the value of lane number `lane`, which is the same for all lanes, for all lanes of the workgroup together. A kernel
   * with this statement runs where its lanes are lanes of one subgroup.
   */
  | { readonly kind: 'broadcast'; readonly name: string; readonly value: Expr; readonly lane: Expr }
  /** Warp-collective `let name = the value holds in some lane`. */
  | { readonly kind: 'vote'; readonly name: string; readonly value: Expr }
  /** `let name = the value holds in some lane of the workgroup`, for all its lanes together: the same for all of them. */
  | { readonly kind: 'some'; readonly name: string; readonly value: Expr }
  /**
   * Stores consecutive elements at once, `index` being a multiple of their number: two of a buffer in 16-bit storage, or four of a
   * shared array of floats, which is then only stored to in fours.
   */
  | { readonly kind: 'stores'; readonly name: string; readonly index: Expr; readonly values: readonly Expr[] }
  /** `let` each name = an element, from number 4 · `piece` on: four of a shared array or of a buffer at once. */
  | {
      readonly kind: 'loads';
      readonly names: readonly string[];
      readonly array: string;
      readonly piece: Expr;
    }
  /** `let name` = the word that holds elements `from` … of a buffer in storage of 8 or 16 bits; `from` is a multiple of their number. */
  | { readonly kind: 'word'; readonly name: string; readonly buffer: string; readonly from: Expr }
  /** `into[intoOffset]` = such a word. */
  | {
      readonly kind: 'words';
      readonly into: string;
      readonly intoOffset: Expr;
      readonly buffer: string;
      readonly from: Expr;
    }
  /**
   * Starts a copy of 16 bytes from a buffer into a shared array of the same storage; both indices are multiples of the
   * elements in 16 bytes. The bytes land when the lane waits for their group: until then nobody may touch their place, and
   * after that other lanes see them behind a barrier.
   */
  | {
      readonly kind: 'copy';
      readonly shared: string;
      readonly index: Expr;
      readonly buffer: string;
      readonly from: Expr;
    }
  /** The copies that the lane started since its last commit become a group, perhaps an empty one. */
  | { readonly kind: 'commit' }
  /** Waits until at most `pending` of the lane's groups, the latest ones, have not landed. */
  | { readonly kind: 'await'; readonly pending: number }
  /** Asynchronous copies of tiles, their barriers, and products of warpgroups. */
  | { readonly kind: 'warpgroup'; readonly op: WarpgroupOp }
  /** Matrices of a subgroup, by all of its lanes together. */
  | { readonly kind: 'matrix'; readonly op: MatrixOp }
  | { readonly kind: 'comment'; readonly text: string };

export interface Kernel {
  readonly name: string;
  readonly doc?: string;
  readonly buffers: readonly Buffer[];
  readonly uniforms: readonly Uniform[];
  readonly shared: readonly SharedArray[];
  readonly maps?: readonly TensorMap[];
  /** Lanes per workgroup. */
  readonly lanes: number;
  /** Number of workgroups, over uniforms; i32. */
  readonly grid: Expr;
  /** Its lanes wait for each other and for memory in turns: other workgroups of the same core fill that time. */
  readonly waits?: true;
  readonly body: readonly Stmt[];
}

/** A kernel on tensors of the program. */
export interface Launch {
  /** No other launch has it. */
  readonly name: string;
  /** Name of the kernel. */
  readonly kernel: string;
  /** The tensor that each buffer of the kernel stands for, by the buffer's name; no two buffers stand for one tensor. */
  readonly tensors: Readonly<Record<string, string>>;
}

/** Several launches in order make one user kernel; `workspace` buffers pass values between them. */
export interface Program {
  readonly name: string;
  readonly kernels: readonly Kernel[];
  /** In order; absent: each kernel once, under its name and on the tensors that its buffers are called like (`launches.ts`). */
  readonly launches?: readonly Launch[];
  readonly inputs: readonly ProgramTensor[];
  readonly outputs: readonly ProgramTensor[];
  readonly workspace: readonly ProgramTensor[];
  /** Sizes then params, the union of what kernels use, in this order. */
  readonly uniforms: readonly Uniform[];
  /** Sizes fixed at compile time. */
  readonly fixed: Readonly<Record<string, number>>;
  /** How it was made of another kernel, for callers. */
  readonly notes?: readonly string[];
}
export interface ProgramTensor {
  readonly name: string;
  readonly storage: StorageType;
  /** Extents, outermost first, over uniforms and fixed sizes; i32. */
  readonly shape: readonly Expr[];
}
