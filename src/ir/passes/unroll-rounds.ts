/**
 * Pass `unroll-rounds`: states over matrices that a few rounds change become definitions, one for each round.
 *
 * A lane carries a state through its steps in numbers of its own. Where a step multiplies a state's rows with its columns,
 * a lane would have to hold all of a matrix, and one lane would do all the work of a matrix product. Written out, each
 * product is a contraction like any other. Positions along an axis of tensors are never written out: there can be many.
 */
import {
  freeVars,
  hasReduction,
  i32,
  read,
  rewrite,
  substitute,
  variable,
  visit,
  type Expr,
} from '../../expr/expr.ts';
import { axisOf, type IrDef, type IrKernel, type IrState } from '../ir.ts';
import { readersOf } from '../needs.ts';
import { FreshNames } from './names.ts';

/** More rounds make more launches than steps cost. */
const MOST_ROUNDS = 64;
/** Numbers of one state that a lane can hold. */
const MOST_HELD = 128;

export function unrollRounds(k: IrKernel): IrKernel {
  const axis = [...new Set(k.states.map((s) => s.axis))].find((a) => isRounds(k, a) && needsMatrices(k, a));
  return axis === undefined ? k : unrollRounds(unrolled(k, axis));
}

/** A short axis of known extent that no tensor has. */
function isRounds(k: IrKernel, axis: string): boolean {
  const extent = axisOf(k, axis)?.extent;
  if (extent?.kind !== 'const' || extent.value > MOST_ROUNDS) return false;
  const inTensors = k.tensors.some((t) => t.dims.some((d) => d.axis === axis));
  return !inTensors && !k.outputs.some((o) => o.indices.includes(axis));
}

/** A step reads what it carries elsewhere than at its own element, along axes with more elements than a lane can hold. */
function needsMatrices(k: IrKernel, axis: string): boolean {
  const states = k.states.filter((s) => s.axis === axis);
  const carried = readersOf(
    k,
    states.map((s) => s.name),
  );
  const indices = new Map<string, readonly string[]>([...states, ...k.defs].map((x) => [x.name, x.indices]));
  const moved = new Set<string>();
  for (const d of k.defs)
    visit(d.value, (x) => {
      if (x.kind !== 'read' || !carried.has(x.name)) return;
      indices.get(x.name)!.forEach((a, n) => {
        const at = x.index[n]!;
        const isOwn = at.kind === 'var' && at.name === a && d.indices.includes(a);
        if (a !== axis && !isOwn) moved.add(a);
      });
    });
  const held = [...moved].reduce((n, a) => {
    const extent = axisOf(k, a)?.extent;
    return n * (extent?.kind === 'const' ? extent.value : Infinity);
  }, 1);
  return held > MOST_HELD;
}

function unrolled(k: IrKernel, axis: string): IrKernel {
  const states = k.states.filter((s) => s.axis === axis);
  const rounds = (axisOf(k, axis)!.extent as Expr & { kind: 'const' }).value;
  const carried = readersOf(
    k,
    states.map((s) => s.name),
  );
  const steps = k.defs.filter((d) => carried.has(d.name));
  const names = new FreshNames([...k.defs, ...k.states, ...k.tensors].map((x) => x.name));
  /** What each name of a step is called in the present round. */
  let now = new Map<string, string>();
  const made: IrDef[] = [];
  const inRound = (e: Expr, round: number): Expr =>
    rewrite(substitute(e, new Map([[axis, i32(round)]])), (x) => {
      const name = x.kind === 'read' ? now.get(x.name) : undefined;
      if (x.kind !== 'read' || name === undefined) return x;
      const of = [...states, ...steps].find((s) => s.name === x.name)!;
      return { ...x, name, index: x.index.filter((_, n) => of.indices[n] !== axis) };
    });
  const without = (indices: readonly string[]): readonly string[] => indices.filter((a) => a !== axis);
  for (const s of states) {
    const name = names.fresh(`${s.name}.first`);
    made.push({ name, role: 'let', indices: without(s.indices), type: s.type, value: s.init });
    now.set(s.name, name);
  }
  for (let round = 0; round < rounds; round++) {
    const after = new Map<string, string>();
    for (const d of steps) {
      const name = names.fresh(`${d.name}.${round + 1}`);
      const { inStepsOf: _, ...own } = d;
      const value = inRound(d.value, round);
      made.push({
        ...own,
        name,
        indices: without(d.indices),
        value,
        ...(hasReduction(value) ? { stored: true } : {}),
      });
      now.set(d.name, name);
      after.set(d.name, name);
    }
    now = new Map([...after, ...states.map((s) => [s.name, carriedOn(s, after, made, names)] as const)]);
  }
  for (const s of states)
    made.push({
      name: s.final,
      role: 'let',
      indices: without(s.indices),
      type: s.type,
      value: read(
        now.get(s.name)!,
        without(s.indices).map((a) => variable(a)),
        s.type,
      ),
    });
  const behind = readersOf(
    k,
    states.map((s) => s.final),
  );
  const rest = k.defs.filter((d) => !carried.has(d.name));
  return {
    ...k,
    axes: usesAxis(rest, axis) ? k.axes : k.axes.filter((a) => a.name !== axis),
    states: k.states.filter((s) => s.axis !== axis),
    defs: [...rest.filter((d) => !behind.has(d.name)), ...made, ...rest.filter((d) => behind.has(d.name))],
  };
}

/** The value of a step under the order of indices in which the state is read. */
function carriedOn(s: IrState, after: ReadonlyMap<string, string>, made: IrDef[], names: FreshNames): string {
  const next = made.find((d) => d.name === after.get(s.next))!;
  const indices = s.indices.filter((a) => a !== s.axis);
  if (next.indices.join() === indices.join()) return next.name;
  const name = names.fresh(`${s.name}.next`);
  const value = read(
    next.name,
    next.indices.map((a) => variable(a)),
    s.type,
  );
  made.push({ name, role: 'let', indices, type: s.type, value });
  return name;
}

const usesAxis = (defs: readonly IrDef[], axis: string): boolean =>
  defs.some((d) => d.indices.includes(axis) || freeVars(d.value).has(axis));
