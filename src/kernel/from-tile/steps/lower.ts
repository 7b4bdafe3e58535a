/** The stage of a recurrence as a kernel: states in a lane's own numbers, a loop over the steps, loops over vectors inside. */
import { i32, op, read, substitute, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { CarriedState, Recurrence, StepStore } from '../../../tile/tile.ts';
import { arrayS, assign, forS, ifS, letS, store, varS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import type { Frame } from '../frame.ts';
import { bufferOf, type Scope } from '../scope.ts';
import { fused, type Emitter, type Held } from './emitter.ts';
import { Lane } from './lane.ts';
import type { StepsPlan } from './loops.ts';
import type { Node } from './nodes.ts';
import { Reductions } from './reductions.ts';
import { scheduleStep, type Item } from './schedule.ts';

export class RecurrenceLowering {
  readonly written = new Set<string>();
  private readonly r: Recurrence;
  private readonly lane: Lane;
  private readonly emitter: Emitter;
  private readonly items: readonly Item[];
  private readonly reductions: Reductions;

  constructor(
    private readonly scope: Scope,
    frame: Frame,
    private readonly plan: StepsPlan,
  ) {
    this.r = scope.stage.recurrence!;
    this.lane = new Lane(scope, frame, plan);
    this.emitter = this.lane.emitter;
    const { items, nodes } = scheduleStep(this.lane.nodes);
    this.items = items;
    this.reductions = new Reductions(this.lane, nodes);
  }

  lower(): readonly Stmt[] {
    const { emitter, r } = this;
    emitter.push();
    for (const s of r.states) this.initialise(s);
    const step = this.scope.index(r.reverse ? 'step' : r.axis.name);
    const steps = r.axis.extent;
    const { from, to } = this.taken(steps);
    const inner: Stmt[] = [];
    let at: Expr = variable(step);
    if (r.reverse) {
      const name = this.scope.index(r.axis.name);
      inner.push(letS(name, simplify(op('sub', simplify(op('sub', steps, i32(1))), variable(step)))));
      at = variable(name);
    }
    emitter.push(new Map([[r.axis.name, at]]));
    emitter.declare(step);
    this.emit(this.items);
    const body = [...inner, ...emitter.pop()];
    this.lane.push(forS(step, { from, to, ...(this.plan.ahead ? { unroll: this.plan.ahead } : {}) }, body));
    for (const x of r.finals) this.writeLast(x);
    return emitter.pop();
  }

  /** Numbers of the steps that are taken: those that may change a state. */
  private taken(steps: Expr): { readonly from: Expr; readonly to: Expr } {
    const { range, reverse } = this.r;
    if (!range) return { from: i32(0), to: steps };
    const vars = new Map([...this.lane.frame.uniform([]).vars, ...this.lane.frame.rowEnds]);
    const here = (e: Expr): Expr => simplify(substitute(e, vars));
    const first = range.lo ? op('max', here(range.lo), i32(0)) : i32(0);
    const past = range.hi ? op('min', op('add', here(range.hi), i32(1)), steps) : steps;
    const end = range.when ? op('select', here(range.when), past, first) : past;
    const fits = here(range.fits);
    const safe = (e: Expr, otherwise: Expr): Expr => simplify(op('select', fits, e, otherwise));
    const named = (base: string, e: Expr): Expr => {
      if (e.kind === 'const') return e;
      const name = this.scope.index(`${this.r.axis.name}_${base}`);
      this.lane.push(letS(name, e));
      return variable(name);
    };
    return reverse
      ? {
          from: named('from', safe(op('sub', steps, end), i32(0))),
          to: named('to', safe(op('sub', steps, first), steps)),
        }
      : { from: named('from', safe(first, i32(0))), to: named('to', safe(end, steps)) };
  }

  // ---- states

  private initialise(s: CarriedState): void {
    const { lane, emitter } = this;
    const vectors = lane.nodes.vectorsOf(s.indices);
    const slots = lane.perSlot(s.indices, (suffix, slot): Held => {
      const name = this.scope.names.fresh(`${s.name}${suffix}`);
      if (vectors.length === 0) {
        lane.push(varS(name, emitter.value(s.init, slot)));
        emitter.declare(name, 1);
        return { name, vectors };
      }
      lane.push(arrayS(name, s.type, lane.size(vectors)));
      lane.nest(vectors, () => {
        const value = emitter.value(s.init, slot);
        lane.push(store(name, lane.at(vectors), value));
      });
      return { name, vectors };
    });
    lane.states.set(s.name, { slots });
  }

  /** No new value is read as an old one: all are there before the first is put in its place. */
  private update(nodes: readonly Node[]): void {
    const { lane, emitter } = this;
    const stores: Stmt[] = [];
    for (const n of nodes) {
      const s = n.state!;
      const at = lane.states.get(s.name)!.slots;
      for (const [k, slot] of lane.slots(s.indices).entries()) {
        const { name, vectors } = at[k]!;
        const value = lane.name(fused(emitter.value(n.value, slot)), `${s.name}_next`);
        stores.push(vectors.length > 0 ? store(name, lane.at(vectors), value) : assign(name, value));
      }
    }
    lane.push(...stores);
  }

  private writeLast(x: StepStore): void {
    const s = this.lane.nodes.state(x.name)!;
    const index = s.indices.map((a) => variable(a));
    const value = read(s.name, index, s.type);
    this.lane.nest(this.lane.nodes.vectorsOf(s.indices), () => this.write(x, s.indices, value));
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
    const { lane, reductions } = this;
    for (const n of nodes) if (reductions.beginsAt(n, axis)) reductions.begin(n);
    reductions.around.push(nodes);
    lane.loop(axis, () => {
      const { held, updated } = lane;
      this.emit(items);
      // What is known of one element is not known of the next.
      lane.held = held;
      lane.updated = updated;
    });
    reductions.around.pop();
    for (const n of nodes) {
      const array = lane.knownArray(n.def);
      if (n.kind === 'update') this.hasChanged(n.state!);
      else if (reductions.beginsAt(n, axis)) reductions.complete(n);
      else if (n.kind === 'hold' && array) lane.holds(n.def, { slots: array });
      else if (n.kind === 'reduce' && n.order.indexOf(axis) < reductions.firstReduced(n) && array)
        lane.holds(n.def, { slots: array });
    }
  }

  private hasChanged(s: CarriedState): void {
    this.lane.updated = new Set([...this.lane.updated, s.name]);
    for (const h of this.lane.states.get(s.name)!.slots) this.emitter.forget(h.name);
  }

  private run(n: Node): void {
    switch (n.kind) {
      case 'reduce':
        return this.reductions.gather(n);
      case 'hold':
        return this.keep(n);
      case 'store':
        return this.write(n.store!, n.def.indices, n.value);
      case 'update':
        return this.update([n]);
    }
  }

  private keep(n: Node): void {
    const { lane, emitter } = this;
    if (lane.nodes.vectorsOf(n.def.indices).length === 0) {
      for (const slot of lane.slots(n.def.indices)) emitter.value(n.value, slot);
      return;
    }
    const arrays = lane.array(n.def);
    for (const [k, slot] of lane.slots(n.def.indices).entries()) {
      const { name, vectors } = arrays[k]!;
      const value = fused(emitter.value(n.value, slot));
      lane.push(store(name, lane.at(vectors), value));
    }
    lane.holds(n.def, { slots: arrays });
  }

  // ---- stores

  private write(x: StepStore, indices: readonly string[], value: Expr): void {
    const { lane, emitter } = this;
    const t = this.scope.target(x.output);
    this.written.add(t.name);
    const { stage } = this.scope;
    const missing = [...stage.batch, ...stage.row].map((a) => a.name).filter((a) => !indices.includes(a));
    for (const slot of lane.slots(indices)) {
      const index = x.indices.map((a) => (typeof a === 'number' ? i32(a) : emitter.coordinate(a, slot)!));
      const result = emitter.value(value, slot);
      const at = emitter.hoisted(this.scope.flat(t, index));
      const first = missing.map((a) => op('eq', lane.column(a, slot)!, i32(0)));
      const mine = first.reduce<Expr>((a, b) => simplify(op('and', a, b)), lane.frame.inside(slot));
      const write = store(bufferOf(t), at, result);
      lane.push(mine.kind === 'const' ? write : ifS(emitter.hoisted(mine), [write]));
    }
  }
}
