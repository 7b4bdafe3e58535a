/** Small constructors for kernel IR statements, so that lowering reads like the code it makes. */
import { op, variable, type Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';
import type { Fragment, Stmt } from './kernel.ts';
import type { MatrixOp } from './subgroup-matrix.ts';
import type { WarpgroupOp } from './warpgroup.ts';

type StmtOf<K extends Stmt['kind']> = Extract<Stmt, { kind: K }>;

/** Linear workgroup number, uniform over the workgroup. */
export const WORKGROUP = variable('workgroup');
/** Lane number in the workgroup, 0 … lanes-1. */
export const LANE = variable('lane');

/** Lanes of a group that exchange values without memory, 1 where none do. */
export const SUBGROUP = variable('subgroup');
/** Number of the lane's subgroup, and how many there are. */
export const SUBGROUP_NUMBER = variable('subgroup_number');
export const SUBGROUPS = variable('subgroups');

/** Where a loop begins that must not be unrolled: a driver cannot see that it is zero. */
export const OPAQUE_ZERO = op('min', WORKGROUP, { kind: 'const', type: 'i32', value: 0 });

export const letS = (name: string, value: Expr): Stmt => ({ kind: 'let', name, value });
export const varS = (name: string, value: Expr): Stmt => ({ kind: 'var', name, value });
export const assign = (name: string, value: Expr): Stmt => ({ kind: 'assign', name, value });
/** A lane's own zero-filled array. */
export const arrayS = (name: string, type: ScalarType, length: number): Stmt => ({
  kind: 'array',
  name,
  type,
  length,
});
/** `name[index] = value`, with a flat element index. */
export const store = (name: string, index: Expr, value: Expr): Stmt => ({
  kind: 'store',
  name,
  index,
  value,
});
/** `name[index] += value`. */
export const accumulate = (name: string, index: Expr, value: Expr): Stmt =>
  store(name, index, op('add', { kind: 'read', type: value.type, name, index: [index] }, value));

const ZERO: Expr = { kind: 'const', type: 'i32', value: 0 };
const ONE: Expr = { kind: 'const', type: 'i32', value: 1 };

/** `for name = from; name < to; name += step`; `from` defaults to 0 and `step` to 1. */
export function forS(
  name: string,
  range: {
    readonly from?: Expr;
    readonly to: Expr;
    readonly step?: Expr;
    readonly unroll?: boolean | 'never' | number;
  },
  body: readonly Stmt[],
): Stmt & { readonly kind: 'for' } {
  const { from = ZERO, to, step = ONE, unroll = false } = range;
  return { kind: 'for', name, from, to, step, unroll, body };
}

export const ifS = (cond: Expr, then: readonly Stmt[], otherwise?: readonly Stmt[]): Stmt =>
  otherwise && otherwise.length > 0
    ? { kind: 'if', cond, then, else: otherwise }
    : { kind: 'if', cond, then };
export const BARRIER: Stmt = { kind: 'barrier' };
export const comment = (text: string): Stmt => ({ kind: 'comment', text });
export const fragment = (array: string, offset: Expr, rowStride: number, colStride: number): Fragment => ({
  array,
  offset,
  rowStride,
  colStride,
});
export const contract = (parts: Omit<StmtOf<'contract'>, 'kind'>): Stmt => ({ kind: 'contract', ...parts });
export const mma = (parts: Omit<StmtOf<'mma'>, 'kind'>): Stmt => ({ kind: 'mma', ...parts });
export const ldmatrix = (parts: Omit<StmtOf<'ldmatrix'>, 'kind'>): Stmt => ({ kind: 'ldmatrix', ...parts });
/** Starts a copy of 16 bytes from `buffer[from]` to `shared[index]`. */
export const copyS = (parts: Omit<StmtOf<'copy'>, 'kind'>): Stmt => ({ kind: 'copy', ...parts });
export const COMMIT: Stmt = { kind: 'commit' };
export const awaitS = (pending: number): Stmt => ({ kind: 'await', pending });
/** `let name` = neighbouring elements of a buffer, packed in a word. */
export const wordS = (name: string, buffer: string, from: Expr): Stmt => ({
  kind: 'word',
  name,
  buffer,
  from,
});
/** `into[intoOffset]` = neighbouring elements of a buffer, packed in a word. */
export const words = (parts: Omit<StmtOf<'words'>, 'kind'>): Stmt => ({ kind: 'words', ...parts });
export const stores = (name: string, index: Expr, values: readonly Expr[]): Stmt => ({
  kind: 'stores',
  name,
  index,
  values,
});
/** `let name` = the value of another lane, the same one for all. */
export const broadcast = (name: string, value: Expr, lane: Expr): Stmt => ({
  kind: 'broadcast',
  name,
  value,
  lane,
});
/** `let` four names = elements 4 · piece … 4 · piece + 3 of an array of floats. */
export const loads = (names: readonly string[], array: string, piece: Expr): Stmt => ({
  kind: 'loads',
  names,
  array,
  piece,
});
/** `let name` = some lane of the warp has a value that holds. */
export const vote = (name: string, value: Expr): Stmt => ({ kind: 'vote', name, value });
/** `let name` = some lane of the workgroup has a value that holds. */
export const some = (name: string, value: Expr): Stmt => ({ kind: 'some', name, value });
export const warpgroup = (op: WarpgroupOp): Stmt => ({ kind: 'warpgroup', op });
export const matrixS = (op: MatrixOp): Stmt => ({ kind: 'matrix', op });
export const shuffle = (name: string, value: Expr, xor: number): Stmt => ({
  kind: 'shuffle',
  name,
  value,
  xor,
});
