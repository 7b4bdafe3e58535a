/** Which matrix unit takes the two sides of a product, by how what they are made of is stored. */
import { visit, type Expr } from '../../expr/expr.ts';
import type { StorageType } from '../../expr/types.ts';
import type { Block, StepDef, TileTensor } from '../tile.ts';

export type Half = 'f16' | 'bf16';

export class Units {
  private readonly defs: ReadonlyMap<string, StepDef>;

  constructor(
    private readonly block: Block,
    private readonly tensors: ReadonlyMap<string, Pick<TileTensor, 'role' | 'storage'>>,
  ) {
    this.defs = new Map(block.defs.map((d) => [d.name, d]));
  }

  /**
   * The storage in which matrix units take both sides. What is made of bf16 values and rounded to bf16 once more has an error of
   * the same size, 2^-9 of its own magnitude, and has the range of f32. f16 lacks that range: only values that lie in
   * memory as f16 are taken.
   */
  of(left: Expr, right: Expr): Half | undefined {
    const sides = [left, right].map((e) => this.halves(e));
    const found = new Set(sides.flatMap((x) => [...x]));
    // Sides that nobody stored in 16 bits are not rounded, but for values that the kernel keeps for itself.
    const isFine = (e: Expr, n: number): boolean => sides[n]!.size > 0 || this.isKeptBefore(e);
    if (found.size !== 1 || ![left, right].every(isFine)) return undefined;
    const [only] = found;
    if (only === 'bf16') return only;
    return [left, right].every((e) => this.plain(e) === 'f16') ? 'f16' : undefined;
  }

  /** Storage of the tensor that the expression reads as it is. */
  plain(e: Expr): StorageType | undefined {
    return e.kind === 'read' ? this.tensors.get(e.name)?.storage : undefined;
  }

  private isKeptBefore(e: Expr): boolean {
    return e.kind === 'read' && this.tensors.get(e.name)?.role === 'workspace';
  }

  private halves(e: Expr, seen = new Set<string>()): Set<Half> {
    const out = new Set<Half>();
    visit(e, (x) => {
      if (x.kind !== 'read') return;
      const storage = this.tensors.get(x.name)?.storage;
      if (storage === 'f16' || storage === 'bf16') out.add(storage);
      const name = this.block.states.find((s) => s.name === x.name || s.final === x.name)?.next ?? x.name;
      const d = this.defs.get(name);
      if (!d || seen.has(name)) return;
      seen.add(name);
      for (const h of this.halves(d.value, seen)) out.add(h);
    });
    return out;
  }
}
