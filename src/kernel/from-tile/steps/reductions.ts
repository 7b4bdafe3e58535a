/** Reductions of a step: numbers or arrays that gather a value through loops over vectors. */
import { constant, op, read, variable, type Expr } from '../../../expr/expr.ts';
import type { ScalarType } from '../../../expr/types.ts';
import { identity, LOWEST } from '../../../tile/finals.ts';
import type { FoldOp, StepDef } from '../../../tile/tile.ts';
import { arrayS, assign, ifS, store, varS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import { better, joinScalars } from '../arrangement.ts';
import { fused, type Held } from './emitter.ts';
import type { Lane } from './lane.ts';
import { axisOf } from './loops.ts';
import type { Needs, Node } from './nodes.ts';

/** Where a reduction gathers its value; `best` beside it holds the candidate of an index. */
interface Gathering {
  readonly held: Held;
  readonly best?: string;
}
interface Open {
  /** Written loops whose turns gather in numbers of their own. */
  readonly loops: readonly string[];
  readonly turns: ReadonlyMap<string, readonly Gathering[]>;
}

export class Reductions {
  private readonly open = new Map<string, Open>();

  constructor(
    private readonly lane: Lane,
    private readonly all: readonly Node[],
  ) {}

  /** The loop is the first that is reduced. */
  beginsAt(n: Node, loop: string): boolean {
    return n.kind === 'reduce' && n.order[this.firstReduced(n)] === loop;
  }

  firstReduced(n: Node): number {
    return n.order.findIndex((l) => n.reduced.has(axisOf(l)));
  }

  private inner(n: Node): readonly string[] {
    return n.order.slice(this.firstReduced(n) + 1).filter((l) => !n.reduced.has(axisOf(l)));
  }

  begin(n: Node): void {
    const { lane } = this;
    const inner = this.inner(n);
    if (!inner.every((l) => lane.loops.isWritten(l))) return this.beginArrays(n, inner);
    const turns = new Map<string, readonly Gathering[]>();
    this.nest(inner, () => turns.set(lane.loops.turn(inner), this.numbers(n)));
    this.open.set(n.def.name, { loops: inner, turns });
  }

  private nest(loops: readonly string[], body: () => void): void {
    const [l, ...rest] = loops;
    if (l === undefined) return body();
    this.lane.loop(l, () => this.nest(rest, body));
  }

  private numbers(n: Node): readonly Gathering[] {
    const { lane } = this;
    const fold = foldOf(n.def);
    const declare = (base: string, value: Expr): string => {
      const name = lane.scope.names.fresh(base);
      lane.push(varS(name, value));
      // It is a number of the loop around, whichever written turn declares it.
      lane.emitter.declare(name);
      return name;
    };
    return lane.perSlot(n.def.indices, (suffix): Gathering => {
      const name = declare(`${n.def.name}${suffix}`, start(n.def));
      const held = { name, vectors: [] };
      if (!isIndex(fold)) return { held };
      return { held, best: declare(`${n.def.name}_best${suffix}`, constant(n.value.type, 0)) };
    });
  }

  private beginArrays(n: Node, inner: readonly string[]): void {
    const { lane } = this;
    const arrays = lane.array(n.def);
    const best = isIndex(foldOf(n.def)) ? this.bestArrays(n) : [];
    const axes = [...new Set(inner.map(axisOf))];
    lane.nest(axes, () => {
      for (const h of arrays) lane.push(store(h.name, lane.at(h.vectors), start(n.def)));
    });
    const gathered = arrays.map((held, k): Gathering => ({ held, ...(best[k] ? { best: best[k] } : {}) }));
    this.open.set(n.def.name, { loops: [], turns: new Map([['', gathered]]) });
  }

  private bestArrays(n: Node): readonly string[] {
    const { lane } = this;
    return lane.perSlot(n.def.indices, (suffix) => {
      const name = lane.scope.names.fresh(`${n.def.name}_best${suffix}`);
      const length = lane.size(lane.nodes.vectorsOf(n.def.indices));
      lane.emitter.out(0).push(arrayS(name, n.value.type, length));
      return name;
    });
  }

  gather(n: Node): void {
    const { lane } = this;
    const open = this.open.get(n.def.name)!;
    const gathered = open.turns.get(lane.loops.turn(open.loops))!;
    for (const [k, slot] of lane.slots(n.def.indices).entries()) {
      const where = n.where && lane.emitter.value(n.where, slot);
      const join = this.join(n, gathered[k]!, lane.emitter.term(n.value, slot));
      lane.push(...(where ? [ifS(where, join)] : join));
    }
  }

  private join(n: Node, g: Gathering, value: Expr): readonly Stmt[] {
    const { lane } = this;
    const fold = foldOf(n.def);
    const { vectors } = g.held;
    const at = lane.at(vectors);
    const own = (name: string, type: ScalarType): Expr =>
      vectors.length > 0 ? read(name, [at], type) : variable(name, type);
    const set = (name: string, x: Expr): Stmt => (vectors.length > 0 ? store(name, at, x) : assign(name, x));
    if (g.best === undefined)
      return [set(g.held.name, fused(joinScalars(fold, own(g.held.name, n.def.type), value)))];
    const axes = n.def.value.kind === 'reduce' ? n.def.value.axes : [];
    const index = lane.at(axes);
    if (vectors.length === 0) return better(fold, g.best, g.held.name, value, index);
    const [best, found] = [own(g.best, value.type), own(g.held.name, 'i32')];
    const equal = op('and', op('eq', value, best), op('lt', index, found));
    const wins = op('or', op(fold === 'argmax' ? 'gt' : 'lt', value, best), equal);
    const take = op('or', op('lt', found, constant('i32', 0)), wins);
    return [ifS(take, [set(g.best, value), set(g.held.name, index)])];
  }

  /** The loops over what is reduced are through. */
  complete(n: Node): void {
    const { lane } = this;
    const d = n.def;
    const open = this.open.get(d.name)!;
    const [first] = [...open.turns.values()][0]!;
    if (first!.held.vectors.length > 0) return this.completeArrays(n, open.turns.get('')!);
    const turns = new Map<string, readonly Held[]>();
    const array =
      lane.nodes.vectorsOf(d.indices).length > 0 && this.needsArray(n) ? lane.array(d) : undefined;
    this.nest(open.loops, () => {
      const turn = lane.loops.turn(open.loops);
      const values = open.turns.get(turn)!.map(({ held }): Held => {
        const x = this.finished(n, variable(held.name, d.type));
        return x.kind === 'var'
          ? held
          : { name: (lane.name(x, d.name) as { name: string }).name, vectors: [] };
      });
      for (const [k, v] of values.entries())
        if (array) lane.push(store(array[k]!.name, lane.at(array[k]!.vectors), variable(v.name, d.type)));
      turns.set(turn, values);
    });
    const [slots] = turns.values();
    lane.holds(d, {
      slots: array ?? slots!,
      ...(array && this.isMoved(n) ? {} : { turns: { loops: open.loops, slots: turns } }),
    });
  }

  private completeArrays(n: Node, gathered: readonly Gathering[]): void {
    const { lane } = this;
    if (this.finished(n, variable('x', n.def.type)).kind !== 'var')
      lane.nest([...new Set(this.inner(n).map(axisOf))], () => {
        for (const { held } of gathered) {
          const at = lane.at(held.vectors);
          lane.push(store(held.name, at, this.finished(n, read(held.name, [at], n.def.type))));
        }
      });
    lane.holds(n.def, { slots: gathered.map((g) => g.held) });
  }

  /** Where nothing was kept, a maximum holds what stands for −∞. */
  private finished(n: Node, x: Expr): Expr {
    const fold = foldOf(n.def);
    if (n.where === undefined || n.def.type !== 'f32' || (fold !== 'max' && fold !== 'min')) return x;
    const low = fold === 'max';
    const some = low ? op('gt', x, constant('f32', LOWEST)) : op('lt', x, constant('f32', -LOWEST));
    return op('select', some, x, constant('f32', low ? -Infinity : Infinity));
  }

  private needsArray(n: Node): boolean {
    return this.isMoved(n) || this.isReadOutside(n);
  }

  /** Some node reads another element than its own. */
  private isMoved(n: Node): boolean {
    return this.all.some((m) => (m.needs.values.get(n.def.name)?.size ?? 0) > 0 || this.madeMoved(m, n));
  }

  private madeMoved(m: Node, n: Node): boolean {
    return [...m.needs.after].some(([s, moved]) => {
      const made = this.madeOf(s).values.get(n.def.name);
      return made !== undefined && moved.size + made.size > 0;
    });
  }

  private madeOf(state: string): Needs {
    const { nodes } = this.lane;
    return nodes.needs(nodes.newValue(nodes.state(state)!));
  }

  /** Nodes of the loops around, outermost first. */
  readonly around: (readonly Node[])[] = [];

  /** Some node outside of the loops around reads the value. */
  private isReadOutside(n: Node): boolean {
    const inside = this.around.at(-1);
    if (!inside) return false;
    const reads = (needs: Needs): boolean =>
      needs.values.has(n.def.name) ||
      [...needs.after.keys()].some((s) => {
        const here = inside.some((m) => m.kind === 'update' && m.state!.name === s);
        return !here && reads(this.madeOf(s));
      });
    return this.all.some((m) => !inside.includes(m) && reads(m.needs));
  }
}

const foldOf = (d: StepDef): FoldOp => (d.value.kind === 'reduce' ? d.value.op : 'sum') as FoldOp;
const isIndex = (fold: FoldOp): boolean => fold === 'argmax' || fold === 'argmin';
const start = (d: StepDef): Expr => constant(d.type, identity(foldOf(d), d.type));
