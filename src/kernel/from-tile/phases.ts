/**
 * Orders the steps of a pass into phases. A phase moves its references, then visits every element of the tile once.
 * A reference that reads a running carrier of this pass must wait until the carrier has seen the tile.
 */
import { visit, type Expr } from '../../expr/expr.ts';
import type { Step } from '../../tile/tile.ts';

type Reference = Extract<Step, { kind: 'reference' }>;
type Carrier = Exclude<Step, { kind: 'reference' }>;

export interface Phase {
  readonly references: Reference[];
  readonly carriers: Carrier[];
}

export function planPhases(steps: readonly Step[]): Phase[] {
  const phases: Phase[] = [{ references: [], carriers: [] }];
  const phaseOf = new Map<string, number>();
  const at = (n: number): Phase => {
    while (phases.length <= n) phases.push({ references: [], carriers: [] });
    return phases[n]!;
  };
  for (const s of steps) {
    if (s.kind === 'reference') {
      const n = Math.max(-1, ...carriersIn(s.value, phaseOf)) + 1;
      at(n).references.push(s);
      phaseOf.set(s.name, n);
    } else {
      const n = s.scaledBy ? phaseOf.get(s.scaledBy)! : 0;
      at(n).carriers.push(s);
      phaseOf.set(s.name, n);
    }
  }
  return phases;
}

function carriersIn(e: Expr, phaseOf: ReadonlyMap<string, number>): number[] {
  const out: number[] = [];
  visit(e, (x) => {
    const n = x.kind === 'read' ? phaseOf.get(x.name) : undefined;
    if (n !== undefined) out.push(n);
  });
  return out;
}

/** Carriers that some reference reads while they run. */
export function referenced(steps: readonly Step[]): ReadonlySet<string> {
  const names = new Set(steps.flatMap((s) => (s.kind === 'reference' ? [] : [s.name])));
  const out = new Set<string>();
  for (const s of steps)
    if (s.kind === 'reference')
      visit(s.value, (x) => {
        if (x.kind === 'read' && names.has(x.name)) out.add(x.name);
      });
  return out;
}
