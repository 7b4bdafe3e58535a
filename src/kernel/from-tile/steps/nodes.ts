/**
 * What a step does, as nodes that loops over vector axes carry out: reductions, values that are held in an array, new
 * values of states, and stores. Other pointwise values are no nodes: they are computed where a node reads them.
 */
import {
  children,
  freeVars,
  read,
  substitute,
  variable,
  type Expr,
  type ReadExpr,
} from '../../../expr/expr.ts';
import { axisOf, type LoopShapes } from './loops.ts';
import type { CarriedState, Recurrence, StepDef, StepStore } from '../../../tile/tile.ts';

export interface Node {
  readonly kind: 'reduce' | 'hold' | 'update' | 'store';
  readonly def: StepDef;
  readonly state?: CarriedState;
  readonly store?: StepStore;
  /** What is evaluated at each of its elements. */
  readonly value: Expr;
  readonly where?: Expr;
  /** Its loops, outermost first. */
  readonly order: readonly string[];
  /** Axes that it reduces. */
  readonly reduced: ReadonlySet<string>;
  readonly needs: Needs;
}

/** Vector axes along which a value is read elsewhere than at the reader's own element. */
type Moved = ReadonlySet<string>;

/** What a node reads. */
export interface Needs {
  /** Values of reductions, and held values. */
  readonly values: ReadonlyMap<string, Moved>;
  /** Vector states as they were before the step. */
  readonly before: ReadonlyMap<string, Moved>;
  /** Vector states as they are after it. */
  readonly after: ReadonlyMap<string, Moved>;
}

/** A held value that takes more numbers is computed again where it is read. */
const HOLD = 1024;

const reducedBy = (d: StepDef): readonly string[] => (d.value.kind === 'reduce' ? d.value.axes : []);

export class StepNodes {
  private readonly defs: ReadonlyMap<string, StepDef>;
  private readonly states: ReadonlyMap<string, CarriedState>;
  private readonly nextOf = new Map<string, CarriedState>();
  /** Pointwise values that are held in arrays. */
  private readonly held = new Set<string>();

  constructor(
    private readonly r: Recurrence,
    private readonly vectors: ReadonlyMap<string, number>,
    private readonly loops: LoopShapes,
  ) {
    this.defs = new Map(r.defs.map((d) => [d.name, d]));
    this.states = new Map(r.states.map((s) => [s.name, s]));
    for (const s of r.states) if (this.vectorsOf(s.indices).length > 0) this.nextOf.set(s.next, s);
    for (const s of this.nextOf.values())
      if ((this.needs(this.newValue(s)).before.get(s.name)?.size ?? 0) > 0) this.hold(s.next);
    for (const n of this.all()) this.holdInside(n.value, n.order);
  }

  def(name: string): StepDef | undefined {
    return this.defs.get(name);
  }

  state(name: string): CarriedState | undefined {
    return this.states.get(name);
  }

  vectorsOf(indices: readonly string[]): readonly string[] {
    return indices.filter((a) => this.vectors.has(a));
  }

  isHeld(d: StepDef): boolean {
    return d.value.kind === 'reduce' || this.held.has(d.name);
  }

  /** From now on the value lies in an array. */
  hold(name: string): void {
    this.held.add(name);
  }

  /** The vector state whose new value the definition is. */
  stateAfter(name: string): CarriedState | undefined {
    return this.nextOf.get(name);
  }

  /** What the value of a state after the step is made of. */
  newValue(s: CarriedState): Expr {
    const d = this.defs.get(s.next)!;
    return this.isHeld(d) ? readOf(d) : d.value;
  }

