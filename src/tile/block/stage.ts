/** The stage of values that a workgroup computes together. */
import { mapChildren, type Expr } from '../../expr/expr.ts';
import type { IrKernel } from '../../ir/ir.ts';
import { storedName } from '../demand.ts';
import type { Block, Stage, StepDef, TileAxis } from '../tile.ts';
import type { BlockPart } from './select.ts';

export function blockStage(k: IrKernel, part: BlockPart, name: string): Stage {
  const axis = (a: string): TileAxis => ({ name: a, extent: k.axes.find((x) => x.name === a)!.extent });
  return {
    name,
    batch: part.batch.map(axis),
    row: [],
    stream: [],
    vectors: part.locals
      .map(axis)
      .map((a) => ({ name: a.name, extent: a.extent.kind === 'const' ? a.extent.value : 0 })),
    prologue: [],
    rowOperands: [],
    passes: [],
    stores: [],
    block: {
      states: part.states,
      defs: part.defs,
      stores: part.stores,
      ...(part.walk ? { walk: part.walk } : {}),
    },
  };
}

/** The block with what earlier stages keep read from memory. */
export function renamed(b: Block, kept: ReadonlySet<string>): Block {
  const swap = (e: Expr): Expr => {
    const inner = mapChildren(e, swap);
    return inner.kind === 'read' && kept.has(inner.name) ? { ...inner, name: storedName(inner.name) } : inner;
  };
  return {
    ...b,
    states: b.states.map((s) => ({ ...s, init: swap(s.init) })),
    defs: b.defs.map((d) => ({ ...d, value: swap(d.value) as StepDef['value'] })),
    stores: b.stores.map((s) => ({ ...s, value: swap(s.value) })),
  };
}
