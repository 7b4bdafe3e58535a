/** What a stage keeps of its operands in workgroup memory. */
import { key } from '../expr/expr.ts';
import type { StagePlan } from './plan.ts';
import type { Operand, Stage } from './tile.ts';

export const extentOf = (s: Stage, vector: string): number =>
  s.vectors.find((v) => v.name === vector)!.extent;

/** Numbers that a lane takes of a row of an operand: floats, integers, or words of four bytes. */
export const wordsOf = (s: Stage, o: Operand): number =>
  Math.ceil(extentOf(s, o.vector) / (o.storage === 'i8' || o.storage === 'u8' ? 4 : 1));

/** Equal for operands of different passes that hold the same matrix, which then share an array. */
export const operandContent = (o: Operand): string => `${o.site} ${o.vector} ${o.storage} ${key(o.value)}`;

/** Column operands and column values of all passes, each content once. */
export function columnContents(s: Stage): { readonly operands: readonly Operand[]; readonly values: number } {
  const operands = new Map(s.passes.flatMap((p) => p.operands.map((o) => [operandContent(o), o] as const)));
  const values = new Set(s.passes.flatMap((p) => p.defs.filter((d) => d.site === 'col').map((d) => d.name)));
  return { operands: [...operands.values()], values: values.size };
}

/** Column operands are never in workgroup memory, and elements of a tile are scalars. */
export const readsInPlace = (plan: Pick<StagePlan, 'operands'>): boolean => plan.operands !== 'workgroup';
