/**
 * Which values of states' stages are written, and what every stage must find written: cuts between stages that do not
 * depend on how the stages without states are made.
 */
import { userError } from '../diagnostics/diagnostic.ts';
import { mapChildren, read, readsOf, variable, type Expr } from '../expr/expr.ts';
import type { IrDef, IrKernel, IrOutput, IrState } from '../ir/ir.ts';
import { Absorption } from './absorb.ts';
import { StateGraph, type Cluster } from './clusters.ts';
import type { StepOutputs } from './recurrence.ts';
import type { StepStore } from './tile.ts';

/** The name of the tensor in which something is kept between stages. */
export const storedName = (name: string): string => `ws.${name}`;

interface Written extends StepOutputs {
  readonly stores: StepStore[];
  readonly finals: StepStore[];
  /** What the stage reads of other stages. */
  readonly cuts: Set<string>;
}

export class Demand {
  readonly kernel: IrKernel;
  readonly absorption: Absorption;
  private readonly g: StateGraph;
  private readonly written = new Map<Cluster, Written>();
  private readonly kept = new Set<string>();

  constructor(kernel: IrKernel) {
    this.kernel = withStatesApart(kernel);
    this.g = new StateGraph(this.kernel);
    this.absorption = new Absorption(this.g);
    for (const o of this.kernel.outputs) this.want(o);
  }

  /** The cluster whose stage writes an output itself. */
  writerOf(o: IrOutput): Cluster | undefined {
    const last = this.lastValue(o);
    return last ? this.absorption.clusterOf(last) : this.absorption.owner(o.def);
  }

  /** The cluster whose stage writes what is kept under a name. */
  keeperOf(name: string): Cluster | undefined {
    const last = this.g.last(name);
    return last ? this.absorption.clusterOf(last) : this.absorption.owner(name);
  }

  of(c: Cluster): Written {
    return this.written.get(c)!;
  }

  /** What a definition reads that is there when its stage begins. */
  cutsOf(def: string): ReadonlySet<string> {
    const out = new Set<string>();
    this.cuts(this.g.def(def)!.value, undefined, out);
    return out;
  }

  private want(o: IrOutput): void {
    const c = this.writerOf(o);
    if (!c) return this.keep(this.cutsOf(o.def));
    const last = this.lastValue(o);
    if (last) this.need(c).finals.push({ output: o.name, name: last.name, indices: o.indices });
    else this.store(c, { output: o.name, name: o.def, indices: o.indices });
  }

  private keep(names: Iterable<string>): void {
    for (const name of names) {
      if (this.kept.has(name)) continue;
      this.kept.add(name);
      const c = this.keeperOf(name);
      const last = this.g.last(name);
      if (!c) this.keep(this.cutsOf(name));
      else if (last) {
        const indices = last.indices.filter((a) => a !== last.axis);
        this.need(c).finals.push({ output: storedName(name), name: last.name, indices });
      } else this.store(c, { output: storedName(name), name, indices: this.g.def(name)!.indices });
    }
  }

  private store(c: Cluster, s: StepStore): void {
    const w = this.need(c);
    w.stores.push(s);
    this.read(c, this.g.def(s.name)!.value);
  }

  private need(c: Cluster): Written {
    const known = this.written.get(c);
    if (known) return known;
    const w: Written = { stores: [], finals: [], cuts: new Set() };
    this.written.set(c, w);
    for (const s of c.states) {
      this.read(c, this.g.next(s).value);
      this.read(c, s.init);
    }
    return w;
  }

  private read(c: Cluster, e: Expr): void {
    const w = this.written.get(c)!;
    const found = new Set<string>();
    this.cuts(e, c, found);
    for (const name of found) {
      if (this.keeperOf(name) === c) throw loop(c, name);
      w.cuts.add(name);
    }
    this.keep(found);
  }

  /** @param c the cluster in whose stage the expression is computed */
  private cuts(e: Expr, c: Cluster | undefined, out: Set<string>, seen = new Set<string>()): void {
    for (const r of readsOf(e)) {
      const def = this.g.def(r.name);
      if (this.g.last(r.name)) out.add(r.name);
      if (!def || seen.has(r.name)) continue;
      seen.add(r.name);
      const owner = this.absorption.owner(r.name);
      const inside = c && owner === c && this.absorption.space(c).isHere(r, def.indices);
      const apart = def.stored || owner || (c && def.value.kind === 'reduce');
      if (!inside && apart) out.add(r.name);
      else this.cuts(def.value, c, out, seen);
    }
  }

  /** The state whose last value the output is. */
  private lastValue(o: IrOutput): IrState | undefined {
    const d = this.g.def(o.def)!;
    const e = d.value;
    const s = e.kind === 'read' ? this.g.last(e.name) : undefined;
    if (!s || e.kind !== 'read') return undefined;
    const indices = s.indices.filter((a) => a !== s.axis);
    const own = e.index.every((x, n) => x.kind === 'var' && x.name === indices[n]);
    return own && indices.length === d.indices.length ? s : undefined;
  }
}

function loop(c: Cluster, name: string): Error {
  return userError('E0613', `a step of \`${c.states[0]!.name}\` needs \`${name}\` of other steps`, {
    hint: 'what a step needs of the steps before it is carried by a state',
  });
}

/** States are read by what their own stage computes; anything else reads a definition that holds their value at each step. */
function withStatesApart(k: IrKernel): IrKernel {
  if (k.states.length === 0) return k;
  const g = new StateGraph(k);
  const absorption = new Absorption(g);
  const made = new Map<string, IrDef>();
  const apart = (e: Expr, here: Cluster | undefined): Expr => {
    const inner = mapChildren(e, (c) => apart(c, here));
    const s = inner.kind === 'read' ? g.state(inner.name) : undefined;
    if (!s || inner.kind !== 'read' || absorption.clusterOf(s) === here) return inner;
    const name = `${s.name}.before`;
    const value = read(
      s.name,
      s.indices.map((a) => variable(a)),
      s.type,
    );
    made.set(name, { name, role: 'let', indices: s.indices, type: s.type, value });
    return { ...inner, name };
  };
  const defs = k.defs.map((d) => ({ ...d, value: apart(d.value, absorption.owner(d.name)) }));
  const states = k.states.map((s) => ({ ...s, init: apart(s.init, undefined) }));
  return { ...k, states, defs: [...made.values(), ...defs] };
}
