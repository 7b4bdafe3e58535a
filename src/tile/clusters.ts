/**
 * Which states are carried together: those that need each other's steps, and those that something needs at the same step.
 * Each cluster becomes one stage; clusters are ordered so that what one needs of another is there before it runs.
 */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import { freeVars, readsOf, type Expr, type ReadExpr } from '../expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../ir/ir.ts';

export interface Cluster {
  readonly axis: string;
  readonly reverse: boolean;
  readonly states: readonly IrState[];
}

const same = (a: Cluster, b: Cluster): boolean => a.axis === b.axis && a.reverse === b.reverse;

/** Dependence through states: at a definition's own step, and over all steps. */
export class StateGraph {
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly byName: ReadonlyMap<string, IrState>;
  private readonly byFinal: ReadonlyMap<string, IrState>;
  private readonly steps = new Map<string, ReadonlySet<IrState>>();
  private readonly all = new Map<string, ReadonlySet<IrState>>();
  private readonly made = new Map<IrState, ReadonlySet<string>>();

  constructor(readonly kernel: IrKernel) {
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.byName = new Map(kernel.states.map((s) => [s.name, s]));
    this.byFinal = new Map(kernel.states.map((s) => [s.final, s]));
  }

  def(name: string): IrDef | undefined {
    return this.defs.get(name);
  }

  /** The state whose value before a step has this name. */
  state(name: string): IrState | undefined {
    return this.byName.get(name);
  }

  /** The state whose last value has this name. */
  last(name: string): IrState | undefined {
    return this.byFinal.get(name);
  }

  next(s: IrState): IrDef {
    const d = this.defs.get(s.next);
    if (!d) throw new CompilerBug('tile/clusters', `state ${s.name} has no ${s.next}`);
    return d;
  }

  /** States that decide the definition within a step. */
  stepStates(name: string): ReadonlySet<IrState> {
    const known = this.steps.get(name);
    if (known) return known;
    const def = this.defs.get(name)!;
    const out = new Set<IrState>();
    for (const r of readsOf(def.value)) for (const s of this.stepStatesOfRead(r, def.indices)) out.add(s);
    // As if it read the state: it belongs into its steps.
    if (def.inStepsOf !== undefined) out.add(this.byName.get(def.inStepsOf)!);
    this.steps.set(name, out);
    return out;
  }

  /** Of one read, made at a point of the given axes. */
  stepStatesOfRead(r: ReadExpr, indices: readonly string[]): readonly IrState[] {
    const state = this.byName.get(r.name);
    if (state) return indices.includes(state.axis) ? [state] : [];
    const def = this.defs.get(r.name);
    if (!def) return [];
    return [...this.stepStates(r.name)].filter((s) => {
      // What is kept is read from memory, at any step; not by the step that needs it for its own end.
      if (def.stored && !this.madeOf(s).has(r.name)) return false;
      const x = r.index[def.indices.indexOf(s.axis)];
      return indices.includes(s.axis) && x?.kind === 'var' && x.name === s.axis;
    });
  }

  /** Definitions that a state's new value is made of, in any way. */
  private madeOf(s: IrState): ReadonlySet<string> {
    const known = this.made.get(s);
    if (known) return known;
    const out = new Set([s.next]);
    for (const name of out)
      for (const r of readsOf(this.defs.get(name)!.value)) if (this.defs.has(r.name)) out.add(r.name);
    this.made.set(s, out);
    return out;
  }

  /** States that the definition depends on in any way. */
  allStates(name: string): ReadonlySet<IrState> {
    const known = this.all.get(name);
    if (known) return known;
    const def = this.defs.get(name)!;
    const out = this.statesIn(def.value);
    if (def.inStepsOf !== undefined) out.add(this.byName.get(def.inStepsOf)!);
    this.all.set(name, out);
    return out;
  }

  private statesIn(e: Expr): Set<IrState> {
    const out = new Set<IrState>();
    for (const r of readsOf(e)) for (const s of this.allStatesOfRead(r)) out.add(s);
    return out;
  }

  /** What the states that are read depend on themselves is theirs: only they are named here. */
  allStatesOfRead(r: ReadExpr): Iterable<IrState> {
    const state = this.byName.get(r.name) ?? this.byFinal.get(r.name);
    if (state) return [state];
    return this.defs.has(r.name) ? this.allStates(r.name) : [];
  }

  /** States that a state's steps or its initial value depend on. */
  needs(s: IrState): ReadonlySet<IrState> {
    const inSteps = this.kernel.defs.filter((d) => d.inStepsOf === s.name);
    return new Set([
      ...this.allStates(s.next),
      ...this.statesIn(s.init),
      ...inSteps.flatMap((d) => [...this.allStates(d.name)]),
    ]);
  }

  /** Definitions within a step that the next values of states are made of. */
  stepCone(states: readonly IrState[]): ReadonlySet<string> {
    const out = new Set<string>(states.map((s) => s.next));
    for (const name of out)
      for (const r of readsOf(this.defs.get(name)!.value))
        if (this.stepStatesOfRead(r, this.defs.get(name)!.indices).length > 0 && this.defs.has(r.name))
          out.add(r.name);
    return out;
  }

  /** Kept for every step, it takes no more memory than some tensor does anyway. */
  isSmall(indices: readonly string[]): boolean {
    const { tensors, outputs, defs } = this.kernel;
    const shapes: (readonly (string | undefined)[])[] = [
      ...tensors.map((t) => t.dims.map((d) => d.axis)),
      ...outputs.map((o) => o.indices),
      ...defs.filter((d) => d.stored).map((d) => d.indices),
    ];
    return shapes.some((axes) => indices.every((a) => axes.includes(a)));
  }
}

