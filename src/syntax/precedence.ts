/** How tightly operators bind, taken from the table of scalar operations so that both languages agree. */
import { OPS } from '../expr/ops.ts';
import type { OpRow } from '../expr/ops.ts';
import type { BinaryOperator, UnaryOperator } from './ast.ts';

const rows: readonly OpRow[] = Object.values(OPS);
const levels = new Map(
  rows.flatMap((row) => (row.infix ? [[row.infix.symbol, row.infix.level] as const] : [])),
);

/** A prefix operator binds tighter than `*` and less tightly than `**`: `-x ** 2` is `-(x ** 2)`. */
export const PREFIX_LEVEL = 10;
/** Comparisons do not associate. */
export const COMPARISON_LEVEL = 6;
/** The level of `**`, the one operator that associates to the right. */
export const POWER_LEVEL = 11;
/** Names, literals, calls, indices and parentheses. */
export const ATOM_LEVEL = 12;

const PREFIXES: readonly string[] = ['-', '!', '~'] satisfies UnaryOperator[];

/** Binding strength of a binary operator; larger binds tighter. */
export function binaryLevel(op: BinaryOperator): number {
  return levels.get(op)!;
}

export const isBinaryOperator = (text: string): text is BinaryOperator => levels.has(text);
export const isUnaryOperator = (text: string): text is UnaryOperator => PREFIXES.includes(text);
