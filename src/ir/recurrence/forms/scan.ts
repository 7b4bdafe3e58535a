/**
 * The scan form: every chunk runs from nothing, what the chunks did is carried from one to the next, and every chunk runs
 * again from its true beginning.
 */
import { readNames, type Expr } from '../../../expr/expr.ts';
import type { IrDef, IrState } from '../../ir.ts';
import type { AffineStep, CoupledStep, MaxStep } from '../classify.ts';
import { Definitions } from '../definitions.ts';
import { diagonal, extreme, matrix, rowsOf, type Monoid } from './monoid.ts';
import { lastOf, readOf, type World } from './world.ts';

export function emitScan(world: World, step: AffineStep | CoupledStep | MaxStep): void {
  const states = step.kind === 'coupled' ? step.states : [step.state];
  const monoid = monoidOf(world, step);
  const alone = chunkRun(
    world,
    states,
    'alone',
    states.map(() => monoid.nothing),
  );
  const did = alone.map((s, n) => readOf(world.keep(`${states[n]!.name}.did`, lastOf(s))));
  const overChunks = (s: IrState): string[] => s.indices.map((a) => (a === s.axis ? world.chunk : a));
  const carried = world.together(
    states.map((s) => ({
      base: `${s.name}.chunks`,
      axis: world.chunk,
      indices: overChunks(s),
      init: s.init,
      final: s.final,
    })),
    (before) => monoid.join(before, did),
  );
  const before = carried.map((s, n) => readOf(world.keep(`${states[n]!.name}.before`, readOf(s), s.indices)));
  publish(world, states, chunkRun(world, states, 'run', before));
}

function monoidOf(world: World, step: AffineStep | CoupledStep | MaxStep): Monoid {
  if (step.kind === 'max') return extreme(world, step);
  return step.kind === 'affine' && step.feedback.length === 0
    ? diagonal(world, step)
    : matrix(world, rowsOf(step));
}

/** The step along one chunk, with copies of all that reads the states, for as long as they are not kept. */
function chunkRun(
  world: World,
  states: readonly IrState[],
  what: string,
  init: readonly Expr[],
): readonly IrState[] {
  const definitions = new Definitions(world.kernel);
  const specs = states.map((s, n) => ({
    base: `${s.name}.${what}`,
    axis: world.in,
    indices: world.indices(s.indices),
    init: init[n]!,
  }));
  return world.together(specs, (before) => {
    states.forEach((s, n) => world.setCounterpart(s.name, before[n]!.name));
    for (const d of readersOf(world, states)) {
      // What also reads a state that comes later is copied with that one.
      if (!world.ready(d.value)) continue;
      const made = world.let(`${d.name}.${what}`, world.at(d.value, 'in'), world.indices(d.indices));
      world.setCounterpart(d.name, made.name);
    }
    return states.map((s, n) =>
      world.guarded(world.at(readOf(definitions.get(s.next)!), 'in'), 'in', before[n]!),
    );
  });
}

/** Definitions that read a state in the same step with nothing but pointwise definitions in between. */
function readersOf(world: World, states: readonly IrState[]): IrDef[] {
  const direct = new Set(states.map((s) => s.name));
  const feeding = new Set<string>();
  // A sum that the step itself reads is part of the step, and so is what reads it there.
  const definitions = new Definitions(world.kernel);
  for (const s of states) for (const n of definitions.cone(definitions.get(s.next)!.value)) feeding.add(n);
  for (const s of states) feeding.add(s.next);
  return world.kernel.defs.filter((d) => {
    // What reads the states of all positions together, as their sum does, reads none of one step.
    if (!d.indices.includes(world.axis)) return false;
    if (![...readNames(d.value)].some((n) => direct.has(n))) return false;
    if (d.value.kind !== 'reduce' || feeding.has(d.name)) direct.add(d.name);
    return true;
  });
}

/** What reads the states becomes known under its copy, which is kept once somebody outside of the chunk's run asks. */
function publish(world: World, states: readonly IrState[], runs: readonly IrState[]): void {
  const keep = (name: string, copy: IrDef | IrState): void =>
    world.setCounterpart(name, () => world.keep(`${name}.kept`, readOf(copy), copy.indices));
  for (const d of readersOf(world, states))
    if (world.hasCounterpart(d.name)) keep(d.name, world.made(d.name));
  states.forEach((s, n) => keep(s.name, runs[n]!));
}
