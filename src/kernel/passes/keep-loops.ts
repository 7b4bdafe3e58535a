/**
 * Pass `keep-loops`: loops stay loops where a compiler that writes them out takes minutes and gains nothing. Where a lane's
 * arrays are more than its registers, the numbers would be moved to memory and back one by one; where loops are nested,
 * thousands of turns would follow each other.
 */
import type { OpName } from '../../expr/ops.ts';
import { flatMapStmts, stmtBodies, visitExprs, visitReads, visitStmts } from '../walk.ts';
import type { Kernel, Stmt } from '../kernel.ts';

/** Of the 255 registers that a lane of a GPU can have, those that addresses and scalars leave. */
const NUMBERS = 224;
/** Numbers that change in every turn of a loop cannot be read again instead of being held: they weigh more. */
const CARRIED = 1.5;

/** Turns of nested loops, all together, that may be written out. */
const TURNS = 512;

const INLINED: ReadonlySet<OpName> = new Set<OpName>(['sin', 'cos', 'pow', 'tanh', 'erf', 'log1p']);
const INLINED_TURNS = 8;

type For = Extract<Stmt, { kind: 'for' }>;

export function keepLoops(k: Kernel): Kernel {
  const arrays = new Map<string, number>();
  let collective = false;
  visitStmts(k.body, (s) => {
    if (s.kind === 'array') arrays.set(s.name, s.length);
    // Operands of matrix products of warps and warpgroups are registers by definition.
    if (s.kind === 'mma' || s.kind === 'warpgroup') collective = true;
  });
  if (collective) return k;
  const numbers = [...arrays.values()].reduce((a, b) => a + b, 0);
  const large = numbers + (CARRIED - 1) * carried(k.body, arrays) > NUMBERS;
  const stays = (s: For): boolean => (large && touches(s, arrays)) || (s.unroll === true && turns(s) > TURNS);
  const body = flatMapStmts(k.body, (s) =>
    s.kind === 'for' && stays(s) ? [{ ...s, unroll: 'never' }] : [s],
  );
  return { ...k, body };
}

/** Elements of arrays that a loop of unknown length changes, and that were there before it. */
function carried(stmts: readonly Stmt[], arrays: ReadonlyMap<string, number>): number {
  const changed = new Set<string>();
  const visit = (list: readonly Stmt[], inside: boolean, own: Set<string>): void => {
    for (const s of list) {
      if (s.kind === 'array' && inside) own.add(s.name);
      if (s.kind === 'store' && inside && arrays.has(s.name) && !own.has(s.name)) changed.add(s.name);
      const loop = s.kind === 'for' && !hasConstantBounds(s);
      for (const b of stmtBodies(s)) visit(b, inside || loop, own);
    }
  };
  visit(stmts, false, new Set());
  return [...changed].reduce((n, a) => n + arrays.get(a)!, 0);
}

const hasConstantBounds = (s: For): boolean => [s.from, s.to, s.step].every((e) => e.kind === 'const');

const extent = ({ from, to, step }: For): number =>
  from.kind === 'const' && to.kind === 'const' && step.kind === 'const'
    ? Math.ceil((to.value - from.value) / step.value)
    : 1;

/**
 * Turns of a loop and of the deepest loops inside; a loop without constant bounds is not written out. Functions that a
 * compiler inlines with all their cases count for several turns.
 */
function turns(s: For): number {
  const most = (stmts: readonly Stmt[]): number =>
    Math.max(1, ...stmts.map((x) => (x.kind === 'for' ? turns(x) : most(stmtBodies(x).flat()))));
  let inlined = 0;
  visitExprs(s.body, (e) => {
    if (e.kind === 'op' && INLINED.has(e.op)) inlined++;
  });
  return extent(s) * Math.max(most(s.body), INLINED_TURNS * inlined);
}

/** Bounds are constants, and a lane's array is indexed inside. */
function touches(s: For, arrays: ReadonlyMap<string, number>): boolean {
  if (!hasConstantBounds(s)) return false;
  let found = false;
  const body = stmtBodies(s).flat();
  visitReads(body, (r) => {
    if (arrays.has(r.name)) found = true;
  });
  visitStmts(body, (x) => {
    if (x.kind === 'store' && arrays.has(x.name)) found = true;
  });
  return found;
}
