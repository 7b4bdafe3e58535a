/** What a workgroup does for a block, one thing after the other. */
import type { Expr } from '../../expr/expr.ts';
import type { StorageType } from '../../expr/types.ts';
import type { BlockState, BlockStore, StepDef } from '../tile.ts';

/** Lanes of a workgroup that computes a block. */
export const BLOCK_LANES = 256;

export interface BlockArray {
  readonly name: string;
  readonly storage: StorageType;
  /** Local axes, outermost first. */
  readonly axes: readonly string[];
  readonly extents: readonly number[];
  readonly strides: readonly number[];
  readonly length: number;
}
/** An array as one side of a product: which of its last two axes is the product's depth. */
export interface Side {
  readonly array: BlockArray;
  readonly depthFirst: boolean;
}
export interface Fill {
  readonly kind: 'fill';
  readonly array: BlockArray;
  /** Over the array's axes. */
  readonly value: Expr;
  /** The tensor holds the rows as they are: they are copied. */
  readonly copied: boolean;
}
export interface Scan {
  readonly kind: 'scan';
  readonly state: BlockState;
  readonly next: StepDef;
  /** Axes beside its own. */
  readonly over: readonly string[];
  readonly before?: BlockArray;
  readonly after?: BlockArray;
  readonly last?: BlockArray;
}
/** A state too large to be kept: lanes hold it while they take its steps, and sum over it at each. */
export interface Readout {
  readonly kind: 'readout';
  readonly state: BlockState;
  readonly next: StepDef;
  /** What numbers the elements that lanes hold, the last one fastest. */
  readonly lanesAxes: readonly string[];
  readonly summed: string;
  /** `before`: it reads the state before its step. */
  readonly sums: readonly { readonly def: StepDef; readonly array: BlockArray; readonly before: boolean }[];
}
/** Sums over one depth, added to what is there. */
export interface ProductPart {
  readonly left: Side;
  readonly right: Side;
  readonly depth: number;
  /** What the sums so far are multiplied by before. */
  readonly scaled?: Expr;
}
export interface Product {
  readonly kind: 'product';
  /** Of the value that is summed up. */
  readonly name: string;
  readonly parts: readonly ProductPart[];
  readonly rowAxis: string;
  readonly columnAxis: string;
  readonly rows: number;
  readonly columns: number;
  /** So many products of their own, numbered along the first axis of all arrays. */
  readonly members?: { readonly axis: string; readonly count: number };
  /** What is written of a sum, which is read under its name; by default the sum itself. */
  readonly finish?: Expr | undefined;
  /** Over the axes of rows and columns, in any order, and of members before them. */
  readonly into: BlockArray;
  /** The storage of its operands on matrix units. */
  readonly matrix?: 'f16' | 'bf16';
}
export interface Gather {
  readonly kind: 'gather';
  readonly def: StepDef;
  readonly array: BlockArray;
}
export interface Write {
  readonly kind: 'write';
  readonly store: BlockStore;
}
export type Item = Fill | Scan | Readout | Product | Gather | Write;

export const writtenBy = (item: Item): readonly BlockArray[] => {
  switch (item.kind) {
    case 'fill':
    case 'gather':
      return [item.array];
    case 'scan':
      return [item.before, item.after, item.last].filter((a): a is BlockArray => a !== undefined);
    case 'readout':
      return item.sums.map((s) => s.array);
    case 'product':
      return [item.into];
    case 'write':
      return [];
  }
};

export interface ReadoutShape {
  /** Lanes that share some elements of the lanes' axis, each with its part of the sum. */
  readonly share: number;
  /** Elements that the same lanes hold: what they load of a row serves all of them. */
  readonly held: number;
}

/** @param held elements that are wanted per lane; fewer where the parts would become smaller than one load */
export function readoutShape(
  elements: number,
  summed: number,
  lanes: number,
  held = 1,
): ReadoutShape | undefined {
  for (let h = held; h > 1; h /= 2) {
    const share = (lanes * h) / elements;
    if (
      elements % h === 0 &&
      share >= h &&
      share <= 32 &&
      Number.isInteger(Math.log2(share)) &&
      summed % (4 * share) === 0
    )
      return { share, held: h };
  }
  let share = 1;
  while (share < 32 && 2 * share * elements <= lanes && summed % (2 * share) === 0) share *= 2;
  const used = share * elements;
  const fits = used <= lanes && (used === lanes || used % 32 === 0) && summed % share === 0;
  return fits ? { share, held: 1 } : undefined;
}
