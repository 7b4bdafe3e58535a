/**
 * A state that is too large to be kept for all steps, and is summed over at each of them: a few lanes share an element of one
 * axis and hold a part of the other in registers.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import {
  f32,
  freeVars,
  i32,
  key,
  op,
  read,
  variable,
  mentions,
  type Expr,
  type OpExpr,
} from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import { readoutShape, type Readout } from '../../../tile/block/items.ts';
import { arrayS, assign, forS, ifS, LANE, shuffle, store, varS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import type { BlockLowering } from './lower.ts';

/** Elements of a row that one load takes. */
const TOGETHER = 4;
const WARP = 32;
/** Elements of a lane: so many are served by what it loads of a row, and sums cost it fewer exchanges than that saves loads. */
const HELD = 4;

const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const mul = (a: Expr, n: number): Expr => simplify(op('mul', a, i32(n)));
const quot = (a: Expr, n: number): Expr => simplify(op('quot', a, i32(n)));
const rem = (a: Expr, n: number): Expr => simplify(op('rem', a, i32(n)));

export function lowerReadout(b: BlockLowering, r: Readout): readonly Stmt[] {
  return new ReadoutLowering(b, r).lower();
}

class ReadoutLowering {
  private readonly body: Stmt[] = [];
  private readonly share: number;
  private readonly held: number;
  private readonly own: number;
  private readonly group: number;
  private readonly part: Expr;
  /** The axis along which the elements of a lane are neighbours, and the first of them there. */
  private readonly axis: string;
  private readonly first: Expr;
  /** Where they are along all other axes of lanes. */
  private readonly outer: ReadonlyMap<string, Expr>;
  private readonly array: string;
  private readonly begins: Beginning | undefined;
  private readonly elements: readonly Expr[];

  constructor(
    private readonly b: BlockLowering,
    private readonly r: Readout,
  ) {
    this.begins = beginning(r);
    this.axis = r.lanesAxes.at(-1)!;
    const summed = b.extent(r.summed);
    let held = this.begins?.fromZero ? HELD : 1;
    while (b.extent(this.axis) % held !== 0) held /= 2;
    const shape = readoutShape(this.count(), summed, b.plan.lanes, held);
    if (!shape) throw new CompilerBug('kernel/from-tile', `${r.state.name} fits no lanes`);
    this.share = shape.share;
    this.held = shape.held;
    this.own = summed / shape.share;
    this.group = this.own % TOGETHER === 0 ? TOGETHER : 1;
    const number = quot(LANE, shape.share);
    const element = mul(number, shape.held);
    const at = new Map<string, Expr>();
    let rest = element;
    for (const [n, a] of [...r.lanesAxes].reverse().entries()) {
      const outermost = n === r.lanesAxes.length - 1;
      at.set(a, b.named(outermost ? rest : rem(rest, b.extent(a)), a, this.body));
      rest = quot(rest, b.extent(a));
    }
    this.first = at.get(this.axis)!;
    at.delete(this.axis);
    this.outer = at;
    this.part = b.named(rem(LANE, shape.share), 'part', this.body);
    this.elements = Array.from({ length: shape.held }, (_, i) => add(this.first, i32(i)));
    this.array = b.scope.names.fresh(r.state.name);
  }

  /** Elements that lanes hold. */
  private count(): number {
    return this.r.lanesAxes.reduce((n, a) => n * this.b.extent(a), 1);
  }

  lower(): readonly Stmt[] {
    const { b, r, body, begins } = this;
    body.push(arrayS(this.array, r.state.type, this.held * this.own));
    if (r.state.init.kind !== 'const' || r.state.init.value !== 0)
      body.push(this.over((at, _, out) => out.push(store(this.array, at, r.state.init)), new Map()));
    // Values with which elements begin are loaded before the steps.
    const start = begins && b.scope.names.fresh(`${r.state.name}_first`);
    if (begins && start) {
      body.push(arrayS(start, r.state.type, this.held * this.own));
      body.push(
        this.over((at, vars, out) => {
          const x = b.scope.value(begins.value, b.place(out, vars));
          out.push(store(start, at, x));
        }, new Map()),
      );
    }
    const steps = b.extent(r.state.axis);
    const step = b.scope.index('step');
    const loop: Stmt[] = [];
    const at = r.state.reverse ? simplify(op('sub', i32(steps - 1), variable(step))) : variable(step);
    const here = new Map([[r.state.axis, b.named(at, r.state.axis, loop)]]);
    const inner: Stmt[] = [];
    for (const s of r.sums.filter((x) => x.before)) this.sumOver(s, here, inner);
    inner.push(...this.nextState(start, here));
    for (const s of r.sums.filter((x) => !x.before)) this.sumOver(s, here, inner);
    loop.push(...this.skipped(here, inner));
    return this.active([...body, forS(step, { to: i32(steps) }, loop)]);
  }

