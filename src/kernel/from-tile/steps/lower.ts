/** The stage of a recurrence as a kernel: states in a lane's own numbers, a loop over the steps, loops over vectors inside. */
import { constant, i32, op, read, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { ScalarType } from '../../../expr/types.ts';
import { identity, LOWEST } from '../../../tile/finals.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import type { CarriedState, FoldOp, Recurrence, StepDef, StepStore } from '../../../tile/tile.ts';
import { arrayS, assign, forS, ifS, letS, OPAQUE_ZERO, store, varS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import { better, joinScalars } from '../arrangement.ts';
import type { Frame } from '../frame.ts';
import { bufferOf, type Scope } from '../scope.ts';
import { Emitter, fused, type Held } from './emitter.ts';
import { reducedBy, StepNodes, type Needs, type Node } from './nodes.ts';
import { scheduleStep, type Item } from './schedule.ts';

/** Where a reduction gathers its value; `best` beside it holds the candidate of an index. */
interface Gathering {
  readonly name: string;
  readonly best?: string;
  readonly vectors: readonly string[];
}

export class RecurrenceLowering {
  readonly written = new Set<string>();
  private readonly r: Recurrence;
  private readonly nodes: StepNodes;
  private readonly emitter: Emitter;
  private readonly vectors: ReadonlyMap<string, number>;
  private readonly states = new Map<string, readonly Held[]>();
  private held: ReadonlyMap<string, readonly Held[]> = new Map();
  private readonly gathering = new Map<string, readonly Gathering[]>();
  private readonly arrays = new Map<string, readonly Held[]>();
  private updated: ReadonlySet<string> = new Set();
  private all: readonly Node[] = [];
  /** Nodes of the loops around. */
  private readonly around: (readonly Node[])[] = [];
  private readonly columns: readonly ReadonlyMap<string, Expr>[];
  private readonly rowAxes: ReadonlySet<string>;

  constructor(
    private readonly scope: Scope,
    private readonly frame: Frame,
    private readonly steps: NonNullable<StagePlan['steps']>,
  ) {
    const { stage } = scope;
    this.r = stage.recurrence!;
    this.vectors = new Map(stage.vectors.map((v) => [v.name, v.extent]));
    this.nodes = new StepNodes(this.r, this.vectors, this.steps.writtenOut);
    this.rowAxes = new Set(stage.row.map((a) => a.name));
    this.columns = Array.from({ length: scope.arrangement.rowSlots }, (_, n) => frame.row(n, []).vars);
    this.emitter = new Emitter(scope, {
      state: (name) => this.nodes.state(name),
      def: (name) => this.nodes.def(name),
      held: (name, slot) => this.heldAt(name, slot),
      perSlot: (indices) => this.slots(indices).length > 1,
      column: (axis, slot) => this.columns[slot]!.get(axis),
      extent: (v) => this.vectors.get(v)!,
    });
  }

  lower(): readonly Stmt[] {
    const { emitter, r } = this;
    emitter.push();
    for (const s of r.states) this.initialise(s);
    const { items, nodes } = scheduleStep(this.nodes);
    this.all = nodes;
    const step = this.scope.index(r.reverse ? 'step' : r.axis.name);
    const steps = r.axis.extent;
    const inner: Stmt[] = [];
    let at: Expr = variable(step);
    if (r.reverse) {
      const name = this.scope.index(r.axis.name);
      inner.push(letS(name, simplify(op('sub', simplify(op('sub', steps, i32(1))), variable(step)))));
      at = variable(name);
    }
    emitter.push(new Map([[r.axis.name, at]]));
    emitter.declare(step);
    this.emit(items);
    const body = [...inner, ...emitter.pop()];
    emitter.out().push(forS(step, { to: steps }, body));
    for (const x of r.finals) this.writeLast(x);
    return emitter.pop();
  }

  // ---- columns of a lane

  /** The columns for which a value over these axes is computed: one for all where it does not differ between them. */
  private slots(indices: readonly string[]): readonly number[] {
    if (!indices.some((a) => this.rowAxes.has(a))) return [0];
    return this.columns.map((_, n) => n);
  }

  private perSlot<T>(indices: readonly string[], make: (suffix: string, slot: number) => T): readonly T[] {
    const slots = this.slots(indices);
    return slots.map((n) => make(slots.length > 1 ? `_${n}` : '', n));
  }

  private heldAt(name: string, slot: number): Held | undefined {
    const state = this.nodes.stateAfter(name);
    const after = state && this.updated.has(state.name) ? this.states.get(state.name) : undefined;
    const all = this.states.get(name) ?? after ?? this.held.get(name);
    return all && (all.length > 1 ? all[slot]! : all[0]!);
  }

  // ---- loops over vectors

  private nest(axes: readonly string[], body: () => void): void {
    const [a, ...rest] = axes;
    if (a === undefined) return body();
    this.loop(a, () => this.nest(rest, body));
  }

  private loop(axis: string, body: () => void): void {
    const { emitter } = this;
    const extent = this.vectors.get(axis)!;
    if (extent <= this.steps.writtenOut) {
      for (let n = 0; n < extent; n++) {
        emitter.push(new Map([[axis, i32(n)]]), emitter.out());
        body();
        emitter.pop();
      }
      return;
    }
    const name = this.scope.index(axis);
    emitter.push(new Map([[axis, variable(name)]]));
    body();
    const inner = emitter.pop();
    const { loops } = this.steps;
    const range = { to: i32(extent), unroll: loops === 'unrolled' };
    emitter.out().push(forS(name, loops === 'opaque' ? { from: OPAQUE_ZERO, ...range } : range, inner));
  }

  /** Index of a lane's array at the elements that the loops around stand at. */
  private at(vectors: readonly string[]): Expr {
    return this.emitter.flat(
      vectors,
      vectors.map((v) => this.emitter.coordinate(v, 0)!),
    );
  }

  private size(vectors: readonly string[]): number {
    return vectors.reduce((n, v) => n * this.vectors.get(v)!, 1);
  }

  /** Arrays that hold a value over vector axes, declared before the first step. */
  private array(d: StepDef): readonly Held[] {
    const known = this.arrays.get(d.name);
    if (known) return known;
    const vectors = this.nodes.vectorsOf(d.indices);
    const made = this.perSlot(d.indices, (suffix): Held => {
      const name = this.scope.names.fresh(`${d.name}${suffix}`);
      this.emitter.out(0).push(arrayS(name, d.type, this.size(vectors)));
      return { name, vectors };
    });
    this.arrays.set(d.name, made);
    return made;
  }

  // ---- states

  private initialise(s: CarriedState): void {
    const vectors = this.nodes.vectorsOf(s.indices);
    const made = this.perSlot(s.indices, (suffix, slot): Held => {
      const name = this.scope.names.fresh(`${s.name}${suffix}`);
      const out = this.emitter.out();
      if (vectors.length === 0) {
        const value = this.emitter.value(s.init, slot);
        out.push(varS(name, value));
        this.emitter.declare(name, 1);
        return { name, vectors };
      }
      out.push(arrayS(name, s.type, this.size(vectors)));
      this.nest(vectors, () => {
        const value = this.emitter.value(s.init, slot);
        this.emitter.out().push(store(name, this.at(vectors), value));
      });
      return { name, vectors };
    });
    this.states.set(s.name, made);
  }

  private update(nodes: readonly Node[]): void {
    const { emitter } = this;
    const stores: Stmt[] = [];
    for (const n of nodes) {
      const s = n.state!;
      const at = this.states.get(s.name)!;
      for (const [k, slot] of this.slots(s.indices).entries()) {
        const { name, vectors } = at[k]!;
        const value = fused(emitter.value(n.value, slot));
        if (vectors.length > 0) {
          stores.push(store(name, this.at(vectors), value));
          continue;
        }
        const kept = value.kind === 'const' ? value : this.name(value, `${s.name}_next`);
        stores.push(assign(name, kept));
      }
    }
    emitter.out().push(...(nodes.length > 1 ? this.apart(stores) : stores));
  }

  /** Several states change together: no new value is read as an old one. */
  private apart(stores: readonly Stmt[]): readonly Stmt[] {
    return stores.map((s) =>
      s.kind === 'store' ? { ...s, value: this.name(s.value, `${s.name}_next`) } : s,
    );
  }

  private name(value: Expr, base: string): Expr {
    if (value.kind === 'const') return value;
    const name = this.scope.names.fresh(base);
    this.emitter.out().push(letS(name, value));
    this.emitter.declare(name);
    return variable(name, value.type);
  }

  private writeLast(x: StepStore): void {
    const s = this.nodes.state(x.name)!;
    const vectors = this.nodes.vectorsOf(s.indices);
    const value = read(
      s.name,
      s.indices.map((a) => variable(a)),
      s.type,
    );
    // Reads name the axis of the steps as well; a state's own numbers lie without it.
    this.nest(vectors, () => this.write(x, s.indices, value));
  }

  // ---- nodes

  private emit(items: readonly Item[]): void {
    for (const item of items) {
      if (item.kind === 'run') this.run(item.node);
      else if (item.kind === 'updates') this.update(item.nodes);
      else this.emitLoop(item);
    }
  }

  private emitLoop({ axis, nodes, items }: Extract<Item, { kind: 'loop' }>): void {
    const firstReduced = (n: Node): number => n.order.findIndex((a) => reducedBy(n.def).includes(a));
    const begins = (n: Node): boolean => n.kind === 'reduce' && n.order[firstReduced(n)] === axis;
    for (const n of nodes) if (begins(n)) this.begin(n, n.order.slice(n.order.indexOf(axis) + 1));
    this.around.push(nodes);
    this.loop(axis, () => {
      const [held, updated] = [this.held, this.updated];
      this.emit(items);
      // What is known of one element is not known of the next.
      [this.held, this.updated] = [held, updated];
    });
    this.around.pop();
    for (const n of nodes) {
      if (n.kind === 'update') {
        this.updated = new Set([...this.updated, n.state!.name]);
        for (const h of this.states.get(n.state!.name)!) this.emitter.forget(h.name);
      } else if (begins(n)) this.complete(n);
      else if (n.kind === 'hold' || (n.kind === 'reduce' && n.order.indexOf(axis) < firstReduced(n)))
        if (this.arrays.has(n.def.name)) this.holds(n.def, this.array(n.def));
    }
  }

  private holds(d: StepDef, at: readonly Held[]): void {
    this.held = new Map([...this.held, [d.name, at]]);
  }

  private run(n: Node): void {
    switch (n.kind) {
      case 'reduce':
        return this.gather(n);
      case 'hold':
        return this.keep(n);
      case 'store':
        return this.write(n.store!, n.def.indices, n.value);
      case 'update':
        return this.update([n]);
    }
  }

  private keep(n: Node): void {
    const vectors = this.nodes.vectorsOf(n.def.indices);
    if (vectors.length === 0) {
      for (const slot of this.slots(n.def.indices)) this.emitter.value(n.value, slot);
      return;
    }
    const arrays = this.array(n.def);
    for (const [k, slot] of this.slots(n.def.indices).entries()) {
      const value = fused(this.emitter.value(n.value, slot));
      this.emitter.out().push(store(arrays[k]!.name, this.at(vectors), value));
    }
    this.holds(n.def, arrays);
  }

  // ---- reductions

  private fold(d: StepDef): FoldOp {
    return (d.value.kind === 'reduce' ? d.value.op : 'sum') as FoldOp;
  }

  /** @param inner axes of the loops inside of the first that is reduced */
  private begin(n: Node, inner: readonly string[]): void {
    const fold = this.fold(n.def);
    const isIndex = fold === 'argmax' || fold === 'argmin';
    const own = inner.filter((a) => n.def.indices.includes(a));
    const start = constant(n.def.type, identity(fold, n.def.type));
    if (own.length > 0) {
      const arrays = this.array(n.def);
      const best = isIndex ? this.bestArrays(n) : [];
      this.nest(own, () => {
        for (const h of arrays) this.emitter.out().push(store(h.name, this.at(h.vectors), start));
      });
      this.gathering.set(
        n.def.name,
        arrays.map((h, k) => ({ ...h, ...(isIndex ? { best: best[k]! } : {}) })),
      );
      return;
    }
    const made = this.perSlot(n.def.indices, (suffix): Gathering => {
      const name = this.scope.names.fresh(`${n.def.name}${suffix}`);
      this.emitter.out().push(varS(name, start));
      this.emitter.declare(name);
      if (!isIndex) return { name, vectors: [] };
      const best = this.scope.names.fresh(`${n.def.name}_best${suffix}`);
      this.emitter.out().push(varS(best, constant(n.value.type, 0)));
      return { name, best, vectors: [] };
    });
    this.gathering.set(n.def.name, made);
  }

  private bestArrays(n: Node): readonly string[] {
    return this.perSlot(n.def.indices, (suffix) => {
      const name = this.scope.names.fresh(`${n.def.name}_best${suffix}`);
      this.emitter.out(0).push(arrayS(name, n.value.type, this.size(this.nodes.vectorsOf(n.def.indices))));
      return name;
    });
  }

  private gather(n: Node): void {
    const fold = this.fold(n.def);
    const { emitter } = this;
    for (const [k, slot] of this.slots(n.def.indices).entries()) {
      const g = this.gathering.get(n.def.name)![k]!;
      const where = n.where && emitter.value(n.where, slot);
      const value = emitter.value(n.value, slot);
      const join = this.join(n, fold, g, value);
      emitter.out().push(...(where ? [ifS(where, join)] : join));
    }
  }

  private join(n: Node, fold: FoldOp, g: Gathering, value: Expr): readonly Stmt[] {
    const at = this.at(g.vectors);
    const own = (name: string, type: ScalarType): Expr =>
      g.vectors.length > 0 ? read(name, [at], type) : variable(name, type);
    const set = (name: string, x: Expr): Stmt =>
      g.vectors.length > 0 ? store(name, at, x) : assign(name, x);
    if (g.best === undefined) return [set(g.name, fused(joinScalars(fold, own(g.name, n.def.type), value)))];
    const axes = reducedBy(n.def);
    const index = this.emitter.flat(
      axes,
      axes.map((a) => this.emitter.coordinate(a, 0)!),
    );
    if (g.vectors.length === 0) return better(fold, g.best, g.name, value, index);
    const [best, found] = [own(g.best, value.type), own(g.name, 'i32')];
    const wins = op(
      'or',
      op('lt', found, i32(0)),
      op(
        'or',
        op(fold === 'argmax' ? 'gt' : 'lt', value, best),
        op('and', op('eq', value, best), op('lt', index, found)),
      ),
    );
    return [ifS(wins, [set(g.best, value), set(g.name, index)])];
  }

  /** The loops over what is reduced are through. */
  private complete(n: Node): void {
    const fold = this.fold(n.def);
    const d = n.def;
    const open = n.where !== undefined && d.type === 'f32' && (fold === 'max' || fold === 'min');
    const gathered = this.gathering.get(d.name)!;
    const own = gathered[0]!.vectors;
    const finished = (x: Expr): Expr =>
      open
        ? op(
            'select',
            fold === 'max' ? op('gt', x, constant('f32', LOWEST)) : op('lt', x, constant('f32', -LOWEST)),
            x,
            constant('f32', fold === 'max' ? -Infinity : Infinity),
          )
        : x;
    if (own.length > 0) {
      const inner = n.order
        .slice(n.order.findIndex((a) => reducedBy(d).includes(a)))
        .filter((a) => own.includes(a));
      if (open)
        this.nest(inner, () => {
          const at = this.at(own);
          for (const g of gathered)
            this.emitter.out().push(store(g.name, at, finished(read(g.name, [at], d.type))));
        });
      this.holds(d, gathered);
      return;
    }
    const vectors = this.nodes.vectorsOf(d.indices);
    const values = gathered.map((g): Held => {
      if (!open) return { name: g.name, vectors: [] };
      const x = this.name(finished(variable(g.name, d.type)), d.name);
      return { name: (x as { name: string }).name, vectors: [] };
    });
    if (vectors.length > 0 && this.isReadOutside(n)) {
      const arrays = this.array(d);
      for (const [k, v] of values.entries())
        this.emitter.out().push(store(arrays[k]!.name, this.at(vectors), variable(v.name, d.type)));
    }
    this.holds(d, values);
  }

  /** Some node outside of the loops around reads the value. */
  private isReadOutside(n: Node): boolean {
    const inside = this.around.at(-1) ?? [];
    const reads = (needs: Needs): boolean =>
      needs.values.has(n.def.name) ||
      [...needs.after.keys()].some((s) => {
        const here = inside.some((m) => m.kind === 'update' && m.state!.name === s);
        return !here && reads(this.nodes.needs(this.nodes.newValue(this.nodes.state(s)!)));
      });
    return this.all.some((m) => !inside.includes(m) && reads(m.needs));
  }

  // ---- stores

  private write(x: StepStore, indices: readonly string[], value: Expr): void {
    const t = this.scope.target(x.output);
    this.written.add(t.name);
    const { stage } = this.scope;
    const missing = [...stage.batch, ...stage.row].map((a) => a.name).filter((a) => !indices.includes(a));
    for (const slot of this.slots(indices)) {
      const index = x.indices.map((a) => this.emitter.coordinate(a, slot)!);
      const result = this.emitter.value(value, slot);
      const at = this.emitter.hoisted(this.scope.flat(t, index));
      const first = missing.map((a) => op('eq', this.columns[slot]!.get(a)!, i32(0)));
      const mine = first.reduce<Expr>((a, b) => simplify(op('and', a, b)), this.frame.inside(slot));
      const write = store(bufferOf(t), at, result);
      this.emitter.out().push(mine.kind === 'const' ? write : ifS(this.emitter.hoisted(mine), [write]));
    }
  }
}