/** Clusters in an order in which each needs only earlier ones. */
export function clustersOf(g: StateGraph): readonly Cluster[] {
  return new Clustering(g).run();
}

class Clustering {
  private clusters: Cluster[];
  private readonly reach: ReadonlyMap<IrState, ReadonlySet<IrState>>;

  constructor(private readonly g: StateGraph) {
    const { states } = g.kernel;
    this.reach = new Map(states.map((s) => [s, this.closure(s)]));
    const mutual = (a: IrState, b: IrState): boolean =>
      a === b || (this.reach.get(a)!.has(b) && this.reach.get(b)!.has(a));
    this.clusters = [];
    for (const s of states) {
      const at = this.clusters.findIndex((c) => mutual(c.states[0]!, s));
      const own: Cluster = { axis: s.axis, reverse: s.reverse, states: [s] };
      if (at < 0) this.clusters.push(own);
      else if (same(this.clusters[at]!, own)) this.clusters[at] = joined(this.clusters[at]!, own);
      else throw apart(this.clusters[at]!.states[0]!, s);
    }
  }

  private closure(s: IrState): ReadonlySet<IrState> {
    const out = new Set(this.g.needs(s));
    for (const x of out) for (const y of this.g.needs(x)) out.add(y);
    return out;
  }

  run(): readonly Cluster[] {
    for (const d of this.g.kernel.defs) {
      const states = [...this.g.stepStates(d.name)];
      for (const a of states) for (const b of states) this.tryJoin(a, b);
    }
    return this.ordered();
  }

  private tryJoin(x: IrState, y: IrState): void {
    const [a, b] = [x, y].map((s) => this.clusters.find((c) => c.states.includes(s))!) as [Cluster, Cluster];
    if (a === b || !same(a, b) || !nested(a, b)) return;
    if (this.needs(a, b) && !this.mustShareSteps(b, a)) return;
    if (this.needs(b, a) && !this.mustShareSteps(a, b)) return;
    const rest = this.clusters.filter((c) => c !== a && c !== b);
    const all = [...rest, joined(a, b)];
    if (this.isOrdered(all)) this.clusters = all;
  }

  private needs(a: Cluster, b: Cluster): boolean {
    return a.states.some((s) => b.states.some((r) => this.reach.get(s)!.has(r)));
  }

  /**
   * Steps of `after` read values of steps of `before` that are too large to be kept for all steps, and read nothing of it
   * but values of the same step.
   */
  private mustShareSteps(before: Cluster, after: Cluster): boolean {
    const { g } = this;
    const mine = (s: IrState): boolean => before.states.includes(s);
    if (after.states.some((s) => readsOf(s.init).some((r) => [...g.allStatesOfRead(r)].some(mine))))
      return false;
    let large = false;
    for (const name of g.stepCone([...after.states, ...before.states])) {
      const d = g.def(name)!;
      for (const r of readsOf(d.value)) {
        const now = g.stepStatesOfRead(r, d.indices).some(mine);
        if (!now && [...g.allStatesOfRead(r)].some(mine)) return false;
        const held = g.state(r.name)?.indices ?? g.def(r.name)?.indices;
        if (now && held && !g.isSmall(held) && after.states.some((s) => g.stepStates(name).has(s)))
          large = true;
      }
    }
    return large;
  }

  private isOrdered(clusters: readonly Cluster[]): boolean {
    return this.sorted(clusters) !== undefined;
  }

  private sorted(clusters: readonly Cluster[]): readonly Cluster[] | undefined {
    const left = [...clusters];
    const out: Cluster[] = [];
    while (left.length > 0) {
      const at = left.findIndex((c) => left.every((o) => o === c || !this.needs(c, o)));
      if (at < 0) return undefined;
      out.push(...left.splice(at, 1));
    }
    return out;
  }

  private ordered(): readonly Cluster[] {
    const found = this.sorted(this.clusters);
    if (!found) throw new CompilerBug('tile/clusters', 'states that need each other are apart');
    return found;
  }
}

const axesOf = (c: Cluster): ReadonlySet<string> =>
  new Set(c.states.flatMap((s) => s.indices.filter((a) => a !== s.axis)));

/** Values of one can be held beside those of the other without a further axis. */
function nested(a: Cluster, b: Cluster): boolean {
  const [x, y] = [axesOf(a), axesOf(b)];
  return [...x].every((n) => y.has(n)) || [...y].every((n) => x.has(n));
}

const joined = (a: Cluster, b: Cluster): Cluster => ({ ...a, states: [...a.states, ...b.states] });

function apart(a: IrState, b: IrState): Error {
  return userError('E0613', `states \`${a.name}\` and \`${b.name}\` need each other's steps`, {
    hint: `one runs along ${a.reverse ? 'reverse ' : ''}\`${a.axis}\`, the other along ${b.reverse ? 'reverse ' : ''}\`${b.axis}\`: no order of steps serves both`,
  });
}

/** Axes of an expression, variables that are sizes left out. */
export function axesIn(k: IrKernel, e: Expr): ReadonlySet<string> {
  const names = new Set(k.axes.map((a) => a.name));
  return new Set([...freeVars(e)].filter((v) => names.has(v)));
}