  /** Coordinate of the nth number of a lane's part: neighbours hold neighbouring groups. */
  private coordinate(n: Expr): Expr {
    const { group, share, part } = this;
    return add(mul(add(mul(quot(n, group), share), part), group), rem(n, group));
  }

  /** All numbers that the lane holds of some elements; those of one place in a row follow each other. */
  private over(
    make: (at: Expr, vars: ReadonlyMap<string, Expr>, out: Stmt[]) => void,
    vars: ReadonlyMap<string, Expr>,
    only?: number,
  ): Stmt {
    const { b, r, own } = this;
    const n = b.scope.index('n');
    const out: Stmt[] = [];
    const d = b.named(this.coordinate(variable(n)), r.summed, out);
    for (const [i, e] of this.elements.entries())
      if (only === undefined || only === i)
        make(
          add(variable(n), i32(i * own)),
          new Map([...vars, ...this.outer, [r.summed, d], [this.axis, e]]),
          out,
        );
    return forS(n, { to: i32(own), unroll: true }, out);
  }

  private sumOver(s: Readout['sums'][number], here: ReadonlyMap<string, Expr>, out: Stmt[]): void {
    const { b, r, share } = this;
    const e = s.def.value;
    if (e.kind !== 'reduce') throw new CompilerBug('kernel/from-tile', `${s.def.name} is no sum`);
    const names = this.elements.map(() => b.scope.names.fresh(s.def.name));
    for (const name of names) out.push(varS(name, f32(0)));
    out.push(
      this.over((at, vars, into) => {
        const place = b.place(into, vars);
        place.cache.set(s.before ? r.state.name : r.next.name, read(this.array, [at], r.state.type));
        const name = names[this.elements.indexOf(vars.get(this.axis)!)]!;
        into.push(assign(name, op('add', variable(name, 'f32'), b.scope.value(e.body, place))));
      }, here),
    );
    const exchanged = (value: Expr, xor: number): Expr => {
      const other = b.scope.names.fresh(`${s.def.name}_x`);
      out.push(shuffle(other, value, xor));
      return variable(other, 'f32');
    };
    const named = (value: Expr): Expr => b.named(value, `${s.def.name}_part`, out);
    let sums: Expr[] = names.map((n) => variable(n, 'f32'));
    let xor = 1;
    // Two lanes exchange halves of their elements, until each has one.
    for (; sums.length > 1; xor *= 2) {
      const upper = op('ne', rem(quot(this.part, xor), 2), i32(0));
      const half = sums.length / 2;
      sums = Array.from({ length: half }, (_, i) => {
        const [low, high] = [sums[i]!, sums[i + half]!];
        const other = exchanged(op('select', upper, low, high), xor);
        return named(op('add', op('select', upper, high, low), other));
      });
    }
    for (; xor < share; xor *= 2) sums = [named(op('add', sums[0]!, exchanged(sums[0]!, xor)))];
    out.push(this.put(s, here, sums[0]!));
  }

  /** One lane writes the sum of each element: of those that are exchanged, the one that it ended up with. */
  private put(s: Readout['sums'][number], here: ReadonlyMap<string, Expr>, value: Expr): Stmt {
    const { b, held, part } = this;
    let mine = this.first;
    for (let [bit, half] = [1, held / 2]; half >= 1; [bit, half] = [bit * 2, half / 2])
      mine = add(mine, mul(rem(quot(part, bit), 2), half));
    const at = new Map([...here, ...this.outer, [this.axis, mine]]);
    const index = b.flat(
      s.array,
      s.array.axes.map((a) => at.get(a)!),
    );
    return ifS(op('eq', quot(part, held), i32(0)), [store(b.nameOf(s.array), index, value)]);
  }

