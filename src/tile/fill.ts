/**
 * Pass `fill`: of what a pass writes, only the elements that somebody needs are made, and another pass writes 0 in the place
 * of the others. The test between them becomes bounds of both, so that products are made in tiles that need some alone.
 */
import { constant, freeVars, op, type Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';
import type { Pass, Stage, Store, TileProgram } from './tile.ts';

const OTHER = 'other';

export const fillProgram = (p: TileProgram): TileProgram => ({
  ...p,
  stages: p.stages.map((s) =>
    s.passes.some((x) => x.stores.some((w) => w.keep !== undefined))
      ? { ...s, passes: s.passes.flatMap((x) => fillApart(s, x)) }
      : s,
  ),
});

/** The pass makes nothing of the stream. */
export const isFill = (p: Pass): boolean =>
  p.stores.length > 0 && p.stores.every((x) => x.value.kind === 'const');

function fillApart(s: Stage, p: Pass): readonly Pass[] {
  const test = testOf(p);
  if (!test || !multiplies(p) || !relates(test, s)) return [withoutTests(p)];
  const zero = (x: Store): Expr => constant(x.value.type as ScalarType, 0);
  const others: Pass = {
    defs: [],
    operands: [],
    contractions: [],
    keeps: [{ name: OTHER, where: op('not', test) }],
    steps: [],
    stores: p.stores.map((x) => ({ ...x, keep: OTHER, value: zero(x) })),
    finish: [],
  };
  return [p, others];
}

/** The one test of all that a pass writes. */
function testOf(p: Pass): Expr | undefined {
  const names = new Set(p.stores.map((x) => x.keep));
  const [name] = names;
  return names.size === 1 ? p.keeps.find((k) => k.name === name)?.where : undefined;
}

function withoutTests(p: Pass): Pass {
  const used = new Set(p.steps.flatMap((x) => (x.kind === 'reference' ? [] : [x.keep])));
  return {
    ...p,
    keeps: p.keeps.filter((k) => used.has(k.name)),
    stores: p.stores.map(({ keep: _, ...x }) => x),
  };
}

/** An element takes more than to write it. */
const multiplies = (p: Pass): boolean =>
  p.contractions.length > 0 || p.defs.some((d) => d.site === 'tile' && d.value.kind === 'reduce');

/** The test differs between tiles of a row. */
function relates(test: Expr, s: Stage): boolean {
  const free = freeVars(test);
  return s.stream.some((a) => free.has(a.name)) && s.row.some((a) => free.has(a.name));
}
