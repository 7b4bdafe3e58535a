/** Whether carrying a state costs less than comparing positions. */
import { evalConst } from '../../expr/evaluate.ts';
import { freeVars, key, type Expr } from '../../expr/expr.ts';
import type { IrKernel } from '../ir.ts';

/** What became of one sum. */
export interface Saving {
  readonly def: string;
  /** The reduced axes and those of the rows. */
  readonly over: readonly string[];
  readonly rows: readonly string[];
  /** Positions come one after the other, half of them up to a row. */
  readonly running: boolean;
  readonly terms: readonly {
    /** Axes that are summed between what is kept and a row. */
    readonly contracted: readonly string[];
    /** Those that what is kept has besides. */
    readonly kept: readonly string[];
    /** Of them those that the factors of the rows have not. */
    readonly values: readonly string[];
  }[];
}

export interface Objection {
  readonly why: string;
  /** Worth telling. */
  readonly close: boolean;
}

export class Costs {
  private readonly sizes: ReadonlyMap<string, number>;

  constructor(
    private readonly kernel: IrKernel,
    known: Readonly<Record<string, number>>,
    private readonly extent: (axis: string) => Expr,
  ) {
    this.sizes = new Map(Object.entries(known));
  }

  private count(axes: readonly string[]): number | undefined {
    let product = 1;
    for (const a of axes) {
      const e = this.extent(a);
      if (![...freeVars(e)].every((v) => this.sizes.has(v))) return undefined;
      product *= evalConst(e, this.sizes);
    }
    return product;
  }

  /** Why rewriting these sums over the same positions does not pay; undefined when it does, or nothing speaks against it. */
  against(savings: readonly Saving[]): Objection | undefined {
    const running = savings.every((s) => s.running);
    const terms = savings.flatMap((s) => s.terms);
    if (!terms.some((t) => t.contracted.length > 0))
      return running ? undefined : { why: 'no sum between rows and positions goes away', close: false };
    if (terms.some((t) => t.contracted.length > 1))
      return { why: 'products of features make a large state', close: running };
    const [first] = savings;
    const sizes = terms.map((t) => ({ d: this.count(t.contracted), e: this.count(t.values) }));
    const over = this.count(first!.over);
    if (!sizes.every((s) => s.d !== undefined && s.e !== undefined)) {
      const wide = terms.flatMap((t) => [...t.contracted, ...t.values]).find((a) => this.isPosition(a));
      return running || wide === undefined
        ? undefined
        : { why: `what would be kept has the positions of \`${wide}\``, close: false };
    }
    const d = Math.max(...sizes.map((s) => s.d!));
    const e = savings.reduce((n, s) => n + Math.max(0, ...s.terms.map((t) => this.count(t.values)!)), 0);
    const kept = sizes.reduce((n, s) => n + s.d! * s.e!, 0);
    // Both for each row and reduced position; what is carried is updated and read, what is kept is read by every row.
    const rows = this.count(first!.rows) ?? Infinity;
    const long = over ?? Infinity;
    const plain = running ? (d + e) / 2 : d + e;
    const linear = running ? (2 * kept) / long : kept / long + kept / rows;
    if (linear <= plain) return undefined;
    const what = running ? `a state of ${kept} numbers costs` : `${kept} sums cost`;
    return {
      why: `${what} more than comparing ${running ? long : Math.min(long, rows)} positions`,
      close: true,
    };
  }

  /** Restricted or not innermost in memory somewhere, or as long as an axis that is. */
  private isPosition(axis: string): boolean {
    const extent = key(this.extent(axis));
    return (
      this.kernel.axes.some((a) => key(a.extent) === extent && this.isOuter(a.name)) || this.isOuter(axis)
    );
  }

  private isOuter(axis: string): boolean {
    const { masks, tensors, outputs } = this.kernel;
    return (
      masks.some((m) => freeVars(m).has(axis)) ||
      tensors.some((t) => t.dims.slice(0, -1).some((d) => d.axis === axis)) ||
      outputs.some((o) => o.indices.slice(0, -1).includes(axis))
    );
  }
}

/** Innermost in memory wherever it occurs, and not restricted: an element of vectors, never a position. */
export function isElement(k: IrKernel, axis: string): boolean {
  if (k.masks.some((m) => freeVars(m).has(axis))) return false;
  const dims = k.tensors.flatMap((t) =>
    t.dims.map((d, n) => ({ axis: d.axis, last: n === t.dims.length - 1 })),
  );
  const places = [
    ...dims,
    ...k.outputs.flatMap((o) => o.indices.map((a, n) => ({ axis: a, last: n === o.indices.length - 1 }))),
  ].filter((p) => p.axis === axis);
  return dims.some((d) => d.axis === axis) && places.every((p) => p.last);
}
