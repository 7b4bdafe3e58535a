/** The domains of a pass as predicates over axes, sizes, params and tensors: pointwise values are opened. */
import { variable, type Expr } from '../expr/expr.ts';
import type { Pass, Stage } from './tile.ts';
import { stageValues } from './walk.ts';

/** Stands for a value that the analysis cannot see through. */
export const UNKNOWN = '<unknown>';

/** One predicate per domain of the pass; undefined where a domain is the whole stream. */
export function domains(stage: Stage, pass: Pass): readonly (Expr | undefined)[] {
  const own = stageValues(stage);
  const defs = [...stage.prologue, ...stage.passes.flatMap((p) => p.finish), ...pass.defs];
  /** Opens pointwise values; what cannot be seen through becomes unknown. */
  const open = (e: Expr): Expr => {
    switch (e.kind) {
      case 'op':
        return { ...e, args: e.args.map(open) };
      case 'read': {
        if (!own.has(e.name)) return { ...e, index: e.index.map(open) };
        const def = defs.find((d) => d.name === e.name);
        if (def && def.value.kind !== 'reduce' && def.vectors.length === 0) return open(def.value);
        return def?.site === 'uniform' ? e : variable(UNKNOWN, e.type);
      }
      case 'reduce':
        return variable(UNKNOWN, e.type);
      default:
        return e;
    }
  };
  return pass.keeps.map((k) => k.where && open(k.where));
}
