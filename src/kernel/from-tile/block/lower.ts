/** The stage of a block as a kernel: one value after the other, by all lanes, in workgroup memory. */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { i32, op, readsOf, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import { STORAGE } from '../../../expr/types.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import type { BlockArray, Fill, Item } from '../../../tile/block/items.ts';
import type { LaidItem } from '../../../tile/block/places.ts';
import { scheduleBlock, type BlockSchedule } from '../../../tile/block/schedule.ts';
import type { BlockStore } from '../../../tile/tile.ts';
import { awaitS, BARRIER, COMMIT, copyS, forS, ifS, LANE, letS, store } from '../../build.ts';
import type { SharedArray, Stmt } from '../../kernel.ts';
import type { Frame } from '../frame.ts';
import { bufferOf, type Place, type Scope } from '../scope.ts';
import { held } from './elements.ts';
import { lowerProduct } from './product.ts';
import { lowerReadout } from './readout.ts';
import { lowerScan } from './scan.ts';

export interface LoweredBlock {
  readonly body: readonly Stmt[];
  readonly written: ReadonlySet<string>;
  readonly shared: readonly SharedArray[];
}

/** Turns of a loop over elements that are written out: their loads are on their way together. */
const AHEAD = 8;
/** Neighbours that one access to workgroup memory takes. */
const WIDE = 4;
/** Where turns are counted, not elements. */
const MOST_TURNS = 16;

export class BlockLowering {
  private readonly schedule: BlockSchedule;
  private readonly written = new Set<string>();
  private readonly shared = new Map<BlockArray, string>();
  /** The position of the walk, inside of it. */
  private around: ReadonlyMap<string, Expr> = new Map();

  constructor(
    readonly scope: Scope,
    private readonly frame: Frame,
    readonly plan: StagePlan,
  ) {
    const { stage, program } = scope;
    const schedule = scheduleBlock({
      block: stage.block!,
      vectors: stage.vectors,
      tensors: program.tensors.filter((t) => t.role !== 'out'),
      lanes: plan.lanes,
      mma: plan.arrangement === 'warp-matrix',
    });
    if (!schedule) throw new CompilerBug('kernel/from-tile', `block ${stage.name} has no schedule`);
    this.schedule = schedule;
  }

  lower(): LoweredBlock {
    const { places, arrays, opened, items } = this.schedule;
    const shared = places.map(({ array, at }): SharedArray => {
      const name = this.scope.names.fresh(array.name);
      this.shared.set(array, name);
      return { name, storage: array.storage, length: array.length, at };
    });
    for (const [name, array] of arrays)
      if (this.shared.has(array))
        this.scope.locations.set(name, {
          kind: 'held',
          array: this.nameOf(array),
          at: this.indexing(name, array),
        });
    for (const [name, def] of opened) this.scope.locations.set(name, { kind: 'opened', def });
    const body = [...this.laid(items.before), ...this.walk(items.turn), ...this.laid(items.after)];
    return { body, written: this.written, shared };
  }

  private laid(items: readonly LaidItem[]): Stmt[] {
    const out: Stmt[] = [];
    for (const { item, barrier, landed } of items) {
      if (landed) out.push(awaitS(0));
      if (barrier) out.push(BARRIER);
      out.push(...this.item(item));
    }
    return out;
  }

  /** One chunk after the other. */
  private walk(items: readonly LaidItem[]): Stmt[] {
    const { walk } = this.scope.stage.block!;
    if (!walk) return [];
    const turn = this.scope.index(walk.axis);
    const at = walk.reverse ? op('sub', i32(walk.extent - 1), variable(turn)) : variable(turn);
    const out: Stmt[] = [awaitS(0), BARRIER];
    this.around = new Map([[walk.axis, this.named(simplify(at), walk.axis, out)]]);
    out.push(...this.laid(items));
    this.around = new Map();
    return [
      { ...forS(turn, { to: i32(walk.extent), unroll: 'never' }, out), anew: this.plan.lanes },
      BARRIER,
    ];
  }

  // ---- what parts of it need

  nameOf(array: BlockArray): string {
    return this.shared.get(array)!;
  }

  extent(axis: string): number {
    return this.scope.vectorExtent(axis);
  }

  /** Flat index of an array at coordinates of its axes. */
  flat(array: BlockArray, at: readonly Expr[]): Expr {
    return at.reduce<Expr>(
      (sum, x, n) => simplify(op('add', sum, simplify(op('mul', x, i32(array.strides[n]!))))),
      i32(0),
    );
  }

  /** From indices of a value to the flat index of its array. */
  private indexing(name: string, array: BlockArray): (index: readonly Expr[]) => Expr {
    const { states, defs } = this.scope.stage.block!;
    const s = states.find((x) => x.name === name || x.final === name);
    const axes =
      this.schedule.indices.get(name) ??
      (s
        ? s.final === name
          ? s.indices.filter((a) => a !== s.axis)
          : s.indices
        : defs.find((d) => d.name === name)!.indices);
    const order = array.axes.map((a) => axes.indexOf(a));
    return (index) =>
      this.flat(
        array,
        order.map((n) => index[n]!),
      );
  }

  place(out: Stmt[], vars: ReadonlyMap<string, Expr>): Place {
    const all = [...this.frame.uniform(out).vars, ...this.around, ...vars];
    return { out, vars: new Map(all), cache: new Map() };
  }

  /** A variable for an expression, unless it is as simple. */
  named(e: Expr, base: string, out: Stmt[]): Expr {
    if (e.kind === 'const' || e.kind === 'var') return e;
    const name = e.type === 'i32' ? this.scope.index(base) : this.scope.names.fresh(base);
    out.push(letS(name, e));
    return variable(name, e.type);
  }

  /** All positions along axes, each by one lane; neighbours along the last axis by neighbours. */
  forElements(
    axes: readonly string[],
    body: (vars: ReadonlyMap<string, Expr>, out: Stmt[]) => void,
    count = axes.reduce((n, a) => n * this.extent(a), 1),
    unit = 1,
  ): Stmt[] {
    const { lanes } = this.plan;
    const inner = (flat: Expr): Stmt[] => {
      const out: Stmt[] = [];
      const vars = new Map<string, Expr>();
      let rest = flat;
      for (const [n, a] of [...axes].reverse().entries()) {
        const extent = n === 0 ? this.extent(a) / unit : this.extent(a);
        const outermost = n === axes.length - 1;
        const at = outermost ? rest : simplify(op('rem', rest, i32(extent)));
        const scaled = n === 0 && unit > 1 ? simplify(op('mul', at, i32(unit))) : at;
        vars.set(a, this.named(scaled, a, out));
        rest = simplify(op('quot', rest, i32(extent)));
      }
      body(vars, out);
      return out;
    };
    if (count % lanes === 0 && count / lanes <= MOST_TURNS) {
      const turn = this.scope.index('turn');
      const flat = simplify(op('add', simplify(op('mul', variable(turn), i32(lanes))), LANE));
      return [forS(turn, { to: i32(count / lanes), unroll: count / lanes <= AHEAD || AHEAD }, inner(flat))];
    }
    if (count < lanes) return [ifS(op('lt', LANE, i32(count)), inner(LANE))];
    const element = this.scope.index('element');
    return [forS(element, { from: LANE, to: i32(count), step: i32(lanes) }, inner(variable(element)))];
  }

  // ---- items

  private item(item: Item): readonly Stmt[] {
    switch (item.kind) {
      case 'fill':
        return item.copied ? this.copy(item) : this.fill(item.array, item.value);
      case 'gather':
        return this.fill(item.array, item.def.value);
      case 'scan':
        return lowerScan(this, item);
      case 'readout':
        return lowerReadout(this, item);
      case 'product':
        return lowerProduct(this, item);
      case 'write':
        return this.write(item.store);
    }
  }

  /** All that is read lies in workgroup memory. */
  private isHere(e: Expr): boolean {
    return readsOf(e).every((r) => {
      const home = this.scope.locations.get(r.name);
      return home?.kind === 'held' || (home?.kind === 'opened' && this.isHere(home.def.value));
    });
  }

  private indexAt(array: BlockArray, vars: ReadonlyMap<string, Expr>): Expr {
    return this.flat(
      array,
      array.axes.map((a) => vars.get(a)!),
    );
  }

  /** Each element is computed by one lane, or several neighbours by one, whose reads and writes are then wide ones. */
  private fill(array: BlockArray, value: Expr): Stmt[] {
    const count = array.extents.reduce((a, b) => a * b, 1) / WIDE;
    const last = array.axes.at(-1);
    if (
      last !== undefined &&
      this.extent(last) % WIDE === 0 &&
      count >= this.plan.lanes &&
      this.isHere(value)
    )
      return this.forElements(
        array.axes,
        (vars, out) => {
          const first = vars.get(last)!;
          const all = Array.from({ length: WIDE }, (_, n) => {
            const at = new Map([...vars, [last, simplify(op('add', first, i32(n)))]]);
            const x = held(this.scope.value(value, this.place(out, at)));
            return { at: this.indexAt(array, at), x: this.named(x, array.name, out) };
          });
          for (const { at, x } of all) out.push(store(this.nameOf(array), at, x));
        },
        count,
        WIDE,
      );
    return this.forElements(array.axes, (vars, out) => {
      const x = this.scope.value(value, this.place(out, vars));
      out.push(store(this.nameOf(array), this.indexAt(array, vars), held(x)));
    });
  }

  /** 16 bytes at a time. */
  private copy({ array, value }: Fill): Stmt[] {
    const unit = 16 / STORAGE[array.storage].bytes;
    const count = array.extents.reduce((a, b) => a * b, 1) / unit;
    const load = this.forElements(
      array.axes,
      (vars, out) => {
        const source = this.scope.element(value, this.place(out, vars));
        out.push(copyS({ shared: this.nameOf(array), index: this.indexAt(array, vars), ...source }));
      },
      count,
      unit,
    );
    return [...load, COMMIT];
  }

  private write(s: BlockStore): Stmt[] {
    const t = this.scope.target(s.output);
    this.written.add(t.name);
    const one = (vars: ReadonlyMap<string, Expr>, out: Stmt[]): void => {
      const place = this.place(out, vars);
      const then: Stmt[] = s.where ? [] : out;
      const inner = { ...place, out: then };
      const where = s.where && this.scope.value(s.where, place);
      const index = s.index.map((e) => this.scope.emit(e, inner));
      const value = this.scope.value(s.value, inner);
      then.push(store(bufferOf(t), this.scope.flat(t, index), value));
      if (where) out.push(ifS(where, then));
    };
    if (s.axes.length > 0) return this.forElements(s.axes, one);
    const out: Stmt[] = [];
    one(new Map(), out);
    return [ifS(op('eq', LANE, i32(0)), out)];
  }
}
