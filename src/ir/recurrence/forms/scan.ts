/**
 * The scan form: every chunk runs from nothing, what the chunks did is carried from one to the next, and every chunk runs
 * again from its true beginning.
 *
 *   affine   S[c + 1] = total[c] · S[c] + S of chunk c from 0
 *   maximum  m[c + 1] = max(m[c] + shift[c], m of chunk c from the least number)
 */
import { f32, op, readNames, type Expr, type ReadExpr } from '../../../expr/expr.ts';
import type { IrDef, IrState } from '../../ir.ts';
import type { AffineStep, MaxStep } from '../classify.ts';
import { Definitions } from '../definitions.ts';
import { times } from './terms.ts';
import { lastOf, readOf, type World } from './world.ts';

/** Far below any score, and far from where adding a shift would overflow. */
const LEAST = -1e30;

interface Monoid {
  /** What a chunk starts from so that it tells only what it does itself. */
  readonly nothing: Expr;
  /** The state after a chunk, from the state before it and what the chunk did. */
  join(before: Expr, chunk: Expr): Expr;
}

export function emitScan(world: World, step: AffineStep | MaxStep): void {
  const { state } = step;
  const monoid = step.kind === 'max' ? extreme(world, step) : affine(world, step);
  const alone = chunkRun(world, state, `${state.name}.alone`, monoid.nothing);
  const chunkAxes = state.indices.map((a) => (a === state.axis ? world.chunk : a));
  const did = world.keep(`${state.name}.did`, lastOf(alone));
  const carried = world.state(
    `${state.name}.chunks`,
    world.chunk,
    chunkAxes,
    state.init,
    (before) => monoid.join(before, readOf(did)),
    { final: state.final },
  );
  const before = world.keep(`${state.name}.before`, readOf(carried), chunkAxes);
  publish(world, state, chunkRun(world, state, `${state.name}.run`, readOf(before)));
}

function affine(world: World, step: AffineStep): Monoid {
  const { state, decay } = step;
  const own = world.guarded(world.at(decay, 'in'), 'in', f32(1));
  const free = world.axesOf(own).filter((a) => a !== world.chunk && a !== world.in);
  const s = world.state(
    `${state.name}.decays`,
    world.in,
    [...free, world.chunk, world.in],
    f32(1),
    (before) => times(before, own),
  );
  const total = world.keep(`${state.name}.total`, lastOf(s));
  return { nothing: f32(0), join: (before, chunk) => op('add', times(readOf(total), before), chunk) };
}

function extreme(world: World, step: MaxStep): Monoid {
  const { state, shift } = step;
  const sign = step.op === 'max' ? 1 : -1;
  const nothing = f32(sign * LEAST);
  const join = (shifted: Expr, chunk: Expr): Expr => op(step.op, shifted, chunk);
  if (shift.kind === 'const' && shift.value === 0) return { nothing, join };
  const own = world.guarded(world.at(shift, 'in'), 'in', f32(0));
  const free = world.axesOf(own).filter((a) => a !== world.chunk && a !== world.in);
  const s = world.state(
    `${state.name}.shifts`,
    world.in,
    [...free, world.chunk, world.in],
    f32(0),
    (before) => op('add', before, own),
  );
  const total = world.keep(`${state.name}.shift`, lastOf(s));
  return { nothing, join: (before, chunk) => join(op('add', before, readOf(total)), chunk) };
}

/** The step along one chunk, with copies of all that reads the state, for as long as they are not kept. */
function chunkRun(world: World, s: IrState, base: string, init: Expr): IrState {
  const definitions = new Definitions(world.kernel);
  const state = world.state(base, world.in, world.indices(s.indices), init, (before) => {
    world.setCounterpart(s.name, (before as ReadExpr).name);
    for (const d of readersOf(world, s)) {
      // What also reads a state that comes later is copied with that one.
      if (!world.ready(d.value)) continue;
      const made = world.let(
        `${d.name}.${base.split('.').at(-1)!}`,
        world.at(d.value, 'in'),
        world.indices(d.indices),
      );
      world.setCounterpart(d.name, made.name);
    }
    const next = world.at(readOf(definitions.get(s.next)!), 'in');
    return world.guarded(next, 'in', before);
  });
  return state;
}

/** Definitions that read the state in the same step with nothing but pointwise definitions in between. */
function readersOf(world: World, s: IrState): IrDef[] {
  const direct = new Set([s.name]);
  return world.kernel.defs.filter((d) => {
    if (![...readNames(d.value)].some((n) => direct.has(n))) return false;
    if (d.value.kind !== 'reduce') direct.add(d.name);
    return true;
  });
}

/** What reads the state becomes known under its copy, which is kept once somebody outside of the chunk's run asks. */
function publish(world: World, s: IrState, run: IrState): void {
  const keep = (name: string, copy: IrDef | IrState): void =>
    world.setCounterpart(name, () => world.keep(`${name}.kept`, readOf(copy), copy.indices));
  for (const d of readersOf(world, s)) if (world.hasCounterpart(d.name)) keep(d.name, world.made(d.name));
  keep(s.name, run);
}
