/** A state whose positions are all kept: a lane takes the steps of each of its elements. */
import { i32, op, variable, type Expr } from '../../../expr/expr.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { Scan } from '../../../tile/block/items.ts';
import { assign, forS, ifS, LANE, store, varS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import { held } from './elements.ts';
import type { BlockLowering } from './lower.ts';

export function lowerScan(
  b: BlockLowering,
  { state, next, over, before, after, last }: Scan,
): readonly Stmt[] {
  const name = b.scope.names.fresh(state.name);
  const steps = b.extent(state.axis);
  const body = (vars: ReadonlyMap<string, Expr>, out: Stmt[]): void => {
    out.push(varS(name, b.scope.value(state.init, b.place(out, vars))));
    const step = b.scope.index('step');
    const loop: Stmt[] = [];
    const at = state.reverse ? simplify(op('sub', i32(steps - 1), variable(step))) : variable(step);
    const here = new Map([...vars, [state.axis, b.named(at, state.axis, loop)]]);
    const current = variable(name, state.type);
    const place = b.place(loop, here);
    // The state at hand is the lane's own number.
    place.cache.set(state.name, current);
    const put = (array: typeof before, value: Expr): void => {
      if (array)
        loop.push(
          store(
            b.nameOf(array),
            b.flat(
              array,
              array.axes.map((a) => here.get(a)!),
            ),
            held(value),
          ),
        );
    };
    put(before, current);
    const value = b.named(b.scope.value(next.value, place), `${state.name}_next`, loop);
    put(after, value);
    loop.push(assign(name, value));
    out.push(forS(step, { to: i32(steps), unroll: true }, loop));
    if (last)
      out.push(
        store(
          b.nameOf(last),
          b.flat(
            last,
            last.axes.map((a) => vars.get(a)!),
          ),
          held(current),
        ),
      );
  };
  if (over.length > 0) return b.forElements(over, body);
  const out: Stmt[] = [];
  body(new Map(), out);
  return [ifS(op('eq', LANE, i32(0)), out)];
}
