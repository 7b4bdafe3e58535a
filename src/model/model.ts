/**
 * The model: what a source file means, close to how it is written. Names are resolved, index sets and types inferred,
 * functions expanded and masks attached, but constants, optional inputs and everything unused are still there.
 *
 *   model  = functions kernels
 *   kernel = sizes axes tensors params consts requires masks states defs outputs + symbols references
 *
 * It is made for any tree, also one with errors: what could not be understood is left out, and `ok` is false.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import type { ScalarType, StorageType } from '../expr/types.ts';
import type { FnDecl, SourceFile } from '../syntax/ast.ts';

/** Gives the text of an imported file, or undefined when there is none. `from` is the source key of the importer. */
export type Loader = (path: string, from: string) => string | undefined;

export type SymbolKind =
  | 'axis'
  | 'size'
  | 'input'
  | 'param'
  | 'const'
  | 'state'
  | 'definition'
  | 'function'
  | 'function axis'
  | 'function parameter'
  | 'function let'
  | 'builtin';

/** A named thing, for hovers, completion, go to definition and rename. */
export interface ModelSymbol {
  readonly kind: SymbolKind;
  readonly name: string;
  /** Where the name is declared; absent for what the language itself has. */
  readonly span?: Span;
  /** One line: what it is, with its type and indices once they are known. */
  readonly detail: string;
  readonly doc?: string;
}
/** A use (or the declaration) of a name in the checked file. */
export interface Reference {
  readonly span: Span;
  readonly symbol: ModelSymbol;
}

export interface ModelAxis {
  readonly name: string;
  readonly extent: Expr;
  /** What the axis stands for where the axes in it are in scope. */
  readonly derived?: Expr;
  readonly span: Span;
}
export interface ModelDim {
  readonly axis?: string;
  readonly extent: Expr;
}
export interface ModelTensor {
  readonly name: string;
  readonly storage: StorageType;
  readonly dims: readonly ModelDim[];
  /** Over the axes of `dims`; a tensor with a default is optional. */
  readonly default?: Expr;
  readonly span: Span;
  readonly doc?: string;
}
export interface ModelParam {
  readonly name: string;
  readonly type: ScalarType;
  readonly default?: Expr;
  readonly span: Span;
  readonly doc?: string;
}
export interface ModelConst {
  readonly name: string;
  readonly type: ScalarType;
  /** Over earlier consts. */
  readonly value: Expr;
  readonly span: Span;
}
export interface ModelRequire {
  readonly condition: Expr;
  readonly span: Span;
}
export interface ModelMask {
  readonly condition: Expr;
  readonly axes: readonly string[];
  readonly span: Span;
}
export type DefRole = 'let' | 'score' | 'normalize' | 'aggregate' | 'gate' | 'out';
export interface ModelDef {
  readonly name: string;
  readonly role: DefRole;
  readonly indices: readonly string[];
  readonly type: ScalarType;
  readonly value: Expr;
  readonly span: Span;
  readonly doc?: string;
  /** False for what an expansion made: a function's `let`, a shared argument, a state's step, an output's copy. */
  readonly written: boolean;
  /** The recurrence in which it stands, or for a statement of which it was made. */
  readonly block?: Span;
  /** The state that it is an assignment of. */
  readonly assigns?: string;
}
/** A value that a recurrence carries along an axis; what its steps make are definitions. */
export interface ModelState {
  readonly name: string;
  readonly axis: string;
  readonly reverse: boolean;
  /** The declared indices and the axis. */
  readonly indices: readonly string[];
  readonly type: ScalarType;
  /** Over the declared indices. */
  readonly init: Expr;
  /** The definition of its last assignment in the block. */
  readonly next: string;
  /** What its last value is read as. */
  readonly final: string;
  /** The block that assigns it. */
  readonly block: Span;
  readonly span: Span;
  readonly doc?: string;
}
export interface ModelOutput {
  readonly name: string;
  readonly storage: StorageType;
  readonly def: string;
  readonly indices: readonly string[];
  readonly span: Span;
  readonly doc?: string;
}
export interface ModelKernel {
  readonly name: string;
  readonly doc?: string;
  readonly span: Span;
  /** False when it has errors; only a kernel without errors can be lowered. */
  readonly ok: boolean;
  readonly sizes: readonly string[];
  readonly axes: readonly ModelAxis[];
  readonly tensors: readonly ModelTensor[];
  readonly params: readonly ModelParam[];
  readonly consts: readonly ModelConst[];
  readonly requires: readonly ModelRequire[];
  readonly masks: readonly ModelMask[];
  readonly states: readonly ModelState[];
  /** In dependence order. */
  readonly defs: readonly ModelDef[];
  readonly outputs: readonly ModelOutput[];
  readonly symbols: readonly ModelSymbol[];
  readonly references: readonly Reference[];
}
/** A function that can be called, with the functions that its own body can call. */
export interface ModelFn {
  readonly decl: FnDecl;
  readonly scope: FnScope;
}
/** Functions by name, as one file sees them: its own, then imported ones, then the standard library. */
export interface FnScope {
  lookup(name: string): ModelFn | undefined;
  names(): Iterable<string>;
}
export interface Model {
  readonly file: SourceFile;
  readonly fns: FnScope;
  readonly kernels: readonly ModelKernel[];
  /** Symbols and uses outside of kernels: functions and imports. */
  readonly symbols: readonly ModelSymbol[];
  readonly references: readonly Reference[];
}
