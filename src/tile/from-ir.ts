/** Semantic IR in normal form → tiled IR: groups outputs into stages and orders the stages. */
import { CompilerBug, UserError } from '../diagnostics/diagnostic.ts';
import { mapChildren, type Expr } from '../expr/expr.ts';
import type { StorageType } from '../expr/types.ts';
import type { IrDef, IrKernel, IrOutput, IrTensor } from '../ir/ir.ts';
import { Wanted } from '../ir/wanted.ts';
import { NeedsRows } from './carriers.ts';
import { byteFactors } from './byte-ranges.ts';
import { BLOCK_LANES } from './block/items.ts';
import { scheduleBlock } from './block/schedule.ts';
import { BlockFinder, isBeside, joinParts, type BlockPart } from './block/select.ts';
import { blockStage, renamed } from './block/stage.ts';
import { chooseShape, reductionKind, rowAlone, shapeKey, type StageShape } from './choose.ts';
import type { Cluster } from './clusters.ts';
import { Demand, storedName } from './demand.ts';
import { product } from './factor.ts';
import { Graph, sameSet } from './graph.ts';
import { recurrenceStage, type StepOutputs } from './recurrence.ts';
import { NeedsStage, StageBuilder, type StageOutput } from './stage.ts';
import type { Stage, StepStore, TileProgram, TileTensor } from './tile.ts';

interface Group {
  readonly level: number;
  readonly shape: string;
  readonly asRows: ReadonlySet<string>;
  /** Each row has a workgroup for itself. */
  readonly alone: boolean;
  readonly outputs: StageOutput[];
  readonly stored: ReadonlySet<string>;
}

/** A stage to be: of outputs, of values that a workgroup computes together, or of a cluster of states. */
type Planned =
  | Group
  | { readonly level: number; readonly part: BlockPart; readonly stored: ReadonlySet<string> }
  | { readonly level: number; readonly cluster: Cluster; readonly stored: ReadonlySet<string> };

/** Elements of the largest array below which a workgroup has nothing to share. */
const FEWEST = 16;

class Partition {
  private readonly groups: Group[] = [];
  /** What is kept in workspace between stages, and the level of the stage that writes it. */
  private readonly workspace = new Map<string, number>();
  private readonly demand: Demand;
  private readonly wanted: Wanted;
  private readonly kernel: IrKernel;
  private readonly clusters = new Map<Cluster, Planned & { readonly cluster: Cluster }>();
  private readonly blocks: (Planned & { part: BlockPart; stored: ReadonlySet<string> })[] = [];
  private readonly finder: BlockFinder | undefined;

  constructor(
    kernel: IrKernel,
    private readonly limits: BlockLimits,
  ) {
    this.demand = new Demand(kernel);
    this.kernel = this.demand.kernel;
    this.wanted = new Wanted(this.kernel);
    if (limits.blocks) this.finder = new BlockFinder(this.kernel);
  }

  run(fixed: Readonly<Record<string, number>>): TileProgram {
    for (const o of this.kernel.outputs) {
      const writer = this.demand.writerOf(o);
      if (writer) this.carry(writer);
      else if (this.placeBlock(this.finder?.output(o)) === undefined) this.placeAfterCuts(o);
    }
    const stages = this.stages();
    return {
      name: this.kernel.name,
      sizes: this.kernel.sizes,
      params: this.kernel.params.map((p) => ({ name: p.name, type: p.type })),
      fixed,
      tensors: this.tensors(),
      stages,
    };
  }

  private placeAfterCuts(o: StageOutput): number {
    return this.place(o, new Set(), new Set(this.storeAll([...this.demand.cutsOf(o.def)])));
  }

  /** Places the stage of a cluster; returns its level. */
  private carry(c: Cluster): number {
    const known = this.clusters.get(c);
    if (known) return known.level;
    const stored = new Set(this.storeAll([...this.demand.of(c).cuts]));
    const level = this.levelAfter(stored);
    this.clusters.set(c, { level, cluster: c, stored });
    return level;
  }

  /** Places values that a workgroup computes together, if they fit its memory; returns their level. */
  private placeBlock(part: BlockPart | undefined): number | undefined {
    if (!part || !this.fits(part)) return undefined;
    const stored = new Set(this.storeAll(part.cuts));
    const level = this.levelAfter(stored);
    const beside = this.blocks.find((x) => x.level === level && isBeside(x.part, part));
    const joined = beside && joinParts(beside.part, part);
    if (beside && joined && this.fits(joined)) {
      beside.part = joined;
      beside.stored = new Set([...beside.stored, ...stored]);
    } else this.blocks.push({ level, part, stored });
    return level;
  }

