/**
 * The surface language as written. Tolerant: `error` nodes stand where the parser recovered.
 *
 *   file    = import* (fn | kernel)*
 *   import  = import { NAME, … } from "std" | import "./file.attn"
 *   fn      = fn NAME[AXIS, …](PARAM, …) = expr | fn NAME… { let* expr }
 *   kernel  = kernel NAME { item* }
 *   item    = axes NAME: extent (= derived)?, …            // g: G = h / (H / G)
 *           | in NAME: storage[dim, …] (= default)?
 *           | param NAME: type (= expr)? | const NAME: type = expr | require expr
 *           | mask expr
 *           | (let|score|normalize|aggregate|gate) NAME([AXIS, …])? = expr
 *           | out NAME: storage[AXIS, …] (= expr)?
 *           | state NAME: storage[AXIS, …] (= expr)? | recurrence over AXIS reverse? { step* }
 *           | repeat EXPR { step* }
 *   step    = (let|score|normalize|aggregate|gate)? NAME([AXIS, …])? = expr
 *   expr    = literal | NAME | NAME[arg, …] | NAME[AXIS, …](arg, …) | unary | binary
 *           | if c then a else b | type(expr) | op[AXIS in lo..hi?, …](expr) | (expr)
 *
 * A call with brackets before its parentheses (`sum[d](q * k)`, `softmax[j](s)`) is a `call` whose `axes` are bound.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { StorageType } from '../expr/types.ts';

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '**'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>';
export type UnaryOperator = '-' | '!' | '~';

/** `axis` alone, or an axis restricted to `from <= axis < to`. */
export interface AxisBinding {
  readonly name: Name;
  readonly from?: SurfaceExpr;
  readonly to?: SurfaceExpr;
  readonly span: Span;
}
/** Positional, or `axis = expr` which re-indexes that axis by name. */
export interface IndexArg {
  readonly axis?: Name;
  readonly value: SurfaceExpr;
}
export type SurfaceExpr =
  | {
      readonly kind: 'number';
      readonly text: string;
      readonly value: number;
      readonly isInt: boolean;
      readonly span: Span;
    }
  | { readonly kind: 'bool'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'name'; readonly name: Name; readonly span: Span }
  | {
      readonly kind: 'index';
      readonly target: SurfaceExpr;
      readonly args: readonly IndexArg[];
      readonly span: Span;
    }
  | {
      readonly kind: 'call';
      readonly callee: Name;
      readonly axes?: readonly AxisBinding[];
      readonly args: readonly SurfaceExpr[];
      readonly span: Span;
    }
  | { readonly kind: 'unary'; readonly op: UnaryOperator; readonly arg: SurfaceExpr; readonly span: Span }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOperator;
      readonly left: SurfaceExpr;
      readonly right: SurfaceExpr;
      readonly span: Span;
    }
  | {
      readonly kind: 'if';
      readonly cond: SurfaceExpr;
      readonly then: SurfaceExpr;
      readonly else: SurfaceExpr;
      readonly span: Span;
    }
  /** Kept for fidelity of the printer; meaning is the inner expression. */
  | { readonly kind: 'paren'; readonly inner: SurfaceExpr; readonly span: Span }
  | { readonly kind: 'error'; readonly span: Span };

export interface ImportDecl {
  readonly kind: 'import';
  /** Absent for `import "./file.attn"`, which brings in every fn of that file. */
  readonly names?: readonly Name[];
  readonly from: string;
  readonly fromSpan: Span;
  readonly span: Span;
}
export interface LetStmt {
  readonly kind: 'let';
  readonly name: Name;
  readonly indices?: readonly Name[];
  readonly value: SurfaceExpr;
  readonly span: Span;
}
export interface FnDecl {
  readonly kind: 'fn';
  readonly name: Name;
  readonly axes: readonly Name[];
  readonly params: readonly Name[];
  readonly lets: readonly LetStmt[];
  readonly result: SurfaceExpr;
  readonly doc?: string;
  readonly span: Span;
}
export interface AxisDecl {
  readonly name: Name;
  readonly extent: SurfaceExpr;
  /** Index of this axis where the axes that it mentions are in scope. */
  readonly derived?: SurfaceExpr;
  readonly doc?: string;
  readonly span: Span;
}
export interface TensorType {
  /** Absent in `out S`, where it follows from the definition. */
  readonly storage?: StorageType;
  readonly storageSpan?: Span;
  readonly dims: readonly SurfaceExpr[];
  readonly span: Span;
}
export type Role = 'let' | 'score' | 'normalize' | 'aggregate' | 'gate';
/** An assignment to a state, or a value of its own, in a `recurrence`. */
export interface Step {
  readonly kind: 'step';
  readonly role?: Role;
  readonly name: Name;
  readonly indices?: readonly Name[];
  readonly value: SurfaceExpr;
  readonly doc?: string;
  readonly span: Span;
}
export type Item =
  | { readonly kind: 'axes'; readonly axes: readonly AxisDecl[]; readonly doc?: string; readonly span: Span }
  | {
      readonly kind: 'in';
      readonly name: Name;
      readonly type: TensorType;
      readonly default?: SurfaceExpr;
      readonly doc?: string;
      readonly span: Span;
    }
  | {
      readonly kind: 'param' | 'const';
      readonly name: Name;
      readonly type: 'int' | 'uint' | 'float' | 'bool';
      readonly default?: SurfaceExpr;
      readonly doc?: string;
      readonly span: Span;
    }
  | { readonly kind: 'require'; readonly condition: SurfaceExpr; readonly span: Span }
  | { readonly kind: 'mask'; readonly value: SurfaceExpr; readonly doc?: string; readonly span: Span }
  | {
      readonly kind: 'def';
      readonly role: Role;
      readonly name: Name;
      readonly indices?: readonly Name[];
      readonly value: SurfaceExpr;
      readonly doc?: string;
      readonly span: Span;
    }
  | {
      readonly kind: 'out';
      readonly name: Name;
      readonly type?: TensorType;
      readonly value?: SurfaceExpr;
      readonly doc?: string;
      readonly span: Span;
    }
  | {
      readonly kind: 'state';
      readonly name: Name;
      readonly type: TensorType;
      /** What the first step starts from; 0 when absent. */
      readonly initial?: SurfaceExpr;
      readonly doc?: string;
      readonly span: Span;
    }
  | {
      /** Steps along an axis, or rounds along an axis of their own that nothing else can name. */
      readonly kind: 'recurrence';
      readonly axis: Name;
      readonly reverse: boolean;
      /** How many rounds there are, in a `repeat`. */
      readonly rounds?: SurfaceExpr;
      readonly steps: readonly Step[];
      readonly doc?: string;
      readonly span: Span;
    };
export interface KernelDecl {
  readonly kind: 'kernel';
  readonly name: Name;
  readonly items: readonly Item[];
  readonly doc?: string;
  readonly span: Span;
}
export interface Comment {
  readonly text: string;
  readonly span: Span;
}
export interface SourceFile {
  readonly kind: 'file';
  readonly source: string;
  readonly imports: readonly ImportDecl[];
  readonly fns: readonly FnDecl[];
  readonly kernels: readonly KernelDecl[];
  readonly comments: readonly Comment[];
  /** What was parsed: the printer keeps its comments and empty lines. Absent in trees that were built in code. */
  readonly text?: string;
  readonly span: Span;
}
