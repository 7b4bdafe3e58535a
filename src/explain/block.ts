/** What a workgroup spends on the values that it computes together. */
import { freeVars, key, visit } from '../expr/expr.ts';
import { STORAGE } from '../expr/types.ts';
import type { Block, Stage, TileProgram } from '../tile/tile.ts';

/** Operations of its sums, and bytes of tensors, each element that it reads counted once. */
export function blockWork(
  p: TileProgram,
  s: Stage,
  b: Block,
): { readonly operations: number; readonly bytes: number } {
  const extents = new Map(s.vectors.map((v) => [v.name, v.extent]));
  // What is computed at each chunk of a walk counts as often.
  if (b.walk) extents.set(b.walk.axis, b.walk.extent);
  const elements = (axes: Iterable<string>): number =>
    [...new Set(axes)].reduce((n, a) => n * (extents.get(a) ?? 1), 1);
  let operations = 0;
  const read = new Map<string, number>();
  for (const d of b.defs) {
    if (d.value.kind === 'reduce') operations += 2 * elements([...d.indices, ...d.value.axes]);
    visit(d.value, (e) => {
      const t = e.kind === 'read' ? p.tensors.find((x) => x.name === e.name && x.role !== 'out') : undefined;
      if (!t || e.kind !== 'read') return;
      const axes = e.index.flatMap((x) => [...freeVars(x)]);
      read.set(key(e), elements(axes) * STORAGE[t.storage].bytes);
    });
  }
  return { operations, bytes: [...read.values()].reduce((a, x) => a + x, 0) };
}
