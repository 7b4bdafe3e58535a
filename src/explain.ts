/** What the compiler decided for a kernel, as data and as text: stages, passes, skipped tiles, plan, cost. */
import { i32, op, variable, type Expr } from './expr/expr.ts';
import type { Box, Range } from './expr/interval.ts';
import { printExpr } from './expr/print.ts';
import { simplify } from './expr/simplify.ts';
import { STORAGE } from './expr/types.ts';
import { sharedBytes } from './kernel/verify.ts';
import type { Lowered } from './pipeline.ts';
import { defaultPlan, type PlanLimits, type StagePlan } from './tile/plan.ts';
import { tileTruth } from './tile/skip.ts';
import type { Pass, Stage, TileAxis, TileProgram } from './tile/tile.ts';

export interface PassExplanation {
  /** One line per carrier: what it is and how it is kept right while tiles go by. */
  readonly carriers: readonly string[];
  /** A tile is visited when this holds; `true` means every tile. */
  readonly visits: string;
  /** Every element of a tile is kept when this holds. */
  readonly full: string;
}
export interface StageExplanation {
  readonly name: string;
  readonly batch: readonly string[];
  readonly rows: readonly string[];
  readonly stream: readonly string[];
  readonly plan: StagePlan;
  readonly workgroupBytes: number;
  readonly workgroups: string;
  /** Multiplications and additions in contractions if no tile is skipped. */
  readonly operations: string;
  readonly passes: readonly PassExplanation[];
  readonly writes: readonly string[];
}
export interface Explanation {
  readonly kernel: string;
  readonly launches: number;
  readonly stages: readonly StageExplanation[];
  /** Bytes kept between launches. */
  readonly workspaceBytes: string;
  /** Bytes of inputs and outputs. */
  readonly tensorBytes: string;
}

const sum = (xs: readonly Expr[]): Expr =>
  simplify(xs.reduce<Expr>((a, b) => simplify(op('add', a, b)), i32(0)));
const product = (xs: readonly Expr[]): Expr =>
  simplify(xs.reduce<Expr>((a, b) => simplify(op('mul', a, b)), i32(1)));
const names = (xs: readonly TileAxis[]): string[] => xs.map((a) => a.name);

/** Axis ranges of a tile, named by where it begins. */
function tileBox(s: Stage, plan: StagePlan): Box {
  const box = new Map<string, Range>();
  const single = (axes: readonly TileAxis[], block: number): void => {
    for (const a of axes) {
      const first = variable(`${a.name}_first`);
      const last =
        axes.length === 1 ? simplify(op('add', first, i32(block - 1))) : op('sub', a.extent, i32(1));
      box.set(a.name, axes.length === 1 ? { lo: first, hi: last } : { lo: i32(0), hi: simplify(last) });
    }
  };
  single(s.row, plan.blockM);
  single(s.stream, plan.blockN);
  return box;
}

function carriers(p: Pass): string[] {
  return p.steps.flatMap((s) => {
    if (s.kind === 'reference') return [];
    const what = s.kind === 'fold' ? `${s.op} ${s.name}` : `vector sum ${s.name} over ${s.vector}`;
    const reference = p.steps.find((r) => r.kind === 'reference' && r.name === s.scaledBy);
    return [
      reference?.kind === 'reference' ? `${what}, rescaled when ${printExpr(reference.value)} moves` : what,
    ];
  });
}

function operations(s: Stage): Expr {
  const pairs = product([...s.batch, ...s.row, ...s.stream].map((a) => a.extent));
  const vector = (name: string): number => s.vectors.find((v) => v.name === name)!.extent;
  const depth = s.passes
    .flatMap((p) => [
      ...p.contractions.map((c) => vector(c.vector)),
      ...p.steps.flatMap((x) => (x.kind === 'accumulate' ? [vector(x.vector)] : [])),
    ])
    .reduce((a, b) => a + b, 0);
  return product([pairs, i32(2 * depth)]);
}

function explainStage(p: TileProgram, s: Stage, plan: StagePlan, lowered: Lowered): StageExplanation {
  const kernel = lowered.program.kernels.find((k) => k.name === s.name)!;
  const tensors = new Set(p.tensors.filter((t) => t.role !== 'out').map((t) => t.name));
  return {
    name: s.name,
    batch: names(s.batch),
    rows: names(s.row),
    stream: names(s.stream),
    plan,
    workgroupBytes: sharedBytes(kernel),
    workgroups: printExpr(kernel.grid),
    operations: printExpr(operations(s)),
    passes: s.passes.map((pass) => {
      const { may, must } = tileTruth(s, pass, (n) => tensors.has(n), tileBox(s, plan));
      return { carriers: carriers(pass), visits: printExpr(may), full: printExpr(must) };
    }),
    writes: [...s.passes.flatMap((x) => x.stores), ...s.stores].map((x) => x.output),
  };
}

export function explainLowered(lowered: Lowered, limits: PlanLimits): Explanation {
  const p = lowered.tile;
  const bytes = (role: (r: string) => boolean): string =>
    printExpr(
      sum(
        p.tensors
          .filter((t) => role(t.role))
          .map((t) => product([...t.shape, i32(STORAGE[t.storage].bytes)])),
      ),
    );
  return {
    kernel: p.name,
    launches: p.stages.length,
    stages: p.stages.map((s) => explainStage(p, s, defaultPlan(s, limits), lowered)),
    workspaceBytes: bytes((r) => r === 'workspace'),
    tensorBytes: bytes((r) => r !== 'workspace'),
  };
}

const list = (xs: readonly string[]): string => (xs.length > 0 ? xs.join(', ') : 'none');

export function printExplanation(e: Explanation): string {
  const lines = [`kernel ${e.kernel}: ${e.launches} launch${e.launches === 1 ? '' : 'es'}`];
  for (const s of e.stages) {
    lines.push(
      '',
      `launch ${s.name} writes ${list(s.writes)}`,
      `  workgroups   ${s.workgroups}, one per ${list(s.batch)} and block of ${s.plan.blockM} rows (${list(s.rows)})`,
      `  arrangement  ${s.plan.arrangement}, ${s.plan.lanes} lanes, ${s.workgroupBytes} bytes of workgroup memory`,
      `  operations   ${s.operations} in contractions if no tile is skipped`,
    );
    if (s.stream.length === 0) lines.push('  stream       none: each row is computed by itself');
    for (const [n, p] of s.passes.entries()) {
      lines.push(`  pass ${n + 1} over ${list(s.stream)} in tiles of ${s.plan.blockN}`);
      lines.push(`    visits a tile if  ${p.visits}`);
      lines.push(`    tile is full if   ${p.full}`);
      for (const c of p.carriers) lines.push(`    carries ${c}`);
    }
  }
  lines.push('', `workspace bytes ${e.workspaceBytes}`, `tensor bytes    ${e.tensorBytes}`, '');
  return lines.join('\n');
}
