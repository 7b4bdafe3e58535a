/** How sums of products of integers are made, for an explanation: what is proven of their operands, and what multiplies them. */
import type { StagePlan } from '../tile/plan.ts';
import type { Contraction, Operand, Pass, Stage } from '../tile/tile.ts';

/** One line per contraction of integers. */
export function integerSums(s: Stage, pass: Pass, plan: StagePlan): readonly string[] {
  const operands = new Map([...s.rowOperands, ...pass.operands].map((o) => [o.name, o]));
  return pass.contractions
    .filter((c) => c.type !== 'f32')
    .map((c) => `${c.name.replace(/\.dot$/, '')}: ${how(c, operands, plan)}`);
}

function how(c: Contraction, operands: ReadonlyMap<string, Operand>, plan: StagePlan): string {
  const { storage } = operands.get(c.rows)!;
  // Operands are held alike: as bytes where both fit one kind of byte.
  if (storage !== 'i8' && storage !== 'u8')
    return `products of ${c.type} one by one, since nothing proves that both operands fit one kind of byte`;
  return plan.arrangement === 'warp-matrix'
    ? `products of ${storage} on matrix units`
    : `products of ${storage}, four at a time`;
}
