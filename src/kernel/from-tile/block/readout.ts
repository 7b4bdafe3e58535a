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
  visit,
  type Expr,
  type OpExpr,
} from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import { readoutShape, type Readout } from '../../../tile/block/items.ts';
import { arrayS, assign, forS, ifS, LANE, letS, shuffle, store, varS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import type { BlockLowering } from './lower.ts';

/** Elements of a row that one load takes. */
const TOGETHER = 4;
const WARP = 32;

export function lowerReadout(b: BlockLowering, r: Readout): readonly Stmt[] {
  const [elements, summed] = [b.extent(r.lanesAxis), b.extent(r.summed)];
  const shape = readoutShape(elements, summed, b.plan.lanes);
  if (!shape) throw new CompilerBug('kernel/from-tile', `${r.state.name} fits no lanes`);
  const { share } = shape;
  const own = summed / share;
  const group = own % TOGETHER === 0 ? TOGETHER : 1;
  const { scope } = b;
  const body: Stmt[] = [];
  const mine = b.named(simplify(op('quot', LANE, i32(share))), r.lanesAxis, body);
  const part = b.named(simplify(op('rem', LANE, i32(share))), 'part', body);
  /** Coordinate of a lane's element: neighbours hold neighbouring groups. */
  const coordinate = (n: Expr): Expr => {
    const whole = simplify(op('quot', n, i32(group)));
    const first = simplify(op('add', simplify(op('mul', whole, i32(share))), part));
    return simplify(op('add', simplify(op('mul', first, i32(group))), simplify(op('rem', n, i32(group)))));
  };
  const array = scope.names.fresh(r.state.name);
  const held = (n: Expr): Expr => read(array, [n], r.state.type);
  const over = (
    make: (n: Expr, vars: ReadonlyMap<string, Expr>, out: Stmt[]) => void,
    vars: ReadonlyMap<string, Expr>,
  ): Stmt => {
    const n = scope.index('n');
    const out: Stmt[] = [];
    const d = b.named(coordinate(variable(n)), r.summed, out);
    make(variable(n), new Map([...vars, [r.summed, d]]), out);
    return forS(n, { to: i32(own), unroll: true }, out);
  };
  body.push(arrayS(array, r.state.type, own));
  if (r.state.init.kind !== 'const' || r.state.init.value !== 0)
    body.push(over((n, _, out) => out.push(store(array, n, r.state.init)), new Map()));
  const base = new Map([[r.lanesAxis, mine]]);
  const begins = beginning(r);
  // Values with which elements begin are loaded before the steps.
  const start = begins && scope.names.fresh(`${r.state.name}_first`);
  if (begins && start) {
    body.push(arrayS(start, r.state.type, own));
    body.push(
      over((n, vars, out) => {
        const x = scope.value(begins.value, b.place(out, vars));
        out.push(store(start, n, x));
      }, base),
    );
  }
  const steps = b.extent(r.state.axis);
  const step = scope.index('step');
  const loop: Stmt[] = [];
  const at = r.state.reverse ? simplify(op('sub', i32(steps - 1), variable(step))) : variable(step);
  const here = new Map([...base, [r.state.axis, b.named(at, r.state.axis, loop)]]);
  const inner: Stmt[] = [];
  for (const s of r.sums.filter((x) => x.before)) sumOver(s);
  inner.push(...nextState());
  for (const s of r.sums.filter((x) => !x.before)) sumOver(s);
  loop.push(...skipped());
  return active([...body, forS(step, { to: i32(steps) }, loop)]);

  function sumOver(s: Readout['sums'][number]): void {
    const own = scope.names.fresh(s.def.name);
    inner.push(varS(own, f32(0)));
    const e = s.def.value;
    if (e.kind !== 'reduce') throw new CompilerBug('kernel/from-tile', `${s.def.name} is no sum`);
    inner.push(
      over((n, vars, out) => {
        const place = b.place(out, vars);
        place.cache.set(s.before ? r.state.name : r.next.name, held(n));
        out.push(assign(own, op('add', variable(own, 'f32'), scope.value(e.body, place))));
      }, here),
    );
    let sum: Expr = variable(own, 'f32');
    for (let xor = 1; xor < share; xor *= 2) {
      const other = scope.names.fresh(`${own}_x`);
      inner.push(shuffle(other, sum, xor));
      const both = scope.names.fresh(`${own}_both`);
      inner.push(letS(both, op('add', sum, variable(other, 'f32'))));
      sum = variable(both, 'f32');
    }
    inner.push(ifS(op('eq', part, i32(0)), [put(s, sum)]));
  }

  function put(s: Readout['sums'][number], value: Expr): Stmt {
    return store(
      b.nameOf(s.array),
      b.flat(
        s.array,
        s.array.axes.map((a) => here.get(a)!),
      ),
      value,
    );
  }

  function nextState(): Stmt[] {
    const out: Stmt[] = [];
    const update = (value: Expr): Stmt =>
      over((n, vars, into) => {
        const place = b.place(into, vars);
        place.cache.set(r.state.name, held(n));
        into.push(store(array, n, scope.value(value, place)));
      }, here);
    if (!begins || !start) return [update(r.next.value)];
    const cond = scope.value(begins.cond, b.place(out, here));
    const begin = over((n, _, into) => into.push(store(array, n, read(start, [n], r.state.type))), here);
    out.push(ifS(cond, [begin], [update(begins.then)]));
    return out;
  }

  /** Before the first element of a warp begins, all of its sums are 0: the warp only says so. */
  function skipped(): Stmt[] {
    if (!begins?.fromZero) return inner;
    const warp = simplify(op('quot', LANE, i32(WARP)));
    const per = Math.max(1, WARP / share);
    const low = b.named(simplify(op('mul', warp, i32(per))), 'first', body);
    const has = r.state.reverse
      ? op('le', here.get(r.state.axis)!, op('add', low, i32(per - 1)))
      : op('ge', here.get(r.state.axis)!, low);
    const zeros = r.sums.map((s) => put(s, f32(0)));
    return [ifS(has, inner, [ifS(op('eq', part, i32(0)), zeros)])];
  }

  function active(stmts: readonly Stmt[]): readonly Stmt[] {
    const used = share * elements;
    return used === b.plan.lanes
      ? stmts
      : [ifS(op('lt', simplify(op('quot', LANE, i32(WARP))), i32(used / WARP)), stmts)];
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
  if (freeVars(cond).has(r.summed) || freeVars(value).has(r.state.axis) || reads(value, r.state.name))
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
  [key(variable(r.state.axis)), key(variable(r.lanesAxis))].every((k) =>
    (e as OpExpr).args.some((a) => key(a) === k),
  );

function reads(e: Expr, name: string): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.kind === 'read' && x.name === name) found = true;
  });
  return found;
}
