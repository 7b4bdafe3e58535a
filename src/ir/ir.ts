/**
 * Semantic IR: a kernel as indexed definitions. No tiles, no memory, no order but dependence.
 *
 *   kernel  = sizes axes params requires tensors states defs outputs
 *   axis    = NAME : extent
 *   tensor  = NAME : storage [ extent, … ]
 *   state   = NAME [axis, …] along AXIS from expr then NAME of a def; last value as NAME
 *   def     = NAME [axis, …] = expr
 *   output  = NAME : storage [axis, …] = NAME of a def, whose indices it orders
 *
 * A state is a recurrence: read at its axis' position t it is what step t starts from. That is the initial value at the
 * first position (the last one, when it runs in reverse) and what `next` was one position before at all others. Its last
 * value is read under a name of its own, without the axis. Definitions over the axis read the state at their own position.
 *
 * Functions are already expanded and masks already attached: each `reduce` carries in `where` the elements that exist.
 * Every `read` gives one index expression per dimension of the tensor, or per index of the definition, in its order.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import type { ScalarType, StorageType } from '../expr/types.ts';

export interface IrAxis {
  readonly name: string;
  /** Over sizes and constants; i32. */
  readonly extent: Expr;
  /** Positions inside of a chunk: a workgroup can compute all of them together. */
  readonly inside?: true;
  /** Chunks of a section: a workgroup can go through them one after the other. */
  readonly walked?: true;
  readonly span?: Span;
}
export interface IrParam {
  readonly name: string;
  readonly type: ScalarType;
  /** Over sizes and earlier params; absent means the caller must give it. */
  readonly default?: Expr;
  readonly span?: Span;
}
export interface IrRequire {
  /** Over sizes and params; bool. */
  readonly condition: Expr;
  readonly text: string;
  readonly span?: Span;
}
export interface IrDim {
  /** The axis this dimension stands for when it was declared by an axis name. */
  readonly axis?: string;
  readonly extent: Expr;
}
export interface IrTensor {
  readonly name: string;
  readonly storage: StorageType;
  readonly dims: readonly IrDim[];
  /** True when the caller may leave it out; its reads were replaced by the default if it is absent in this variant. */
  readonly optional: boolean;
  /** The shape that the caller sees, where `dims` see the same memory otherwise. */
  readonly declared?: readonly Expr[];
  /** Of what a stage before has kept: as of definitions. */
  readonly takes?: string;
  readonly span?: Span;
}
export type Role = 'let' | 'score' | 'normalize' | 'aggregate' | 'gate' | 'out';
export interface IrDef {
  readonly name: string;
  readonly role: Role;
  /** Free axes, in the order in which reads index the definition. */
  readonly indices: readonly string[];
  readonly type: ScalarType;
  readonly value: Expr;
  /** Kept in memory between launches: it may be read at any index and is never computed where it is read. */
  readonly stored?: true;
  /** It says which elements along one of its axes are taken, mostly few of many. */
  readonly takes?: string;
  /** Of what takes: at most so many elements along that axis are not 0. */
  readonly most?: number;
  /** A state over one of its axes, in whose steps it is computed and nowhere else. */
  readonly inStepsOf?: string;
  readonly span?: Span;
}
/** A value that is carried along an axis. */
export interface IrState {
  readonly name: string;
  /** The axis that the state is carried along. */
  readonly axis: string;
  /** The first step is at the axis' last position. */
  readonly reverse: boolean;
  /** Free axes, `axis` among them, in the order in which reads index the state. */
  readonly indices: readonly string[];
  readonly type: ScalarType;
  /** What the first step starts from, over `indices` without `axis`; it reads no state of the same axis. */
  readonly init: Expr;
  /** A definition over exactly the same axes (in any order): what the step after starts from. */
  readonly next: string;
  /** The name under which the value after the last step is read, indexed by `indices` without `axis`. */
  readonly final: string;
  readonly span?: Span;
}
export interface IrOutput {
  readonly name: string;
  readonly storage: StorageType;
  readonly def: string;
  /** Memory order, outermost first; a permutation of the definition's indices. */
  readonly indices: readonly string[];
  /** The shape that the caller sees, where `indices` see the same memory otherwise. */
  readonly declared?: readonly Expr[];
  readonly span?: Span;
}
export interface IrKernel {
  readonly name: string;
  readonly doc?: string;
  /** Size symbols, i32, at least 0, fixed before a launch. */
  readonly sizes: readonly string[];
  readonly axes: readonly IrAxis[];
  readonly params: readonly IrParam[];
  readonly requires: readonly IrRequire[];
  readonly tensors: readonly IrTensor[];
  /** The mask lines as written, for `explain`; their effect is in the reductions. */
  readonly masks: readonly Expr[];
  readonly states: readonly IrState[];
  /** In dependence order, in which reading a state depends on nothing. */
  readonly defs: readonly IrDef[];
  readonly outputs: readonly IrOutput[];
  /** How it was made of another kernel, for callers. */
  readonly notes?: readonly string[];
  readonly span?: Span;
}

/** What a caller of a kernel must know, without what it computes. */
export type IrSignature = Pick<
  IrKernel,
  'name' | 'doc' | 'sizes' | 'axes' | 'params' | 'requires' | 'tensors' | 'outputs'
>;

export function axisOf(k: IrKernel, name: string): IrAxis | undefined {
  return k.axes.find((a) => a.name === name);
}

/** The state that an expression reads under this name, be it its value at a step or its last one. */
export function stateOf(k: IrKernel, name: string): IrState | undefined {
  return k.states.find((s) => s.name === name || s.final === name);
}
