/** The stage of a cluster of states: what its lanes compute step by step, in order, and what of it is written. */
import { mapChildren, readsOf, type Expr } from '../expr/expr.ts';
import type { IrState } from '../ir/ir.ts';
import type { Space } from './absorb.ts';
import type { Cluster } from './clusters.ts';
import type { Graph } from './graph.ts';
import type { Stage, StepDef, StepStore, TileAxis } from './tile.ts';

export interface StepOutputs {
  readonly stores: readonly StepStore[];
  readonly finals: readonly StepStore[];
}

/**
 * @param g the kernel in which all that the stage reads of other stages is a tensor
 * @throws UserError E0610 for a vector axis whose extent is open
 */
export function recurrenceStage(
  g: Graph,
  c: Cluster,
  space: Space,
  written: StepOutputs,
  name: string,
): Stage {
  const defs = stepDefs(g, [...c.states.map((s) => s.next), ...written.stores.map((s) => s.name)], c);
  const used = new Set(c.states.flatMap((s) => s.indices));
  for (const d of defs) for (const a of [...d.indices, ...reduced(d)]) used.add(a);
  const axis = (a: string): TileAxis => ({ name: a, extent: g.extent(a) });
  const { batch, row } = columns(g, space.lanes, neighbours(g, defs, written));
  return {
    name,
    batch: batch.map(axis),
    row: row.map(axis),
    stream: [],
    vectors: [...space.vectors]
      .filter((a) => used.has(a) && !space.loops.has(a))
      .map((a) => ({ name: a, extent: g.vectorExtent(a) })),
    prologue: [],
    rowOperands: [],
    passes: [],
    stores: [],
    recurrence: {
      axis: axis(c.axis),
      reverse: c.reverse,
      loops: [...space.loops].filter((a) => used.has(a)).map(axis),
      states: g.kernel.states.filter(isOf(c)).map((s) => ({
        name: s.name,
        type: s.type,
        indices: s.indices,
        init: opened(g, s.init),
        next: s.next,
      })),
      defs,
      ...written,
    },
  };
}

const isOf =
  (c: Cluster) =>
  (s: IrState): boolean =>
    c.states.some((x) => x.name === s.name);
const reduced = (d: StepDef): readonly string[] => (d.value.kind === 'reduce' ? d.value.axes : []);

/** All that is computed in a step, in dependence order. */
function stepDefs(g: Graph, roots: readonly string[], c: Cluster): readonly StepDef[] {
  const out = new Map<string, StepDef>();
  const add = (name: string): void => {
    if (out.has(name) || !g.isDef(name)) return;
    const { type, indices, value } = g.def(name);
    for (const r of readsOf(value)) if (!c.states.some((s) => s.name === r.name)) add(r.name);
    out.set(name, { name, type, indices, value });
  };
  roots.forEach(add);
  return [...out.values()];
}

/** Pointwise definitions put where an initial value reads them: it is computed once, before all steps. */
function opened(g: Graph, e: Expr): Expr {
  if (e.kind === 'read' && g.isDef(e.name)) return opened(g, g.def(e.name).value);
  return mapChildren(e, (c) => opened(g, c));
}

/** How often neighbours along an axis are neighbours in memory. */
function neighbours(g: Graph, defs: readonly StepDef[], written: StepOutputs): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  const note = (a: string): void => void out.set(a, (out.get(a) ?? 0) + 1);
  for (const d of defs)
    for (const r of g.tensorReads(d.value)) {
      const last = r.index.at(-1);
      if (last?.kind === 'var') note(last.name);
    }
  for (const x of [...written.stores, ...written.finals]) {
    const last = x.indices.at(-1);
    if (typeof last === 'string') note(last);
  }
  return out;
}

/** Rows of a workgroup lie along the axis that moves fastest in memory; where it is short, along the next as well. */
function columns(
  g: Graph,
  lanes: readonly string[],
  uses: ReadonlyMap<string, number>,
): { batch: readonly string[]; row: readonly string[] } {
  const most = Math.max(0, ...lanes.map((a) => uses.get(a) ?? 0));
  const feature = lanes.findLast((a) => (uses.get(a) ?? 0) === most);
  if (feature === undefined) return { batch: [], row: [] };
  const others = lanes.filter((a) => a !== feature);
  const row = [feature];
  let rows = g.fixedExtent(feature) ?? Infinity;
  while (others.length > 0 && rows < SHORT) {
    const next = others.pop()!;
    row.unshift(next);
    rows *= g.fixedExtent(next) ?? Infinity;
  }
  return { batch: others, row };
}

/** Fewer columns than this would leave lanes without work. */
const SHORT = 8;