  private nextState(start: string | undefined, here: ReadonlyMap<string, Expr>): Stmt[] {
    const { b, r, begins } = this;
    const out: Stmt[] = [];
    const update = (value: Expr, only?: number): Stmt =>
      this.over(
        (at, vars, into) => {
          const place = b.place(into, vars);
          place.cache.set(r.state.name, read(this.array, [at], r.state.type));
          into.push(store(this.array, at, b.scope.value(value, place)));
        },
        here,
        only,
      );
    if (!begins || !start) return [update(r.next.value)];
    const apart = this.elements.map((e, i): Stmt => {
      const cond = b.scope.value(
        begins.cond,
        b.place(out, new Map([...here, ...this.outer, [this.axis, e]])),
      );
      const begin = this.over(
        (at, _, into) => into.push(store(this.array, at, read(start, [at], r.state.type))),
        here,
        i,
      );
      return ifS(cond, [begin], [update(begins.then, i)]);
    });
    if (this.held === 1) return [...out, ...apart];
    // Only where some element of the warp begins are they told apart.
    const at = here.get(r.state.axis)!;
    const [low, past] = this.range();
    const here2 = op('and', op('ge', at, low), op('lt', at, past));
    return [...out, ifS(here2, apart, [update(begins.then)])];
  }

  /** Where the elements of a warp are along the axis of neighbours. */
  private range(): readonly [Expr, Expr] {
    const per = Math.max(1, WARP / this.share) * this.held;
    const extent = this.b.extent(this.axis);
    const number = mul(quot(LANE, WARP), per);
    if (this.r.lanesAxes.length === 1) return [number, add(number, i32(per))];
    if (extent % per !== 0) return [i32(0), i32(extent)];
    const low = rem(number, extent);
    return [low, add(low, i32(per))];
  }

  /** Before the first element of a warp begins, all of its sums are 0: the warp only says so. */
  private skipped(here: ReadonlyMap<string, Expr>, inner: readonly Stmt[]): readonly Stmt[] {
    const { r } = this;
    if (!this.begins?.fromZero) return inner;
    const at = here.get(r.state.axis)!;
    const [low, past] = this.range();
    const has = r.state.reverse ? op('lt', at, past) : op('ge', at, low);
    return [
      ifS(
        has,
        inner,
        r.sums.map((s) => this.put(s, here, f32(0))),
      ),
    ];
  }

  private active(stmts: readonly Stmt[]): readonly Stmt[] {
    const used = (this.share * this.count()) / this.held;
    return used === this.b.plan.lanes ? stmts : [ifS(op('lt', quot(LANE, WARP), i32(used / WARP)), stmts)];
  }
}

interface Beginning {
  /** At this step an element begins anew. */
  readonly cond: Expr;
  readonly value: Expr;
  readonly then: Expr;
  /** Elements are 0 before they begin, and begin when the steps reach their own position. */
  readonly fromZero: boolean;
}

/** `if cond then value else then`, where the condition and the value do not move with the sum and the steps. */
function beginning(r: Readout): Beginning | undefined {
  const e = r.next.value;
  if (e.kind !== 'op' || e.op !== 'select') return undefined;
  const [cond, value, then] = e.args as [Expr, Expr, Expr];
  if (freeVars(cond).has(r.summed) || freeVars(value).has(r.state.axis) || mentions(value, r.state.name))
    return undefined;
  const scales =
    then.kind === 'op' &&
    then.op === 'mul' &&
    then.args.some((a) => a.kind === 'read' && a.name === r.state.name);
  const zero = r.state.init.kind === 'const' && r.state.init.value === 0;
  return { cond, value, then, fromZero: zero && scales && isSame(cond, r) };
}

const isSame = (e: Expr, r: Readout): boolean =>
  e.kind === 'op' &&
  e.op === 'eq' &&
  [key(variable(r.state.axis)), key(variable(r.lanesAxes.at(-1)!))].every((k) =>
    (e as OpExpr).args.some((a) => key(a) === k),
  );
