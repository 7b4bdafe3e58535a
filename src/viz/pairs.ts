/** The pairs of a picture, by the interpreter: which are kept, and what a definition is worth there. */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { evalConst } from '../expr/evaluate.ts';
import { bool, freeVars, i32, op, read, substitute, variable, type Expr } from '../expr/expr.ts';
import { interpretKernel, type InterpretedTensor } from '../ir/interpret.ts';
import type { IrDef, IrKernel } from '../ir/ir.ts';
import { needsOf } from '../ir/needs.ts';
import type { TileAxis } from '../tile/tile.ts';
import type { Pairs } from './classify.ts';
import type { Numbers } from './numbers.ts';
import { lengthOf, sideOf, type Side } from './side.ts';
import { axisNames, type Subject } from './subject.ts';

/** More pairs than this are neither evaluated nor drawn. */
export const MAX_PAIRS = 2 ** 24;

export interface Sources {
  readonly numbers: Numbers;
  readonly inputs: Readonly<Record<string, InterpretedTensor>>;
  /** Values of batch axes; 0 for those that are not named. */
  readonly at: Readonly<Record<string, number>>;
}

/** Rows and columns with their extents. @throws UserError E0741 when there are too many pairs. */
export function sidesOf(s: Subject, numbers: Numbers): { readonly rows: Side; readonly cols: Side } {
  const sizes = new Map(Object.entries({ ...s.program.fixed, ...numbers.sizes }));
  const side = (axes: readonly TileAxis[], block: number, shape: readonly number[] | undefined): Side =>
    sideOf(
      axisNames(axes),
      axes.map((a) => evalConst(a.extent, sizes)),
      block,
      axes.length > 1 ? shape : undefined,
    );
  const rows = side(s.stage.row, s.plan.blockM, s.plan.rowShape);
  const cols = side(s.stage.stream, s.plan.blockN, s.plan.streamShape);
  const pairs = lengthOf(rows) * lengthOf(cols);
  if (pairs > MAX_PAIRS || pairs === 0)
    throw userError('E0741', `a picture of ${lengthOf(rows)} × ${lengthOf(cols)} pairs cannot be drawn`, {
      hint: pairs === 0 ? 'sizes must be at least 1' : `choose smaller sizes: at most ${MAX_PAIRS} pairs`,
    });
  return { rows, cols };
}

/** Evaluates an expression at every pair of the picture's batch point, row-major. */
function atPairs(s: Subject, root: Expr, from: Sources): Float64Array {
  const { stage, ir } = s;
  const place = new Map(stage.batch.map((a) => [a.name, i32(from.at[a.name] ?? 0)] as const));
  const value = substitute(root, place);
  const indices = [...axisNames(stage.row), ...axisNames(stage.stream)];
  const open = ir.axes.filter((a) => freeVars(value).has(a.name) && !indices.includes(a.name));
  if (open.length > 0) throw new CompilerBug('viz', `${open[0]!.name} is free in a value per pair`);
  const def: IrDef = { name: 'viz.pairs', role: 'let', indices, type: value.type, value };
  const needs = needsOf(ir, [value]);
  const kernel: IrKernel = {
    ...ir,
    ...needs,
    defs: [...needs.defs, def],
    outputs: [{ name: def.name, storage: 'f32', def: def.name, indices }],
  };
  return interpretKernel(kernel, from.inputs, from.numbers.sizes, from.numbers.params)[def.name]!.data;
}

/** @throws UserError E0710 naming the tensors that the expressions read and that are not given */
export function requireInputs(
  ir: IrKernel,
  what: string,
  roots: readonly Expr[],
  given: Readonly<Record<string, InterpretedTensor>>,
): void {
  const missing = needsOf(ir, roots)
    .tensors.map((t) => t.name)
    .filter((t) => given[t] === undefined);
  if (missing.length === 0) return;
  throw userError('E0710', `${what} of ${ir.name} depends on ${missing.map((t) => `\`${t}\``).join(', ')}`, {
    hint: missing.map((t) => `--in ${t}=${t}.npy`).join(' '),
  });
}

/** Where each domain of the pass keeps a pair. */
export function pairsOf(s: Subject, from: Sources): Pairs {
  const sides = sidesOf(s, from.numbers);
  const join = (o: 'and' | 'or'): Expr => s.domains.map((d) => d ?? bool(true)).reduce((a, b) => op(o, a, b));
  const kept = Uint8Array.from(atPairs(s, join('or'), from));
  const always = s.domains.length > 1 ? Uint8Array.from(atPairs(s, join('and'), from)) : kept;
  return { ...sides, kept, always };
}

/** The definition that a map shows. @throws UserError E0740 when it is not a value per pair. */
export function mapRead(s: Subject, name: string): Expr {
  const pair = [...s.stage.row, ...s.stage.stream].map((a) => a.name);
  const around = [...pair, ...axisNames(s.stage.batch)];
  const fits = (d: IrDef): boolean =>
    pair.every((a) => d.indices.includes(a)) && d.indices.every((a) => around.includes(a));
  const output = s.ir.outputs.find((o) => o.name === name);
  const def = s.ir.defs.find((d) => d.name === (output?.def ?? name));
  if (def && fits(def))
    return read(
      def.name,
      def.indices.map((a) => variable(a)),
      def.type,
    );
  const choices = s.ir.defs.filter((d) => fits(d) && !d.name.includes('.')).map((d) => d.name);
  throw userError('E0740', `\`${name}\` is not a value per pair (${pair.join(', ')}) of ${s.ir.name}`, {
    hint: choices.length > 0 ? `--map ${choices.join(', --map ')}` : 'no definition of this kernel is one',
  });
}

/** Values at kept pairs; NaN elsewhere, where nothing is defined. */
export function mapOf(s: Subject, value: Expr, kept: Uint8Array, from: Sources): Float64Array {
  const keep = s.domains.map((d) => d ?? bool(true)).reduce((a, b) => op('or', a, b));
  const guarded = op(
    'select',
    keep,
    value.type === 'f32' ? value : { ...op('cast', value), type: 'f32' as const },
    {
      kind: 'const',
      type: 'f32',
      value: 0,
    },
  );
  return atPairs(s, guarded, from).map((x, n) => (kept[n] === 1 ? x : NaN));
}
