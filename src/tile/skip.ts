/** When a tile of rows × stream positions can be skipped: interval analysis of the pass's domains. */
import { bool, op, type Expr, variable } from '../expr/expr.ts';
import { truthOf, type Box, type Truth } from '../expr/interval.ts';
import { simplify } from '../expr/simplify.ts';
import type { Pass, Stage } from './tile.ts';

/** Stands for a value that differs inside a tile in a way the analysis cannot see. */
const UNKNOWN = '<unknown>';

/** Opens pointwise values of the pass; what cannot be seen through becomes unknown. */
function open(stage: Stage, pass: Pass, tensors: (name: string) => boolean, e: Expr): Expr {
  const go = (x: Expr): Expr => open(stage, pass, tensors, x);
  switch (e.kind) {
    case 'op':
      return { ...e, args: e.args.map(go) };
    case 'read': {
      if (tensors(e.name)) return { ...e, index: e.index.map(go) };
      const defs = [...stage.prologue, ...stage.passes.flatMap((p) => p.finish), ...pass.defs];
      const def = defs.find((d) => d.name === e.name);
      if (def?.site === 'uniform') return e;
      return def && def.value.kind !== 'reduce' ? go(def.value) : variable(UNKNOWN, e.type);
    }
    case 'reduce':
      return variable(UNKNOWN, e.type);
    default:
      return e;
  }
}

/**
 * Whether any element of a tile may be kept by some domain of the pass (`may`) and whether every element must be kept by
 * all of them (`must`), as expressions over what the box leaves free.
 */
export function tileTruth(stage: Stage, pass: Pass, tensors: (name: string) => boolean, box: Box): Truth {
  let may: Expr = bool(pass.stores.length > 0);
  let must: Expr = bool(true);
  const withUnknown: Box = new Map([...box, [UNKNOWN, {}]]);
  for (const k of pass.keeps) {
    const t = k.where
      ? truthOf(open(stage, pass, tensors, k.where), withUnknown)
      : { may: bool(true), must: bool(true) };
    may = op('or', may, t.may);
    must = op('and', must, t.must);
  }
  return { may: simplify(may), must: simplify(must) };
}
