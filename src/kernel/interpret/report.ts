/** What the lockstep interpreter finds wrong with a kernel. */

export type ProblemKind =
  /** An index outside a buffer, shared or local array. */
  | 'out-of-bounds'
  /** A read of an element that nothing has written; for outputs also an element that stays unwritten. */
  | 'uninitialised'
  /** Two lanes touch one element, at least one writes, and no barrier or launch orders them. */
  | 'race'
  /** Lanes of a workgroup (or of a warp, for collectives) do not reach one statement together. */
  | 'divergence'
  /** A matrix load whose row does not start on 16 bytes, or several elements at once from where they may not begin. */
  | 'alignment'
  /** A NaN is stored to an output; only reported on request. */
  | 'not-a-number';

export interface Problem {
  readonly kind: ProblemKind;
  readonly message: string;
}

/** Collects the first problems, a few of each kind, and counts the rest. */
export class Report {
  readonly errors: Problem[] = [];
  count = 0;
  kernel = '';
  workgroup = 0;

  constructor(private readonly limit: number) {}

  add(kind: ProblemKind, message: string): void {
    this.count += 1;
    const alike = this.errors.filter((e) => e.kind === kind).length;
    // One mistake often shows as hundreds of one kind and hides the telling one of another.
    if (this.errors.length < this.limit && alike * 4 < this.limit) {
      this.errors.push({ kind, message: `${this.kernel}, workgroup ${this.workgroup}: ${message}` });
    }
  }
}

/** Ends a workgroup whose lanes can no longer be followed. */
export class Stop extends Error {}
