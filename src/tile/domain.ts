/** The domains of a pass as predicates over axes, sizes, params and tensors: pointwise values are opened. */
import { variable, type Expr } from '../expr/expr.ts';
import type { Pass, Stage } from './tile.ts';

/** Stands for a value that the analysis cannot see through. */
export const UNKNOWN = '<unknown>';

/** Opens pointwise values; what cannot be seen through becomes unknown. */
function open(stage: Stage, pass: Pass, isTensor: (name: string) => boolean, e: Expr): Expr {
  const go = (x: Expr): Expr => open(stage, pass, isTensor, x);
  switch (e.kind) {
    case 'op':
      return { ...e, args: e.args.map(go) };
    case 'read': {
      if (isTensor(e.name)) return { ...e, index: e.index.map(go) };
      const defs = [...stage.prologue, ...stage.passes.flatMap((p) => p.finish), ...pass.defs];
      const def = defs.find((d) => d.name === e.name);
      if (def && def.value.kind !== 'reduce' && def.vectors.length === 0) return go(def.value);
      return def?.site === 'uniform' ? e : variable(UNKNOWN, e.type);
    }
    case 'reduce':
      return variable(UNKNOWN, e.type);
    default:
      return e;
  }
}

/** One predicate per domain of the pass; undefined where a domain is the whole stream. */
export function domains(
  stage: Stage,
  pass: Pass,
  isTensor: (name: string) => boolean,
): readonly (Expr | undefined)[] {
  return pass.keeps.map((k) => k.where && open(stage, pass, isTensor, k.where));
}
