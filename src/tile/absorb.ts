/**
 * What the stage of a cluster of states computes beside the states: which axes its lanes hold as vectors, which are lanes,
 * and which definitions are values of a step in a lane.
 *
 * Lanes hold whole vectors along the axes that a step reduces or re-indexes. A reduction that only reads what a step
 * makes is taken into the stage as well if its operands are too large to be kept for all steps.
 */
import { readsOf, type ReadExpr } from '../expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../ir/ir.ts';
import { clustersOf, StateGraph, type Cluster } from './clusters.ts';

export class Absorption {
  readonly clusters: readonly Cluster[];
  private readonly spaces = new Map<Cluster, Space>();
  private readonly owners = new Map<string, Cluster | undefined>();

  constructor(private readonly g: StateGraph) {
    this.clusters = clustersOf(g);
    for (const c of this.clusters) this.spaces.set(c, new Space(g, c, (d) => this.last(d) === c));
  }

  clusterOf(s: IrState): Cluster {
    return this.clusters.find((c) => c.states.includes(s))!;
  }

  space(c: Cluster): Space {
    return this.spaces.get(c)!;
  }

  /** The cluster in whose stage the definition is computed as a value of a step. */
  owner(name: string): Cluster | undefined {
    if (this.owners.has(name)) return this.owners.get(name);
    const c = this.last(name);
    const owner = c && this.fits(c, this.g.def(name)!) ? c : undefined;
    this.owners.set(name, owner);
    return owner;
  }

  /** The last of the clusters that the definition depends on, if it is a value of a step of that one. */
  private last(name: string): Cluster | undefined {
    const c = this.clusters.findLast((x) => this.dependsOn(name, x));
    return c && this.isStep(name, c) ? c : undefined;
  }

  private isStep(name: string, c: Cluster): boolean {
    return [...this.g.stepStates(name)].some((s) => c.states.includes(s));
  }

  /** The definition cannot be computed before the states have run. */
  dependsOn(name: string, c: Cluster): boolean {
    return this.readDependsOn(this.g.allStates(name), c);
  }

  private readDependsOn(states: Iterable<IrState>, c: Cluster): boolean {
    const seen = new Set(states);
    for (const s of seen) {
      if (c.states.includes(s)) return true;
      for (const x of this.g.needs(s)) seen.add(x);
    }
    return false;
  }

  private fits(c: Cluster, d: IrDef): boolean {
    const space = this.space(c);
    return (
      space.holds(d) &&
      readsOf(d.value).every((r) => {
        const state = this.g.state(r.name);
        if (state && c.states.includes(state)) return space.isHere(r, state.indices);
        if (!this.readDependsOn(this.g.allStatesOfRead(r), c)) return true;
        const def = this.g.def(r.name);
        return def !== undefined && this.owner(r.name) === c && space.isHere(r, def.indices);
      })
    );
  }
}

/** Axes of open extent that some lane of a recurrence's stages would have to hold, of a kernel in normal form. */
export function axesHeldInSteps(kernel: IrKernel): readonly string[] {
  if (kernel.states.length === 0) return [];
  const all = new Absorption(new StateGraph(kernel));
  return [
    ...new Set(
      all.clusters.flatMap((c) => {
        const space = all.space(c);
        return [...space.vectors].filter((a) => !space.loops.has(a));
      }),
    ),
  ];
}

/** The axes of a cluster's stage. */
export class Space {
  /** Held whole by a lane, or looped over. */
  readonly vectors = new Set<string>();
  /** Of the vectors: no state has them and no sum is made for each of their elements, so that a lane holds nothing along them. */
  readonly loops: ReadonlySet<string>;
  /** In the order of the kernel. */
  readonly lanes: readonly string[];

  constructor(
    private readonly g: StateGraph,
    private readonly cluster: Cluster,
    private readonly mine: (def: string) => boolean,
  ) {
    const core = g.stepCone(cluster.states);
    const inside = new Set([...core].filter((d) => this.isStep(d)));
    for (const d of inside) this.holdWhole(g.def(d)!);
    for (const d of g.kernel.defs)
      if (!inside.has(d.name) && this.mustTakeIn(d, inside))
        for (const x of this.stepParts(d.name)) {
          inside.add(x);
          this.holdWhole(g.def(x)!);
        }
    const axes = new Set<string>();
    for (const s of cluster.states) for (const a of s.indices) axes.add(a);
    for (const d of inside) for (const a of g.def(d)!.indices) axes.add(a);
    this.loops = new Set([...this.vectors].filter((a) => this.isOpen(a) && !this.isHeld(a, inside)));
    this.lanes = g.kernel.axes
      .map((a) => a.name)
      .filter((a) => axes.has(a) && a !== cluster.axis && !this.vectors.has(a));
  }

