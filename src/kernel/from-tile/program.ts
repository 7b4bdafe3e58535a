/** Tiled IR → kernel IR. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import { i32, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { matrixStorage } from '../../tile/matrix-plan.ts';
import type { StagePlan } from '../../tile/plan.ts';
import type { Stage, TileProgram, TileTensor } from '../../tile/tile.ts';
import type {
  Buffer,
  Kernel,
  Program,
  ProgramTensor,
  SharedArray,
  Stmt,
  TensorMap,
  Uniform,
} from '../kernel.ts';
import { BlockLowering } from './block/lower.ts';
import { Frame } from './frame.ts';
import { matrixFor, type Matrix, type RowOperand } from './matrix.ts';
import { Loader } from './operands.ts';
import { emitRowDef, PassLowering } from './pass.ts';
import { bufferOf, Scope } from './scope.ts';
import { RecurrenceLowering } from './steps/lower.ts';
import { Storer } from './stores.ts';
import { lowerWarpgroups } from './warpgroups/lower.ts';

/** Every stage has its plan. */
export function kernelProgram(p: TileProgram): Program {
  const uniforms = allUniforms(p);
  const kernels = p.stages.map((s) => {
    if (!s.plan) throw new CompilerBug('kernel/from-tile', `stage ${s.name} has no plan`);
    return lowerStage(p, s, s.plan, uniforms);
  });
  const of = (role: TileTensor['role']): ProgramTensor[] => {
    const all = p.tensors
      .filter((t) => t.role === role)
      .map((t) => ({
        name: bufferOf(t),
        storage: t.storage,
        shape: t.within ? [t.within.total] : (t.declared ?? t.shape),
      }));
    return all.filter((t, n) => all.findIndex((x) => x.name === t.name) === n);
  };
  return {
    name: p.name,
    kernels,
    inputs: of('in'),
    outputs: of('out'),
    workspace: of('workspace'),
    uniforms,
    fixed: p.fixed,
  };
}

function allUniforms(p: TileProgram): Uniform[] {
  const sizes = p.sizes.filter((s) => !(s in p.fixed)).map((name): Uniform => ({ name, type: 'i32' }));
  return [...sizes, ...p.params];
}

/** Statements of a stage, and what they write and share. */
interface Lowered {
  readonly body: readonly Stmt[];
  readonly written: ReadonlySet<string>;
  readonly shared: readonly SharedArray[];
  readonly maps?: readonly TensorMap[];
}

function lowerTiles(stage: Stage, plan: StagePlan, scope: Scope, frame: Frame, matrix: Matrix): Lowered {
  if (plan.arrangement === 'warpgroup-matrix') return lowerWarpgroups(stage, plan, scope, frame, matrix);
  const loader = new Loader(scope, frame, matrix, plan);
  const storer = new Storer(scope, frame);
  const body: Stmt[] = [];
  for (const d of stage.prologue) emitRowDef(scope, frame, d, body);
  const rowOperands = new Map<string, RowOperand>();
  for (const o of stage.rowOperands) {
    const { rows, stmts } = loader.loadRows(o);
    rowOperands.set(o.name, rows);
    body.push(...stmts);
  }
  for (const pass of stage.passes)
    body.push(...new PassLowering(pass, { scope, frame, loader, matrix, plan, storer, rowOperands }).lower());
  body.push(...storer.rows(stage.stores));
  const exchanged = [...(matrix.shared ?? []), ...(matrix.arrangement.exchanges ?? [])];
  return { body, written: storer.written, shared: [...loader.shared, ...exchanged] };
}

function lowerSteps(scope: Scope, frame: Frame, plan: StagePlan): Lowered {
  const steps = new RecurrenceLowering(scope, frame, plan.steps ?? PLAIN_STEPS);
  return { body: steps.lower(), written: steps.written, shared: [] };
}

/** For plans that say nothing of it. */
const PLAIN_STEPS = { writtenOut: 4, loops: 'plain', block: 1 } as const;

function lowerStage(p: TileProgram, stage: Stage, plan: StagePlan, uniforms: readonly Uniform[]): Kernel {
  const matrix = matrixFor(
    stage.block ? { ...plan, arrangement: 'lane-rows' } : plan,
    matrixStorage(stage) ?? 'f32',
  );
  const scope = new Scope(p, stage, matrix.arrangement);
  const frame = new Frame(scope, plan);
  const { body, written, shared, maps }: Lowered = stage.block
    ? new BlockLowering(scope, frame, plan).lower()
    : stage.recurrence
      ? lowerSteps(scope, frame, plan)
      : lowerTiles(stage, plan, scope, frame, matrix);
  return {
    name: stage.name,
    buffers: buffersOf(p, scope.usedTensors, written),
    uniforms,
    shared,
    ...(maps ? { maps } : {}),
    lanes: plan.lanes,
    grid: frame.grid(),
    ...(stage.block?.walk ? { waits: true } : {}),
    body: [...scope.declarations(), ...frame.prologue, ...body],
  };
}

function buffersOf(
  p: TileProgram,
  read: ReadonlySet<string>,
  written: ReadonlySet<string>,
): readonly Buffer[] {
  const tensors = p.tensors.filter((t) => read.has(t.name) || written.has(t.name));
  const names = [...new Set(tensors.map(bufferOf))];
  return names.map((name): Buffer => {
    const inside = tensors.filter((t) => bufferOf(t) === name);
    const [t] = inside as [TileTensor];
    const writes = inside.some((x) => written.has(x.name));
    // An output may have the name of an input that another stage reads.
    const reads = inside.some((x) => !written.has(x.name));
    return {
      name,
      storage: t.storage,
      access: writes ? (reads ? 'read_write' : 'write') : 'read',
      elements: t.within?.total ?? elements(t),
    };
  });
}

function elements(t: TileTensor): Expr {
  return simplify(t.shape.reduce((a, b) => op('mul', a, b), i32(1) as Expr));
}
