/** What the elaboration of one expression needs to know about the place where it stands. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';
import type { Name, SurfaceExpr } from '../syntax/ast.ts';
import type { AxisTable } from './axes.ts';
import type { FnScope, ModelDef, ModelDim, ModelFn, ModelMask } from './model.ts';
import type { Value } from './typing.ts';

/** A tensor or definition, which brackets index. */
export interface Indexed {
  readonly name: string;
  /** The name that messages say, where it differs. */
  readonly shown?: string;
  readonly type: ScalarType;
  readonly dims: readonly ModelDim[];
  /** The axis that a recurrence runs along, which reads do not give: where among the indices it comes. */
  readonly along?: { readonly axis: string; readonly at: number };
}
/** An argument or `let` of a function: elaborated where it is first wanted, at most once. */
export interface Lazy {
  readonly value: () => Value | undefined;
  /** What it names, when it is a name alone: then it can be indexed by position. */
  readonly indexed: () => Indexed | undefined;
}
/** What a name stands for at one place. `broken` means that an error was already reported. */
export type Binding =
  | { readonly kind: 'scalar'; readonly expr: Expr; readonly isAxis: boolean }
  | { readonly kind: 'indexed'; readonly indexed: Indexed }
  | { readonly kind: 'axes'; readonly axes: readonly string[] }
  | { readonly kind: 'lazy'; readonly lazy: Lazy }
  | { readonly kind: 'broken' };

/** The names that an expression sees. */
export interface Env {
  lookup(name: Name): Binding | undefined;
  names(): Iterable<string>;
  readonly fns: FnScope;
  /** Notes a call of a function, for go to definition. */
  refer?(name: Name, fn: ModelFn | undefined): void;
}

/** The kernel around the expression. */
export interface KernelScope {
  readonly axes: AxisTable;
  report(d: Diagnostic): void;
  /** Adds a definition that an expansion makes, under a name made of `base`, and returns how it is read. */
  addDef(base: string, def: Omit<ModelDef, 'name' | 'written' | 'role'>): Indexed;
  /** Counts one expansion of a function; false when the kernel has had too many. */
  spend(): boolean;
  /** Notes that a mask line removes something. */
  applied(mask: ModelMask): void;
}

export interface Context {
  readonly kernel: KernelScope;
  readonly env: Env;
  /** The definition being elaborated; names of what expansions make start with it. */
  readonly owner: string;
  /** Indices of that definition as far as they are known. */
  readonly indices: ReadonlySet<string>;
  /** Axes bound by the reductions around. */
  readonly bound: ReadonlySet<string>;
  readonly masks: readonly ModelMask[];
  /** False while indices are still being inferred: masks are not attached then. */
  readonly final: boolean;
  /** Functions being expanded, outermost first. */
  readonly stack: readonly ModelFn[];
  /** The outermost call in the user's own text, while inside of a function. */
  readonly call?: Span;
  readonly elaborate: (e: SurfaceExpr, c: Context) => Value | undefined;
}

/** Reports a diagnostic; inside of a function it points to the call, and a label to the place in the function. */
export function report(c: Context, d: Diagnostic): undefined {
  if (!c.call || !d.span) c.kernel.report(d);
  else
    c.kernel.report({
      ...d,
      span: c.call,
      labels: [{ span: d.span, text: 'in this part of the function' }, ...(d.labels ?? [])],
    });
  return undefined;
}

/** The axes that a name stands for: an axis, a function's axis parameter, or an argument that is an axis. */
export function axesNamed(name: Name, c: Context): readonly string[] | 'unknown' | 'broken' | 'other' {
  const b = c.env.lookup(name);
  if (!b) return 'unknown';
  if (b.kind === 'broken') return 'broken';
  if (b.kind === 'axes') return b.axes;
  if (b.kind === 'scalar') return b.isAxis && b.expr.kind === 'var' ? [b.expr.name] : 'other';
  if (b.kind === 'lazy') {
    const v = b.lazy.value();
    if (!v) return 'broken';
    if (v.expr.kind === 'var' && c.kernel.axes.get(v.expr.name)) return [v.expr.name];
  }
  return 'other';
}
