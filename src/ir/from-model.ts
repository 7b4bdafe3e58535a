/**
 * Model to semantic IR: constants get their values, absent optional inputs their defaults, and what no output needs is
 * left out. Functions are expanded and masks attached already.
 */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { evalConst } from '../expr/evaluate.ts';
import { constant, freeVars, rewrite, substitute, visit, type Expr, type ReadExpr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import { simplify } from '../expr/simplify.ts';
import type { Model, ModelConst, ModelKernel, ModelTensor } from '../model/model.ts';
import { neededNames } from '../model/unused.ts';
import type { IrKernel, IrTensor } from './ir.ts';

export interface LowerOptions {
  /** Optional inputs that this variant leaves out. */
  readonly absent?: ReadonlySet<string>;
  /** Values of consts that differ from the source. */
  readonly consts?: Readonly<Record<string, number>>;
}

/** Values of all consts, in order; an override must fit the declared type. */
function constValues(k: ModelKernel, given: Readonly<Record<string, number>>): Map<string, Expr> {
  for (const name of Object.keys(given))
    if (!k.consts.some((c) => c.name === name))
      throw userError('E0511', `kernel \`${k.name}\` has no const \`${name}\``);
  const numbers = new Map<string, number>();
  const values = new Map<string, Expr>();
  for (const c of k.consts) {
    const value = given[c.name] ?? evalConst(c.value, numbers);
    if (!fits(c, value)) throw userError('E0511', `const \`${c.name}\` cannot be ${value}: it is ${c.type}`);
    numbers.set(c.name, value);
    values.set(c.name, constant(c.type, value));
  }
  return values;
}

function fits(c: ModelConst, value: number): boolean {
  if (c.type === 'f32') return !Number.isNaN(value);
  const [least, greatest] =
    c.type === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : c.type === 'u32' ? [0, 2 ** 32 - 1] : [0, 1];
  return Number.isInteger(value) && value >= least! && value <= greatest!;
}

/** The default of an absent tensor at the indices of a read. */
function defaultAt(t: ModelTensor, e: ReadExpr): Expr {
  const map = new Map<string, Expr>();
  t.dims.forEach((d, n) => {
    if (d.axis !== undefined) map.set(d.axis, e.index[n]!);
  });
  return substitute(t.default!, map);
}

/**
 * Lowers one kernel.
 * @param model a model whose kernel has no errors
 * @param options optional inputs to leave out, values of consts
 * @throws UserError for an unknown or unfit const or absent input; CompilerBug when the kernel has errors
 */
export function lowerKernel(model: Model, kernelName: string, options: LowerOptions = {}): IrKernel {
  const k = model.kernels.find((x) => x.name === kernelName);
  if (!k) throw new CompilerBug('ir/from-model', `no kernel ${kernelName}`);
  if (!k.ok) throw new CompilerBug('ir/from-model', `kernel ${kernelName} has errors`, k.span);
  const absent = options.absent ?? new Set<string>();
  for (const name of absent)
    if (!k.tensors.some((t) => t.name === name && t.default))
      throw userError('E0511', `\`${name}\` is not an optional input of kernel \`${k.name}\``);
  const consts = constValues(k, options.consts ?? {});
  const tensors = new Map(k.tensors.map((t) => [t.name, t]));
  const lower = (e: Expr): Expr => {
    const full = rewrite(e, (x) =>
      x.kind === 'read' && absent.has(x.name) ? defaultAt(tensors.get(x.name)!, x) : x,
    );
    return simplify(substitute(full, consts));
  };
  const needed = neededNames(k);
  const defs = k.defs
    .filter((d) => needed.has(d.name))
    .map((d) => ({
      name: d.name,
      role: d.role,
      indices: d.indices,
      type: d.type,
      value: lower(d.value),
      span: d.span,
    }));
  const masks = k.masks.map((m) => lower(m.condition));
  const states = k.states
    .filter((s) => needed.has(s.name))
    .map(({ name, axis, reverse, indices, type, init, next, final, span }) => ({
      name,
      axis,
      reverse,
      indices,
      type,
      init: lower(init),
      next,
      final,
      span,
    }));
  const used = usedNames(k, [...defs.map((d) => d.value), ...states.map((s) => s.init), ...masks]);
  return {
    name: k.name,
    ...(k.doc === undefined ? {} : { doc: k.doc }),
    sizes: k.sizes,
    // Copies of axes that an expansion made are kept only where they are still bound.
    axes: k.axes
      .filter((a, n) => used.has(a.name) || k.axes.findIndex((x) => x.span === a.span) === n)
      .map((a) => ({ name: a.name, extent: lower(a.extent), span: a.span })),
    params: k.params.map(({ name, type, default: d, span }) => ({
      name,
      type,
      span,
      ...(d ? { default: lower(d) } : {}),
    })),
    requires: k.requires.map((r) => ({
      condition: lower(r.condition),
      text: printExpr(r.condition),
      span: r.span,
    })),
    tensors: k.tensors
      .filter((t) => !absent.has(t.name))
      .map((t): IrTensor => ({
        name: t.name,
        storage: t.storage,
        dims: t.dims.map((d) => ({ ...d, extent: lower(d.extent) })),
        optional: t.default !== undefined,
        span: t.span,
      })),
    masks,
    states,
    defs,
    outputs: k.outputs.map(({ name, storage, def, indices, span }) => ({
      name,
      storage,
      def,
      indices,
      span,
    })),
    span: k.span,
  };
}

/** Axes that some expression, index set or dimension mentions. */
function usedNames(k: ModelKernel, all: readonly Expr[]): Set<string> {
  const used = new Set(k.defs.flatMap((d) => d.indices));
  for (const e of all) {
    freeVars(e, used);
    visit(e, (x) => {
      if (x.kind === 'reduce') x.axes.forEach((a) => used.add(a));
    });
  }
  return used;
}