  private isOpen(axis: string): boolean {
    return this.g.kernel.axes.find((a) => a.name === axis)!.extent.kind !== 'const';
  }

  /** Something of a step is held for each element along the axis. */
  private isHeld(axis: string, inside: ReadonlySet<string>): boolean {
    if (this.cluster.states.some((s) => s.indices.includes(axis))) return true;
    return [...inside].some((name) => {
      const { indices, value, inStepsOf } = this.g.def(name)!;
      if (indices.includes(axis)) return value.kind === 'reduce' || inStepsOf !== undefined;
      // The index of several axes is one number, made of their extents.
      const isIndex = value.kind === 'reduce' && (value.op === 'argmax' || value.op === 'argmin');
      return isIndex && value.axes.length > 1 && value.axes.includes(axis);
    });
  }

  private isStep(name: string): boolean {
    return [...this.g.stepStates(name)].some((s) => this.cluster.states.includes(s));
  }

  private readsStep(r: ReadExpr, d: IrDef): boolean {
    return this.g.stepStatesOfRead(r, d.indices).some((s) => this.cluster.states.includes(s));
  }

  /** A step's own parts of a definition, itself included. */
  private stepParts(name: string): ReadonlySet<string> {
    const out = new Set([name]);
    for (const x of out)
      for (const r of readsOf(this.g.def(x)!.value))
        if (this.g.def(r.name) && this.readsStep(r, this.g.def(x)!)) out.add(r.name);
    return out;
  }

  /** Axes that the definition reduces, and those along which it reads another element than its own. */
  private holdWhole(d: IrDef): void {
    if (d.value.kind === 'reduce') for (const a of d.value.axes) this.vectors.add(a);
    // Lanes for an axis that the states do not have would each carry the states anew.
    if (d.inStepsOf !== undefined)
      for (const a of d.indices)
        if (!this.cluster.states.some((s) => s.indices.includes(a))) this.vectors.add(a);
    for (const r of readsOf(d.value)) {
      if (!this.readsStep(r, d)) continue;
      const indices = this.g.state(r.name)?.indices ?? this.g.def(r.name)!.indices;
      for (const a of elsewhere(r, indices)) this.vectors.add(a);
    }
  }

  /** A reduction of what a step makes, which would have to be kept for all steps otherwise. */
  private mustTakeIn(d: IrDef, core: ReadonlySet<string>): boolean {
    const { g, cluster } = this;
    if (d.value.kind !== 'reduce' || d.value.axes.includes(cluster.axis)) return false;
    if (!this.isStep(d.name) || !this.mine(d.name)) return false;
    if (d.inStepsOf !== undefined) return true;
    for (const x of this.stepParts(d.name)) {
      if (x !== d.name && !core.has(x) && g.def(x)!.value.kind === 'reduce') return false;
      if (!d.indices.includes(cluster.axis)) return false;
    }
    return readsOf(d.value).some((r) => {
      if (!this.readsStep(r, d)) return false;
      return !g.isSmall(g.state(r.name)?.indices ?? g.def(r.name)!.indices);
    });
  }

  /** The definition's elements and what it reduces lie in a lane. */
  holds(d: IrDef): boolean {
    const { axis } = this.cluster;
    if (!d.indices.includes(axis)) return false;
    if (d.value.kind === 'reduce' && !d.value.axes.every((a) => this.vectors.has(a))) return false;
    return d.indices.every((a) => a === axis || this.vectors.has(a) || this.lanes.includes(a));
  }

  /** The read is at the lane's own step and coordinates. */
  isHere(r: ReadExpr, indices: readonly string[]): boolean {
    return elsewhere(r, indices).every((a) => this.vectors.has(a));
  }
}

/** Axes at which the read is not at the axis' own position. */
function elsewhere(r: ReadExpr, indices: readonly string[]): readonly string[] {
  return indices.filter((a, n) => {
    const x = r.index[n]!;
    return !(x.kind === 'var' && x.name === a);
  });
}