  /** Bytes of workgroup memory that the values take, if they fit. */
  private fits(part: BlockPart): number | undefined {
    const tensors = [...this.inputs(), ...part.cuts.map((name) => this.keptTensor(name))];
    const stage = blockStage(this.kernel, part, '');
    const schedule = scheduleBlock({
      block: renamed(stage.block!, new Set(part.cuts)),
      vectors: stage.vectors,
      tensors,
      lanes: BLOCK_LANES,
      mma: this.limits.mma === true,
    });
    // One number per workgroup is better computed by a lane of many.
    if (!schedule?.places.some(({ array }) => array.length >= FEWEST)) return undefined;
    return schedule.bytes <= (this.limits.workgroupBytes ?? 0) ? schedule.bytes : undefined;
  }

  private levelAfter(stored: ReadonlySet<string>): number {
    return Math.max(-1, ...[...stored].map((d) => this.workspace.get(d)!)) + 1;
  }

  /** Finds a stage for an output; restarts with more rows or more workspace until it fits. Returns its level. */
  private place(
    o: StageOutput,
    asRows: ReadonlySet<string>,
    stored: ReadonlySet<string>,
    alone = false,
  ): number {
    const g = new Graph(withStored(this.kernel, stored));
    const shape = alone ? rowAlone(chooseShape(g, o.def, asRows)) : chooseShape(g, o.def, asRows);
    try {
      new StageBuilder(g, shape, [o], this.kernel.name).build();
    } catch (e) {
      if (e instanceof NeedsRows && e.axes.some((a) => !asRows.has(a)) && this.has(o, e.axes)) {
        if (!alone && this.prefersAlone(o, e, g, shape)) return this.place(o, asRows, stored, true);
        return this.place(o, new Set([...asRows, ...e.axes]), stored);
      }
      if (e instanceof NeedsRows) {
        if (e.def === o.def) throw new CompilerBug('tile/from-ir', `no stage can hold output ${o.name}`);
        // Its rows are not among those of this output: it gets a stage in which they are.
        return this.place(o, asRows, new Set([...stored, ...this.storeAll([e.def])]));
      }
      if (!(e instanceof NeedsStage)) throw e;
      const before = e.defs.includes(o.def) ? nextReductions(g, o.def) : e.defs;
      if (before.length > 0) return this.place(o, asRows, new Set([...stored, ...this.storeAll(before)]));
      // It would hold too much per row: each of its elements becomes a row.
      if (o.indices.some((a) => !asRows.has(a))) return this.place(o, new Set(o.indices), stored);
      throw new CompilerBug('tile/from-ir', `stage of ${o.name} needs itself`);
    }
    const level = this.levelAfter(stored);
    const k = shapeKey(shape) + `|${[...asRows].join(',')}`;
    const beside = this.groups.filter((x) => x.level === level);
    const group =
      beside.find((x) => x.shape === k && sameSet([...x.stored], [...stored])) ??
      beside.find((x) => this.rides([o], stored, x, x.outputs));
    if (group) {
      group.outputs.push(o);
      return level;
    }
    const made: Group = { level, shape: k, asRows, alone, outputs: [o], stored };
    const rider = beside.find((x) => this.rides(x.outputs, x.stored, made, [o]));
    if (rider) {
      made.outputs.push(...rider.outputs);
      this.groups[this.groups.indexOf(rider)] = made;
    } else this.groups.push(made);
    return level;
  }

  private shapeOf(x: Group, g: Graph): StageShape {
    const chosen = chooseShape(g, x.outputs[0]!.def, x.asRows);
    return x.alone ? rowAlone(chosen) : chosen;
  }

  /**
   * Whether outputs that would choose other rows come for next to nothing in a stage: they stream over the same for the same
   * rows, keep the same elements, and carry numbers alone.
   */
  private rides(
    more: readonly StageOutput[],
    stored: ReadonlySet<string>,
    to: Group,
    outputs: readonly StageOutput[],
  ): boolean {
    if (![...stored].every((d) => to.stored.has(d))) return false;
    const g = new Graph(withStored(this.kernel, to.stored));
    const shape = this.shapeOf(to, g);
    const rows = [...shape.batch, ...shape.row];
    const fits = (o: StageOutput): boolean => {
      const own = chooseShape(g, o.def, new Set());
      return sameSet(own.stream, shape.stream) && sameSet([...own.batch, ...own.row], rows);
    };
    if (shape.stream.length === 0 || !more.every(fits)) return false;
    const work = (s: Stage): string =>
      JSON.stringify([s.vectors, s.wanted, s.passes.map((p) => [p.keeps, p.operands, p.contractions])]);
    const [apart, together] = [outputs, [...outputs, ...more]].map((xs) => this.tried(g, shape, xs));
    return apart !== undefined && together !== undefined && work(apart) === work(together);
  }

