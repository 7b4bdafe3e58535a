/** What of a block that goes through chunks is computed before the first one, at each, and after the last. */
import { readNames } from '../../expr/expr.ts';
import type { Block, BlockState, BlockStore, StepDef } from '../tile.ts';

export const PHASES = ['before', 'turn', 'after'] as const;
export type Phase = (typeof PHASES)[number];

export const isWalked = (b: Block, s: BlockState): boolean => s.axis === b.walk?.axis;

export class Phases {
  private readonly of = new Map<string, Phase>();

  constructor(private readonly b: Block) {
    const lasts = new Set(b.states.filter((s) => isWalked(b, s)).map((s) => s.final));
    for (const d of b.defs) {
      const reads = [...readNames(d.value)];
      const late = reads.some((r) => lasts.has(r) || this.of.get(r) === 'after');
      this.of.set(d.name, this.moves(d.indices) ? 'turn' : late ? 'after' : 'before');
    }
  }

  private moves(axes: readonly string[]): boolean {
    return this.b.walk !== undefined && axes.includes(this.b.walk.axis);
  }

  /** What only the steps of states along the walk need comes last, as these do. */
  defs(phase: Phase): readonly StepDef[] {
    const all = this.b.defs.filter((d) => this.of.get(d.name) === phase);
    if (phase !== 'turn') return all;
    const first = this.written();
    return [...all.filter((d) => first.has(d.name)), ...all.filter((d) => !first.has(d.name))];
  }

  /** What the values that are written in a turn are made of. */
  private written(): ReadonlySet<string> {
    const { defs, states } = this.b;
    const names = new Set(this.stores('turn').flatMap((x) => [...readNames(x.value)]));
    for (const n of names) {
      const s = states.find((x) => (x.name === n || x.final === n) && !isWalked(this.b, x));
      if (s) names.add(s.next);
      const d = defs.find((x) => x.name === n);
      if (d) for (const r of readNames(d.value)) names.add(r);
    }
    return names;
  }

  /** What is written of values of a chunk is written at that chunk. */
  stores(phase: Phase): readonly BlockStore[] {
    const last: Phase = this.b.walk ? 'after' : 'before';
    const own = (x: BlockStore): Phase =>
      [...readNames(x.value)].some((r) => this.of.get(r) === 'turn') ? 'turn' : last;
    return this.b.stores.filter((x) => own(x) === phase);
  }
}

/**
 * States along the walk can each take their step after all that reads them: nothing reads their next values, and no step
 * reads another state or its own one anywhere but in its next value.
 */
export function stepsLast(b: Block): boolean {
  const walked = b.states.filter((s) => isWalked(b, s));
  const defs = new Map(b.defs.map((d) => [d.name, d]));
  const names = new Set(walked.map((s) => s.name));
  const nexts = new Set(walked.map((s) => s.next));
  const isApart = (s: BlockState): boolean => {
    const cone = new Set([s.next]);
    for (const n of cone) {
      for (const r of readNames(defs.get(n)!.value)) {
        if (names.has(r) && !(n === s.next && r === s.name)) return false;
        if (defs.has(r)) cone.add(r);
      }
    }
    return true;
  };
  const reads = [...b.defs, ...b.stores].flatMap((x) => [...readNames(x.value)]);
  return walked.every(isApart) && !reads.some((r) => nexts.has(r));
}
