/**
 * What stages write into the workspace, computed from tensors: enough of an interpreter for stages that fold positions
 * into the values that bounds read.
 */
import { evalConst, type Evaluator } from '../expr/evaluate.ts';
import { readNames, visit, type Expr } from '../expr/expr.ts';
import { Closures } from './count-closures.ts';
import { withValues, type Facts, type TensorData } from './count-facts.ts';
import type { FoldOp, Pass, Stage, Step, Store, TileAxis, TileProgram } from './tile.ts';
import { boundsExprs } from './walk.ts';

type Fold = Extract<Step, { kind: 'fold' }>;

/** Names that bounds read, or that follow from each other to what they read. */
function readByBounds(p: TileProgram): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { bounds } of p.stages.flatMap((s) => s.passes))
    for (const e of bounds ? boundsExprs(bounds) : []) readNames(e, names);
  for (const s of [...p.stages].reverse())
    if (s.stores.some((x) => names.has(x.output))) for (const e of valuesOf(s)) readNames(e, names);
  return names;
}

/** What a stage evaluates, as far as it is a fold. */
const valuesOf = (s: Stage): readonly Expr[] => [
  ...s.passes.flatMap((pass) => pass.steps.flatMap((x) => (x.kind === 'fold' ? [x.value] : []))),
  ...s.passes.flatMap((pass) => pass.keeps.flatMap((k) => k.where ?? [])),
  ...s.stores.map((x) => x.value),
];

/** The facts, and those tensors of the workspace that bounds read and that follow from the tensors that are known. */
export function withSummaries(p: TileProgram, facts: Facts): Facts {
  const wanted = readByBounds(p);
  let known = facts;
  for (const stage of p.stages) {
    const outputs = stage.stores.map((s) => s.output);
    if (!outputs.some((o) => wanted.has(o)) || !isFold(stage, known)) continue;
    known = { ...known, tensors: { ...known.tensors, ...foldStage(p, stage, known) } };
  }
  return known;
}

/** One pass of plain folds over tensors that are known. */
function isFold(stage: Stage, facts: Facts): boolean {
  const [pass] = stage.passes;
  if (stage.passes.length !== 1 || !pass || stage.rowOperands.length + stage.prologue.length > 0)
    return false;
  if (pass.defs.length + pass.operands.length + pass.stores.length + pass.finish.length > 0) return false;
  const folds = new Set(pass.steps.map((s) => s.name));
  const plain = pass.steps.every(
    (s) => s.kind === 'fold' && s.scaledBy === undefined && START[s.op] !== undefined,
  );
  const readable = (e: Expr): boolean => {
    let all = true;
    visit(e, (x) => {
      if (x.kind === 'reduce') all = false;
      if (x.kind === 'read' && !facts.tensors?.[x.name] && !folds.has(x.name)) all = false;
    });
    return all;
  };
  return plain && valuesOf(stage).every(readable);
}

const START: Partial<Record<FoldOp, (type: string) => number>> = {
  sum: () => 0,
  any: () => 0,
  max: (type) => (type === 'f32' ? -Infinity : type === 'u32' ? 0 : -(2 ** 31)),
  min: (type) => (type === 'f32' ? Infinity : type === 'u32' ? 2 ** 32 - 1 : 2 ** 31 - 1),
};
const JOIN: Partial<Record<FoldOp, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  any: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  max: Math.max,
  min: Math.min,
};

function foldStage(p: TileProgram, stage: Stage, facts: Facts): Record<string, TensorData> {
  const number = withValues(p, facts);
  const size = (e: Expr): number => evalConst(number(e), new Map());
  const pass = stage.passes[0] as Pass;
  const folds = pass.steps as readonly Fold[];
  const outside = [...stage.batch, ...stage.row];
  const closures = new Closures(facts, new Set(folds.map((f) => f.name)));
  for (const a of outside) closures.variable(a.name, 0);
  for (const a of stage.stream) closures.variable(a.name, 1);
  const carriers = folds.map((f) => closures.variable(f.name, 1));
  const compile = (e: Expr): Evaluator => closures.compile(number(e), 1);
  const parts = folds.map((f, n) => {
    const where = pass.keeps.find((k) => k.name === f.keep)?.where;
    return {
      slot: carriers[n]!,
      start: START[f.op]!(f.type),
      join: JOIN[f.op]!,
      keep: where ? compile(where) : () => 1,
      value: compile(f.value),
    };
  });
  const results: Record<string, { shape: number[]; data: Float64Array }> = {};
  for (const t of p.tensors) {
    if (!stage.stores.some((s) => s.output === t.name)) continue;
    const shape = t.shape.map(size);
    results[t.name] = { shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) };
  }
  const { frame } = closures;
  const at = (index: Store['indices'][number]): (() => number) => {
    if (typeof index === 'object') return compile(index);
    return typeof index === 'number' ? () => index : () => closures.get(index);
  };
  const stores = stage.stores.map((s) => ({
    ...s,
    where: s.where ? compile(s.where) : () => 1,
    index: s.indices.map(at),
    compute: compile(s.value),
  }));
  const extent = (a: TileAxis): readonly [string, number] => [a.name, size(a.extent)];
  each(outside.map(extent), closures.set, () => {
    closures.enter(0);
    for (const f of parts) frame[f.slot] = f.start;
    each(stage.stream.map(extent), closures.set, () => {
      for (const f of parts) if (f.keep() !== 0) frame[f.slot] = f.join(frame[f.slot]!, f.value());
    });
    for (const s of stores) {
      if (s.where() === 0) continue;
      const { shape, data } = results[s.output]!;
      data[s.index.reduce((flat, x, n) => flat * shape[n]! + x(), 0)] = s.compute();
    }
  });
  return results;
}

/** All points of some axes, the last moving fastest. */
function each(
  axes: readonly (readonly [string, number])[],
  set: (name: string, value: number) => void,
  visitPoint: () => void,
): void {
  const [axis, ...rest] = axes;
  if (!axis) return visitPoint();
  for (let x = 0; x < axis[1]; x++) {
    set(axis[0], x);
    each(rest, set, visitPoint);
  }
}
