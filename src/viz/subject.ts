/** What a picture is of: one pass of the stage that computes an output, and which pairs exist for it. */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { freeVars, key, visit, type Expr } from '../expr/expr.ts';
import type { IrDef, IrKernel } from '../ir/ir.ts';
import { needsOf } from '../ir/needs.ts';
import { normalizeIr, scheduleTile, type LoweringOptions } from '../pipeline.ts';
import { tileProgram } from '../tile/from-ir.ts';
import { Graph, sameSet } from '../tile/graph.ts';
import { planProgram, type StagePlan } from '../tile/plan.ts';
import type { Pass, Stage, TileAxis, TileProgram } from '../tile/tile.ts';

export interface Subject {
  /** In normal form: what the interpreter is asked about. */
  readonly ir: IrKernel;
  readonly program: TileProgram;
  readonly stage: Stage;
  readonly pass: Pass;
  readonly plan: StagePlan;
  readonly output: string;
  /** One per domain of the pass; absent means that every pair exists. */
  readonly domains: readonly (Expr | undefined)[];
}

/** Positions of a tile, per axis or for the flattened side. */
export interface TileShape {
  readonly rows: readonly number[];
  readonly cols: readonly number[];
}

export const axisNames = (axes: readonly TileAxis[]): string[] => axes.map((a) => a.name);

const storesOf = (s: Stage): string[] =>
  [...s.stores, ...s.passes.flatMap((p) => p.stores)].map((x) => x.output);

function chooseStage(program: TileProgram, output: string): number {
  const at = program.stages.findIndex((s) => storesOf(s).includes(output));
  if (at < 0) throw new CompilerBug('viz', `no stage stores ${output}`);
  const { stream, passes } = program.stages[at]!;
  if (stream.length > 0 && passes.length > 0) return at;
  throw userError(
    'E0740',
    `output \`${output}\` of ${program.name} is not computed over pairs of positions`,
    {
      hint: 'choose an output that reduces over positions, with --output',
    },
  );
}

/** Reductions that a pass carries out, found by the names of its steps. */
function reductionsOf(ir: IrKernel, output: string, stage: Stage, pass: Pass): IrDef[] {
  const g = new Graph(ir);
  const def = ir.outputs.find((o) => o.name === output)?.def;
  if (def === undefined) throw new CompilerBug('viz', `no output ${output}`);
  const stream = axisNames(stage.stream);
  const all = [...g.cone(def)]
    .map((name) => g.def(name))
    .filter((d) => d.value.kind === 'reduce' && sameSet(d.value.axes, stream));
  const steps = pass.steps.flatMap((s) => (s.kind === 'reference' ? [] : [s.name]));
  const own = all.filter((d) => steps.some((s) => s === d.name || s.startsWith(`${d.name}.c`)));
  return own.length > 0 ? own : all;
}

function domainsOf(reductions: readonly IrDef[]): (Expr | undefined)[] {
  const found = new Map<string, Expr | undefined>();
  for (const { value } of reductions)
    if (value.kind === 'reduce') found.set(value.where ? key(value.where) : '', value.where);
  return found.size > 0 ? [...found.values()] : [undefined];
}

function sideBlock(
  what: 'rows' | 'columns',
  wanted: readonly number[],
  axes: readonly TileAxis[],
): { readonly block: number; readonly shape?: readonly number[] } {
  const block = wanted.reduce((n, x) => n * x, 1);
  if (wanted.length === 1) return { block };
  if (wanted.length === axes.length) return { block, shape: wanted };
  const names = axisNames(axes).join(', ') || 'a single position';
  throw userError('E0740', `the tile shape has ${wanted.length} numbers for ${what}, which are ${names}`, {
    hint: 'give one number for all of them, or one per axis',
  });
}

/** The stage's own plan, or the same with tiles as they are wanted. Shares of the stream are drawn together. */
function planOf(stage: Stage, tile: TileShape | undefined): StagePlan {
  const { split: _split, ...plan } = stage.plan!;
  if (!tile) return plan;
  const { rowShape: _row, streamShape: _stream, ...flat } = plan;
  const rows = sideBlock('rows', tile.rows, stage.row);
  const cols = sideBlock('columns', tile.cols, stage.stream);
  return {
    ...flat,
    blockM: rows.block,
    blockN: cols.block,
    ...(rows.shape ? { rowShape: rows.shape } : {}),
    ...(cols.shape ? { streamShape: cols.shape } : {}),
  };
}

/**
 * @param output by default the first one
 * @param tile by default the tiles that the compiler chooses
 * @throws UserError E0740 for an output that is not computed over pairs
 */
export function subjectOf(
  kernel: IrKernel,
  output: string | undefined,
  options: LoweringOptions,
  tile: TileShape | undefined,
): Subject {
  const name = output ?? kernel.outputs[0]?.name;
  if (name === undefined) throw userError('E0740', `${kernel.name} has no output`);
  const ir = normalizeIr(kernel, options);
  const plain = tileProgram(ir, options.fixed, options.limits);
  const chosen = chooseStage(plain, name);
  const own = planProgram(plain, options).stages;
  const plans = own.map((s, n) => planOf(s, n === chosen ? tile : undefined));
  const program = scheduleTile(plain, { ...options, plans });
  const stage = program.stages.find((s) => s.name === plain.stages[chosen]!.name)!;
  // The last pass with a domain is the one that uses the others' results.
  const pass = stage.passes.findLast((p) => p.keeps.length > 0) ?? stage.passes.at(-1)!;
  const domains = domainsOf(reductionsOf(ir, name, stage, pass));
  return { ir, program, stage, pass, plan: plans[chosen]!, output: name, domains };
}

/**
 * Sizes, params and axes that expressions and their definitions mention.
 * @param fixed axes that have one index, so that their extents do not matter
 */
export function namesIn(ir: IrKernel, roots: readonly Expr[], fixed: readonly string[]): Set<string> {
  const { defs, states, tensors } = needsOf(ir, roots);
  const found = new Set<string>();
  for (const e of [...roots, ...defs.map((d) => d.value), ...states.map((s) => s.init)])
    visit(e, (x) => {
      if (x.kind === 'var') found.add(x.name);
      if (x.kind === 'reduce') x.axes.forEach((a) => found.add(a));
    });
  for (const d of [...defs, ...states]) d.indices.forEach((a) => found.add(a));
  for (const t of tensors) for (const d of t.dims) freeVars(d.extent, found);
  for (const name of fixed) found.delete(name);
  for (const a of ir.axes) if (found.has(a.name)) freeVars(a.extent, found);
  return found;
}
