/**
 * Pass `split`: the stream of a stage is shared by several workgroups per block of rows. A *partial* stage runs the pass
 * over one share of the stream and keeps its carriers; a *merge* stage runs over the shares, folds the carriers into one
 * another, and finishes as the stage did.
 *
 * A carrier that is measured against a reference r is merged as Σ exp(r_part − R) · c_part, with R the reference of the
 * merged running values: the same steps as in a pass, over shares instead of elements. A share that kept nothing holds
 * the identities of its folds, and so changes nothing.
 */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { i32, key, op, read, variable, readNames, type Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';
import { isArg, mergeStages, type Fold, type States } from './merge.ts';
import type { StagePlan } from './plan.ts';
import type { Pass, Stage, Step, Store, TileAxis, TileProgram, TileTensor } from './tile.ts';

export interface Split {
  readonly stages: readonly Stage[];
  /** Workspace between the stages. */
  readonly tensors: readonly TileTensor[];
}

/** The pass of a stage that can be split: one pass, whose only results are its carriers. */
export function splittablePass(s: Stage): Pass | undefined {
  const [pass, ...more] = s.passes;
  if (!pass || more.length > 0 || s.part || s.stream.length === 0 || pass.stores.length > 0) return undefined;
  const args = new Set(pass.steps.filter(isArg).map((x) => x.name));
  for (const x of pass.steps) {
    // An index is merged after the loop over shares, when no reference can be moved by it any more.
    if (x.kind === 'reference' && [...readNames(x.value)].some((n) => args.has(n))) return undefined;
    if (x.kind === 'fold' && x.scaledBy !== undefined && x.op !== 'sum') return undefined;
  }
  return pass;
}

/** Where the rows of parts lie in the workspace, and where a merge finds those of a row. */
export interface Places {
  /** Axes of a row of a part. */
  readonly axes: readonly TileAxis[];
  /** An index for each of them, over the batch and row axes of the stage and the axis of parts. */
  readonly index: readonly Expr[];
  /** The tensor in which all scalars of f32 lie one after the other: a launch may have few buffers left for their summaries. */
  readonly scalars?: string;
  /** Carriers stay measured against references that lag, which are kept beside them: vectors are not multiplied once more. */
  readonly unsettled?: boolean;
}

/** What a pass leaves in its carriers, as tensors that the parts of the pass write. */
export class Parts {
  private readonly own: TileTensor[] = [];
  readonly stores: Store[] = [];
  private scalars = 0;
  private readonly value = new Map<string, Expr>();
  private readonly best = new Map<string, Expr>();
  private readonly extra: Fold[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly pass: Pass,
    private readonly places: Places,
    private readonly taken: Set<string>,
  ) {
    for (const s of pass.steps) this.keep(s);
  }

  get tensors(): readonly TileTensor[] {
    const { scalars, axes } = this.places;
    if (this.scalars === 0 || scalars === undefined) return this.own;
    const shape = [i32(this.scalars), ...axes.map((a) => a.extent)];
    const all: TileTensor = {
      name: scalars,
      role: 'workspace',
      storage: 'f32',
      shape,
      axes: [undefined, ...axes.map((a) => a.name)],
    };
    return [...this.own, all];
  }

  states(part: TileAxis): States {
    return { part, value: this.value, best: this.best };
  }

  /** The pass of a part. */
  partial(): Pass {
    const unsettled = this.places.unsettled ? { unsettled: true as const } : {};
    return { ...this.pass, ...unsettled, steps: [...this.pass.steps, ...this.extra], finish: [] };
  }

  private keep(s: Step): void {
    if (s.kind === 'accumulate') this.value.set(s.name, this.store(s.name, 'f32', s.vector));
    else if (s.kind === 'fold') {
      this.value.set(s.name, this.store(s.name, s.type));
      if (isArg(s)) this.best.set(s.name, this.keepBest(s));
    } else if (this.pass.steps.some((x) => x.kind !== 'reference' && x.scaledBy === s.name)) {
      const value = this.places.unsettled ? undefined : this.stored(s.value);
      this.value.set(s.name, value ?? this.store(s.name, 'f32'));
    }
  }

  /** What a reference is measured by, where it is a carrier, or a multiple of one, that is in the workspace already. */
  private stored(e: Expr): Expr | undefined {
    if (e.kind === 'read') return this.value.get(e.name);
    if (e.kind !== 'op' || e.op !== 'mul' || e.args[1]!.kind !== 'const') return undefined;
    const carrier = this.stored(e.args[0]!);
    return carrier && op('mul', carrier, e.args[1]!);
  }

  /** The extremum beside its index: an equal fold of the pass, or one more. */
  private keepBest(s: Fold): Expr {
    const extremum = s.op === 'argmax' ? 'max' : 'min';
    const twin = this.pass.steps.find(
      (x): x is Fold =>
        x.kind === 'fold' && x.op === extremum && x.keep === s.keep && key(x.value) === key(s.value),
    );
    const stored = twin && this.value.get(twin.name);
    if (stored) return stored;
    const { type } = s.value;
    const fold: Fold = { ...s, name: `${s.name}.best`, op: extremum, type };
    this.extra.push(fold);
    return this.store(fold.name, type);
  }

  /** Keeps a row value in a tensor of its own; what reads it at the same row of a part. */
  private store(name: string, type: ScalarType, vector?: string): Expr {
    const { scalars } = this.places;
    if (scalars !== undefined && vector === undefined && type === 'f32')
      return this.storeScalar(name, scalars);
    const along = this.stage.vectors.filter((v) => v.name === vector);
    const axes = [...this.places.axes, ...along.map((v) => ({ ...v, extent: i32(v.extent) }))];
    const names = axes.map((a) => a.name);
    const tensor = fresh(`ws.${name}`, this.taken);
    this.own.push({
      name: tensor,
      role: 'workspace',
      storage: type,
      shape: axes.map((a) => a.extent),
      axes: names,
    });
    const value = read(
      name,
      along.map((v) => variable(v.name)),
      type,
    );
    this.stores.push({
      output: tensor,
      site: 'row',
      vectors: along.map((v) => v.name),
      value,
      indices: names,
    });
    return read(tensor, [...this.places.index, ...along.map((v) => variable(v.name))], type);
  }

  private storeScalar(name: string, output: string): Expr {
    const at = this.scalars++;
    const indices = [at, ...this.places.axes.map((a) => a.name)];
    this.stores.push({ output, site: 'row', vectors: [], value: read(name, []), indices });
    return read(output, [i32(at), ...this.places.index]);
  }
}

/** Each workgroup runs its share of the stream. */
function shares(stage: Stage, whole: Pass, of: number, taken: Set<string>): Split {
  const names = [...stage.batch, ...stage.row, ...stage.stream, ...stage.vectors].map((a) => a.name);
  const part = { name: fresh(`${stage.stream[0]!.name}.part`, new Set(names)), extent: i32(of) };
  const axes = [...stage.batch, part, ...stage.row];
  const index = axes.map((a) => variable(a.name));
  const parts = new Parts(stage, whole, { axes, index }, taken);
  const { plan, ...rest } = stage;
  const pass = parts.partial();
  const needed = closure(pass, stage);
  const partial: Stage = {
    ...rest,
    name: `${stage.name}_parts`,
    batch: [...stage.batch, part],
    prologue: stage.prologue.filter((d) => needed.has(d.name)),
    passes: [pass],
    stores: parts.stores,
    part: { axis: part.name, of },
    ...(plan ? { plan: unsplit(plan) } : {}),
  };
  return { stages: [partial, ...mergeStages(stage, whole, parts.states(part))], tensors: parts.tensors };
}

/** Row and uniform values that a pass reads. */
export function closure(pass: Pass, stage: Stage): ReadonlySet<string> {
  const out = new Set<string>();
  const expression = (e: Expr): void => {
    for (const n of readNames(e)) {
      const def = stage.prologue.find((d) => d.name === n);
      if (!def || out.has(n)) continue;
      out.add(n);
      expression(def.value);
    }
  };
  for (const d of [...pass.defs, ...pass.operands, ...stage.rowOperands]) expression(d.value);
  for (const k of pass.keeps) if (k.where) expression(k.where);
  if (pass.needed) expression(pass.needed);
  for (const s of pass.steps) expression(s.kind === 'accumulate' ? s.weight : s.value);
  return out;
}

export function fresh(base: string, taken: Set<string>): string {
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
  taken.add(name);
  return name;
}

/**
 * @param of shares of the stream, at least 2
 * @param taken names of tensors; those that are made are added
 * @returns the stages in the order in which they run, or undefined when the stage cannot be split
 */
export function splitStage(stage: Stage, of: number, taken: Set<string>): Split | undefined {
  if (of < 2) throw new CompilerBug('tile/split', `${stage.name} cannot be shared by ${of}`);
  const pass = splittablePass(stage);
  return pass && shares(stage, pass, of, taken);
}

/** Splits every stage whose plan asks for it. @param planOf the plan of a stage that merges */
export function splitProgram(p: TileProgram, planOf: (s: Stage) => StagePlan): TileProgram {
  const taken = new Set(p.tensors.map((t) => t.name));
  const tensors: TileTensor[] = [];
  const stages = p.stages.flatMap((s): readonly Stage[] => {
    const of = s.plan?.split ?? 1;
    const split = of > 1 ? splitStage(s, of, taken) : undefined;
    if (!split) return [s];
    tensors.push(...split.tensors);
    return split.stages.map((x) => (x.plan ? x : { ...x, plan: unsplit(planOf(x)) }));
  });
  return tensors.length > 0 ? { ...p, tensors: [...p.tensors, ...tensors], stages } : p;
}

function unsplit({ split: _, ...plan }: StagePlan): StagePlan {
  return plan;
}
