/** Runs one kernel: compiles its body once, then follows each workgroup. */
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import type { Expr } from '../../expr/expr.ts';
import type { Kernel } from '../kernel.ts';
import { compileExpr } from './expression.ts';
import { BufferMemory, SharedMemory, type Clock, type Memory, type TensorMemory } from './memory.ts';
import { Stop, type Report } from './report.ts';
import type { Lane, StatementPlaces, Trace } from './places.ts';
import { compileGroup } from './statement.ts';

/** Values of sizes, params and fixed sizes by name. */
export type Scalars = Readonly<Record<string, number>>;

export interface RunContext {
  readonly tensors: ReadonlyMap<string, TensorMemory>;
  readonly scalars: Scalars;
  readonly report: Report;
  /** Names of tensors in which a NaN is a problem. */
  readonly refuseNan: ReadonlySet<string>;
  /** Lanes of a subgroup. */
  readonly subgroup: number;
  readonly trace?: Trace;
}

/** The value of an integer expression over scalars alone. */
export function evaluateScalar(e: Expr, scalars: Scalars, report: Report): number {
  const names: string[] = [];
  const places = {
    slot: (n: string) => slotOf(names, n),
    local: () => undefined,
    memory: () => undefined,
    report,
  };
  const value = compileExpr(e, places);
  return value({
    number: 0,
    slots: Float64Array.from(names, (n) => scalarOf(scalars, n)),
    arrays: [],
    copies: [],
  });
}

function slotOf(names: string[], name: string): number {
  const known = names.indexOf(name);
  return known >= 0 ? known : names.push(name) - 1;
}

function scalarOf(scalars: Scalars, name: string): number {
  const value = scalars[name];
  if (value === undefined) throw new CompilerBug('kernel interpreter', `${name} has no value`);
  return value;
}

export function runKernel(k: Kernel, context: RunContext): void {
  const { report, scalars, tensors } = context;
  report.kernel = k.name;
  report.workgroup = 0;
  const clock: Clock = { epoch: 0, groupStart: 0 };
  const memories = new Map<string, Memory>();
  for (const s of k.shared)
    memories.set(s.name, new SharedMemory(s.name, s.storage, s.length, clock, report));
  for (const b of k.buffers) {
    const tensor = tensors.get(b.name);
    if (!tensor) throw new CompilerBug('kernel interpreter', `${k.name} uses ${b.name}, which is no tensor`);
    const elements = evaluateScalar(b.elements, scalars, report);
    if (elements > tensor.values.length) {
      report.add('out-of-bounds', `buffer ${b.name} claims ${elements} elements of ${tensor.values.length}`);
    }
    const length = Math.min(elements, tensor.values.length);
    memories.set(b.name, new BufferMemory(b.name, tensor, length, b.access !== 'read', clock, report));
  }
  const names = ['workgroup', 'lane', 'subgroup', 'subgroup_number', 'subgroups'];
  const locals = new Map<string, { index: number; length: number }>();
  const places: StatementPlaces = {
    report,
    laneCount: k.lanes,
    subgroup: context.subgroup,
    matrices: new Map(),
    ...(context.trace ? { trace: context.trace } : {}),
    slot: (name) => slotOf(names, name),
    local: (name) => locals.get(name)?.index,
    memory: (name) => memories.get(name),
    declareLocal: (name, length) => {
      const known = locals.get(name);
      if (known && known.length !== length) {
        throw new CompilerBug('kernel interpreter', `${k.name}: array ${name} has two lengths`);
      }
      locals.set(name, known ?? { index: locals.size, length });
      return locals.get(name)!.index;
    },
    barrier: () => {
      clock.epoch += 1;
    },
    checkStore: (name, index, value) => {
      if (context.refuseNan.has(name)) report.add('not-a-number', `${name}[${index}] becomes ${value}`);
    },
  };
  for (const u of k.uniforms) places.slot(u.name);
  const run = compileGroup(k.body, places);
  const groups = evaluateScalar(k.grid, scalars, report);
  const initial = Float64Array.from(names, (n) => scalars[n] ?? 0);
  const lanes = Array.from({ length: k.lanes }, (_, number): Lane => ({
    number,
    slots: new Float64Array(names.length),
    arrays: [...locals.values()].map((l) => new Float64Array(l.length)),
    copies: [],
  }));
  for (let group = 0; group < groups; group++) {
    report.workgroup = group;
    clock.epoch += 1;
    clock.groupStart = clock.epoch;
    for (const m of memories.values()) if (m instanceof SharedMemory) m.reset();
    for (const l of lanes) {
      l.slots.set(initial);
      l.slots[0] = group;
      l.slots[1] = l.number;
      l.slots[2] = context.subgroup;
      l.slots[3] = Math.floor(l.number / context.subgroup);
      l.slots[4] = Math.ceil(k.lanes / context.subgroup);
      l.copies.splice(0, Infinity, []);
    }
    try {
      run(lanes);
      const left = lanes.find((l) => l.copies.some((g) => g.length > 0));
      if (left) report.add('race', `lane ${left.number} ends before its copies have landed`);
    } catch (e) {
      if (!(e instanceof Stop)) throw e;
    }
  }
}
