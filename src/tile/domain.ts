/** The domains of a pass as predicates over axes, sizes, params and tensors: pointwise values are opened. */
import { freeVars, variable, type Expr } from '../expr/expr.ts';
import type { Box, Range } from '../expr/interval.ts';
import type { ScalarType } from '../expr/types.ts';
import type { Pass, Stage } from './tile.ts';
import { stageValues } from './walk.ts';

const MARK = '<unknown';

/** Whether a variable stands for a value that the analysis cannot see through. */
export const isUnknown = (name: string): boolean => name.startsWith(MARK);
export const hasUnknown = (e: Expr): boolean => [...freeVars(e)].some(isUnknown);

/** Makes such variables: two values that nobody knows need not be the same, so that no two have one name. */
export class Unknowns {
  private made = 0;

  of(type: ScalarType): Expr {
    return variable(`${MARK} ${this.made++}>`, type);
  }

  /** A test of something unknown may come out either way. */
  test(e: Expr): Expr {
    const isTest = e.kind === 'op' && e.type === 'bool' && e.args.some((a) => a.type !== 'bool');
    return isTest && hasUnknown(e) ? this.of('bool') : e;
  }
}

/** Any value, for each of the variables of expressions that stand for one. */
export function unknownBox(of: readonly Expr[]): Box {
  const names = new Set(of.flatMap((e) => [...freeVars(e)].filter(isUnknown)));
  return new Map<string, Range>([...names].map((n) => [n, {}]));
}

/** One predicate per domain of the pass; undefined where a domain is the whole stream. */
export function domains(stage: Stage, pass: Pass, unknowns = new Unknowns()): readonly (Expr | undefined)[] {
  const own = stageValues(stage);
  const defs = [...stage.prologue, ...stage.passes.flatMap((p) => p.finish), ...pass.defs];
  /** Opens pointwise values; what cannot be seen through becomes unknown. */
  const open = (e: Expr): Expr => {
    switch (e.kind) {
      case 'op':
        return unknowns.test({ ...e, args: e.args.map(open) });
      case 'read': {
        if (!own.has(e.name)) return { ...e, index: e.index.map(open) };
        const def = defs.find((d) => d.name === e.name);
        if (def && def.value.kind !== 'reduce' && def.vectors.length === 0) return open(def.value);
        return def?.site === 'uniform' ? e : unknowns.of(e.type);
      }
      case 'reduce':
        return unknowns.of(e.type);
      default:
        return e;
    }
  };
  return pass.keeps.map((k) => k.where && open(k.where));
}