  all(): readonly Node[] {
    const { r } = this;
    const out: Node[] = [];
    /** @param made what is computed there, if that is not the value as it is read */
    const add = (
      kind: Node['kind'],
      def: StepDef,
      value: Expr,
      more: Partial<Node> = {},
      made = value,
    ): void => {
      const needs = this.needs(made, more.where);
      out.push({
        kind,
        def,
        value,
        order: this.loops.order(this.vectorsOf(def.indices), []),
        reduced: new Set(kind === 'reduce' ? reducedBy(def) : []),
        needs,
        ...more,
      });
    };
    for (const d of r.defs) {
      if (d.value.kind === 'reduce') {
        const { body, where, axes } = d.value;
        const order = this.loops.order(this.vectorsOf(d.indices), axes);
        add('reduce', d, body, { order, ...(where ? { where } : {}) });
      } else if (this.held.has(d.name)) add('hold', d, d.value);
    }
    for (const s of r.states) {
      const next = this.defs.get(s.next)!;
      // A number is taken before vectors that it is made of change.
      if (!this.nextOf.has(s.next) && !this.isHeld(next)) add('hold', next, readOf(next));
      add('update', next, readOf(next), { state: s }, this.newValue(s));
    }
    for (const x of r.stores) {
      const d = this.defs.get(x.name)!;
      add('store', d, readOf(d), { store: x });
    }
    return out;
  }

  needs(...from: readonly (Expr | undefined)[]): Needs {
    const out: Collected = { values: new Map(), before: new Map(), after: new Map() };
    for (const e of from) if (e) this.collect(e, out, new Set());
    return out;
  }

  private collect(e: Expr, out: Collected, seen: Set<string>): void {
    if (e.kind === 'read') this.collectRead(e, out, seen);
    for (const c of children(e)) this.collect(c, out, seen);
  }

  private collectRead(e: ReadExpr, out: Collected, seen: Set<string>): void {
    const state = this.states.get(e.name);
    const def = this.defs.get(e.name);
    const indices = (state ?? def)?.indices;
    if (!indices) return;
    const moved = indices.filter((a, n) => this.vectors.has(a) && !isAt(e.index[n]!, a));
    if (state) {
      if (this.vectorsOf(indices).length > 0) note(out.before, e.name, moved);
      return;
    }
    if (this.isHeld(def!)) return note(out.values, e.name, moved);
    const after = this.nextOf.get(e.name);
    if (after) return note(out.after, after.name, moved);
    if (moved.length === 0 && seen.has(e.name)) return;
    if (moved.length === 0) seen.add(e.name);
    this.collect(opened(e, def!), out, seen);
  }

  /** Values over fewer axes than the loops around, which would be computed at each turn of a loop outside of theirs. */
  private holdInside(e: Expr, order: readonly string[]): void {
    const def = e.kind === 'read' ? this.defs.get(e.name) : undefined;
    if (e.kind === 'read' && def && !this.isHeld(def)) {
      const at = freeVars(e);
      const axes = order.map(axisOf);
      const last = axes.findLastIndex((a) => at.has(a));
      const size = this.vectorsOf(def.indices).reduce((n, a) => n * this.vectors.get(a)!, 1);
      const again = axes.slice(0, last + 1).some((a) => !at.has(a));
      const plain =
        def.value.kind !== 'op' && !(def.value.kind === 'read' && !this.states.has(def.value.name));
      if (again && !plain && size <= HOLD && size > 1 && !this.nextOf.has(e.name)) {
        this.hold(e.name);
        this.holdInside(def.value, this.loops.order(this.vectorsOf(def.indices), []));
        return;
      }
      this.holdInside(opened(e, def), order);
    }
    for (const c of children(e)) this.holdInside(c, order);
  }
}

interface Collected {
  readonly values: Map<string, Set<string>>;
  readonly before: Map<string, Set<string>>;
  readonly after: Map<string, Set<string>>;
}

function note(into: Map<string, Set<string>>, name: string, moved: Iterable<string>): void {
  const known = into.get(name) ?? new Set<string>();
  for (const a of moved) known.add(a);
  into.set(name, known);
}

const isAt = (x: Expr, axis: string): boolean => x.kind === 'var' && x.name === axis;

export const readOf = (d: StepDef): Expr =>
  read(
    d.name,
    d.indices.map((a) => variable(a)),
    d.type,
  );

/** A pointwise value at the indices of a read. */
function opened(e: ReadExpr, d: StepDef): Expr {
  const moved = d.indices.flatMap((a, n) => (isAt(e.index[n]!, a) ? [] : [[a, e.index[n]!] as const]));
  return moved.length > 0 ? substitute(d.value, new Map(moved)) : d.value;
}