  /** The stage of these outputs; undefined where it cannot hold all that they need. */
  private tried(g: Graph, shape: StageShape, outputs: readonly StageOutput[]): Stage | undefined {
    try {
      return new StageBuilder(g, shape, outputs, this.kernel.name).build();
    } catch (e) {
      if (e instanceof NeedsRows || e instanceof NeedsStage) return undefined;
      throw e;
    }
  }

  /**
   * Where a sum cannot hold its vector, a workgroup per row can: all it reads is then the same for the workgroup. Taken where
   * the elements of the vector, as rows, would each compute anew what costs as much as a product of vectors.
   */
  private prefersAlone(o: StageOutput, e: NeedsRows, g: Graph, shape: StageShape): boolean {
    return weightReduces(g, shape, e.def, e.axes) && this.tried(g, rowAlone(shape), [o]) !== undefined;
  }

  private has(o: IrOutput, axes: readonly string[]): boolean {
    return axes.every((a) => o.indices.includes(a));
  }

  /** Stores definitions; what had to be stored for them is there to be read as well. */
  private storeAll(names: readonly string[]): readonly string[] {
    const before = new Set(this.workspace.keys());
    for (const d of names) this.store(d);
    return [...names, ...[...this.workspace.keys()].filter((d) => !before.has(d))];
  }

  private store(name: string): void {
    if (this.workspace.has(name)) return;
    this.workspace.set(name, -1);
    const keeper = this.demand.keeperOf(name);
    const level =
      this.placeBlock(this.finder?.kept(name, storedName(name))) ??
      (keeper ? this.carry(keeper) : this.placeAfterCuts(this.asOutput(name)));
    this.workspace.set(name, level);
  }

  private asOutput(name: string): StageOutput {
    const { storage, indices, takes } = keptValue(this.kernel, name);
    const wanted = takes === undefined ? this.wanted.of(name) : undefined;
    return { name: storedName(name), storage, def: name, indices, wanted };
  }

  private stages(): Stage[] {
    const all: Planned[] = [...this.groups, ...this.blocks, ...this.clusters.values()];
    const ordered = all.sort((a, b) => a.level - b.level);
    return ordered.map((planned, n) => {
      const g = new Graph(withStored(this.kernel, planned.stored));
      const name = ordered.length === 1 ? this.kernel.name : `${this.kernel.name}_${n + 1}`;
      if ('part' in planned) {
        const stage = blockStage(this.kernel, planned.part, name);
        const bytes = this.fits(planned.part)!;
        return { ...stage, block: { ...renamed(stage.block!, new Set(planned.part.cuts)), bytes } };
      }
      if ('cluster' in planned) {
        const { cluster } = planned;
        const { stores, finals } = this.written(cluster);
        return recurrenceStage(g, cluster, this.demand.absorption.space(cluster), { stores, finals }, name);
      }
      return new StageBuilder(g, this.shapeOf(planned, g), planned.outputs, name).build();
    });
  }

  /** What of the values of a cluster somebody reads: blocks compute some of them for themselves. */
  private written(c: Cluster): StepOutputs {
    const { stores, finals } = this.demand.of(c);
    const outputs = new Set(this.kernel.outputs.map((o) => o.name));
    const kept = new Set([...this.workspace.keys()].map(storedName));
    const isRead = (x: StepStore): boolean => outputs.has(x.output) || kept.has(x.output);
    return { stores: stores.filter(isRead), finals: finals.filter(isRead) };
  }

  private inputs(): TileTensor[] {
    return this.kernel.tensors.map((t): TileTensor => ({
      name: t.name,
      role: 'in',
      storage: t.storage,
      shape: t.dims.map((d) => d.extent),
      axes: t.dims.map((d) => d.axis),
      ...(t.declared ? { declared: t.declared } : {}),
    }));
  }

  private keptTensor(name: string): TileTensor {
    const { storage, indices, takes, most } = keptValue(this.kernel, name);
    return {
      name: storedName(name),
      role: 'workspace',
      storage,
      shape: indices.map((a) => this.kernel.axes.find((x) => x.name === a)!.extent),
      axes: [...indices],
      ...(takes === undefined ? {} : { takes }),
      ...(most === undefined ? {} : { most }),
    };
  }

