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
  const of = [c.rows, c.cols].map((name) => operands.get(name)!.storage);
  if (!of.every((x) => x === 'i8' || x === 'u8'))
    return `products of ${c.type} one by one, since nothing proves that operands fit a byte`;
  const bytes = [...new Set(of)].join(' and ');
  return plan.arrangement === 'warp-matrix'
    ? `products of ${bytes} on matrix units`
    : `products of ${bytes}, four at a time`;
}