  private tensors(): TileTensor[] {
    const extent = (a: string): Expr => this.kernel.axes.find((x) => x.name === a)!.extent;
    const inputs = this.inputs();
    const outputs = this.kernel.outputs.map((o): TileTensor => ({
      name: o.name,
      role: 'out',
      storage: o.storage,
      shape: o.indices.map(extent),
      axes: [...o.indices],
      ...(o.declared ? { declared: o.declared } : {}),
    }));
    const kept = [...this.workspace.keys()].map((name) => this.keptTensor(name));
    return [...inputs, ...outputs, ...kept];
  }
}

/**
 * The reductions that a definition reads with no other one between. Where no stage can hold them together with it, as two
 * reductions over the same axis one inside of the other, or a sum over elements that are sums over positions, they come first.
 */
function nextReductions(g: Graph, root: string): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    if (name !== root && g.reduction(name)) found.add(name);
    else for (const r of g.reads(g.def(name).value)) visit(r);
  };
  visit(root);
  return [...found];
}

/** What a sum adds up holds a reduction over a vector for each position of the stream, and it does not move with some axes. */
function weightReduces(g: Graph, shape: StageShape, sum: string, axes: readonly string[]): boolean {
  const reduce = g.reduction(sum);
  if (!reduce) return false;
  return product(g, reduce.body).factors.some(({ expr }) => {
    const free = g.axes(expr);
    if (axes.some((a) => free.has(a)) || !shape.stream.some((a) => free.has(a))) return false;
    return [...g.coneOf(expr)].some(
      (d) =>
        g.reduction(d) &&
        reductionKind(g, shape, d) === 'vector' &&
        shape.stream.some((a) => g.def(d).indices.includes(a)),
    );
  });
}

/** A definition, or the last value of a state. */
function keptValue(
  k: IrKernel,
  name: string,
): Pick<IrDef, 'indices' | 'takes' | 'most'> & { readonly storage: StorageType } {
  const state = k.states.find((s) => s.final === name);
  if (state) return { storage: state.type, indices: state.indices.filter((a) => a !== state.axis) };
  const def = k.defs.find((d) => d.name === name)!;
  return { ...def, storage: byteFactors(k).get(name) ?? def.type };
}

/** The kernel with some values turned into tensors that an earlier stage wrote. */
function withStored(k: IrKernel, names: ReadonlySet<string>): IrKernel {
  if (names.size === 0) return k;
  const swap = (e: Expr): Expr => {
    const inner = mapChildren(e, swap);
    return inner.kind === 'read' && names.has(inner.name)
      ? { ...inner, name: storedName(inner.name) }
      : inner;
  };
  const tensors = [...names].map((name): IrTensor => {
    const { storage, indices, takes } = keptValue(k, name);
    const extent = (a: string): Expr => k.axes.find((x) => x.name === a)!.extent;
    return {
      ...(takes === undefined ? {} : { takes }),
      name: storedName(name),
      storage,
      dims: indices.map((a) => ({ axis: a, extent: extent(a) })),
      optional: false,
    };
  });
  const defs = k.defs.filter((d) => !names.has(d.name)).map((d) => ({ ...d, value: swap(d.value) }));
  const states = k.states.map((s) => ({ ...s, init: swap(s.init) }));
  return { ...k, tensors: [...k.tensors, ...tensors], states, defs };
}

/** The device, as far as it decides on stages. */
export interface BlockLimits {
  /** What a chunk needs may be computed by one workgroup, where it fits its memory. */
  readonly blocks?: boolean;
  readonly workgroupBytes?: number;
  readonly mma?: boolean;
}

export function tileProgram(
  kernel: IrKernel,
  fixed: Readonly<Record<string, number>>,
  limits: BlockLimits = {},
): TileProgram {
  return new Partition(kernel, limits).run(fixed);
}

/** A workgroup goes through the chunks of a section wherever states are carried along them. */
export function walksSections(kernel: IrKernel, stages: readonly Stage[]): boolean {
  const walked = new Set(kernel.axes.filter((a) => a.walked).map((a) => a.name));
  return stages.every((s) => !walked.has(s.recurrence?.axis.name ?? ''));
}

/** The stages that a kernel would have; undefined where it has none. */
export function stagesOf(
  kernel: IrKernel,
  fixed: Readonly<Record<string, number>>,
  limits: BlockLimits,
): readonly Stage[] | undefined {
  try {
    return tileProgram(kernel, fixed, limits).stages;
  } catch (e) {
    // What is wrong with the kernel is told when its stages are made.
    if (e instanceof UserError) return undefined;
    throw e;
  }
}
