/**
 * Plans the row reductions of a stage: which run in one pass, what is pulled out of each sum, and against which reference
 * a running sum is measured.
 *
 * A sum may run in the same pass as a reduction Y that its body reads if every factor that depends on both Y and the
 * stream is exp(a + b), with a free of Y and b free of the stream. The weight exp(a + b) is then carried as exp(a − r)
 * with the reference r = −b from the running Y, and the carrier is multiplied by exp(r_old − r_new) when r moves: at the
 * end r is −b of the final Y, so the sum is what the definition says. Otherwise the sum waits for the next pass.
 */
import { op, mapChildren, type Expr } from '../expr/expr.ts';
import { expandTerms, fromProduct, product, splitSum, type Factor } from './factor.ts';
import type { Graph } from './graph.ts';

export interface StageAxes {
  readonly batch: readonly string[];
  readonly row: readonly string[];
  readonly stream: readonly string[];
}

/** One carrier of a sum, or the only carrier of another reduction. */
export interface Part {
  readonly carrier: string;
  /** Multiplies the carrier at the end. */
  readonly outer: Expr;
  /** Summand or candidate per tile element; without the exponential when there is a reference. */
  readonly inner: Expr;
  readonly exponential?: { readonly base: 'exp' | 'exp2'; readonly argument: Expr; readonly reference: Expr };
  /** Column operand when the carrier is a vector per row. */
  readonly operand?: { readonly value: Expr; readonly vector: string };
}
export interface PlannedReduction {
  readonly name: string;
  readonly pass: number;
  readonly where?: Expr;
  readonly parts: readonly Part[];
}

/** The stage cannot hold this reduction's vector in registers as a contraction: its vector axes must become rows. */
export class NeedsRows extends Error {
  constructor(
    readonly def: string,
    readonly axes: readonly string[],
  ) {
    super(`axes ${axes.join(', ')} of ${def} must be rows`);
  }
}

export class CarrierPlanner {
  readonly planned = new Map<string, PlannedReduction>();

  constructor(
    private readonly g: Graph,
    private readonly axes: StageAxes,
  ) {}

  /** Adds a reduction over the stream axes; the reductions that it reads were added before. */
  add(name: string): void {
    const reduce = this.g.reduction(name)!;
    const deps = [...this.g.coneOf(reduce)].filter((d) => this.planned.has(d));
    const base = Math.max(0, ...deps.map((d) => this.planned.get(d)!.pass));
    const now = new Set(deps.filter((d) => this.planned.get(d)!.pass === base));
    const early = this.attempt(name, now);
    const parts = early ?? this.attempt(name, new Set());
    if (!parts) throw new NeedsRows(name, this.vectors(name));
    const pass = early || now.size === 0 ? base : base + 1;
    this.planned.set(name, { name, pass, parts, ...(reduce.where ? { where: reduce.where } : {}) });
  }

  /** Vector axes of a definition: its indices that are neither rows nor workgroup coordinates. */
  private vectors(name: string): string[] {
    const { batch, row } = this.axes;
    return this.g.def(name).indices.filter((a) => !row.includes(a) && !batch.includes(a));
  }

  private attempt(name: string, now: ReadonlySet<string>): Part[] | undefined {
    const reduce = this.g.reduction(name)!;
    if (reduce.where && this.depends(reduce.where, now)) return undefined;
    const carrier = `${name}.c`;
    if (reduce.op !== 'sum') {
      if (this.depends(reduce.body, now) || this.vectors(name).length > 0) return undefined;
      return [{ carrier, outer: one, inner: reduce.body }];
    }
    if (reduce.type !== 'f32') {
      if (this.depends(reduce.body, now) || this.vectors(name).length > 0) return undefined;
      return [{ carrier, outer: one, inner: reduce.body }];
    }
    const vectors = this.vectors(name);
    const whole = this.term(carrier, reduce.body, now, vectors);
    if (whole) return [whole];
    const terms = expandTerms(this.g, reduce.body, (f) => this.onStream(f) || this.depends(f, now));
    if (!terms || terms.length < 2) return undefined;
    const parts = terms.map((t, n) => this.term(`${carrier}${n}`, t, now, vectors));
    if (!parts.every((p): p is Part => p !== undefined)) return undefined;
    // Terms that meet only after both are summed may cancel: Σ(s − m)·v is not split into Σ s·v and m·Σ v.
    return parts.some((p) => !p.exponential && this.depends(p.outer, now)) ? undefined : parts;
  }

  private depends(e: Expr, now: ReadonlySet<string>): boolean {
    for (const d of this.g.coneOf(e)) if (now.has(d)) return true;
    return false;
  }

  private onStream(e: Expr): boolean {
    return this.axes.stream.some((a) => this.g.axes(e).has(a));
  }

  private term(
    carrier: string,
    body: Expr,
    now: ReadonlySet<string>,
    vectors: readonly string[],
  ): Part | undefined {
    const p = product(this.g, body);
    const outer: Factor[] = [];
    const inner: Factor[] = [];
    const columns: Factor[] = [];
    const exponents: { base: 'exp' | 'exp2'; inside: Expr; outside: Expr | undefined; inverse: boolean }[] =
      [];
    for (const f of p.factors) {
      if (!this.onStream(f.expr)) outer.push(f);
      else if (this.depends(f.expr, now)) {
        const e = this.exponent(f, now);
        if (!e) return undefined;
        exponents.push(e);
      } else if (vectors.some((v) => this.g.axes(f.expr).has(v))) columns.push(f);
      else inner.push(f);
    }
    const outerGuards = p.guards.filter((c) => !this.onStream(c));
    const innerGuards = p.guards.filter((c) => this.onStream(c));
    if (innerGuards.some((c) => this.depends(c, now))) return undefined;
    const base = exponents[0]?.base;
    if (exponents.some((e) => e.base !== base)) return undefined;
    const columnAxes = this.g.axes(fromProduct({ factors: columns, guards: [] }));
    if (columns.length > 0 && (vectors.length !== 1 || this.axes.row.some((a) => columnAxes.has(a))))
      return undefined;
    if (innerGuards.some((c) => vectors.some((v) => this.g.axes(c).has(v)))) return undefined;
    return {
      carrier,
      outer: fromProduct({ factors: outer, guards: outerGuards }),
      inner: fromProduct({ factors: inner, guards: innerGuards }),
      ...(base ? { exponential: this.exponential(base, exponents) } : {}),
      ...(columns.length > 0
        ? { operand: { value: fromProduct({ factors: columns, guards: [] }), vector: vectors[0]! } }
        : {}),
    };
  }

  private exponent(f: Factor, now: ReadonlySet<string>) {
    let e = f.expr;
    if (e.kind === 'read') e = this.g.def(e.name).value;
    if (e.kind !== 'op' || (e.op !== 'exp' && e.op !== 'exp2')) return undefined;
    const split = splitSum(
      this.g,
      e.args[0]!,
      (x) => (!this.onStream(x) ? 'outside' : this.depends(x, now) ? 'mixed' : 'inside'),
      (x) => !this.onStream(x),
    );
    if (!split?.inside) return undefined;
    return { base: e.op as 'exp' | 'exp2', inside: split.inside, outside: split.outside, inverse: f.inverse };
  }

  private exponential(
    base: 'exp' | 'exp2',
    parts: readonly { inside: Expr; outside: Expr | undefined; inverse: boolean }[],
  ): NonNullable<Part['exponential']> {
    const sum = (xs: Expr[]): Expr => xs.reduce((a, b) => op('add', a, b));
    const argument = sum(parts.map((p) => (p.inverse ? negate(p.inside) : p.inside)));
    const outside = parts.flatMap((p) => (p.outside ? [p.inverse ? p.outside : negate(p.outside)] : []));
    return { base, argument, reference: this.running(sum(outside)) };
  }

  /** The expression with reductions of the present pass replaced by their running values. */
  private running(e: Expr): Expr {
    if (e.kind === 'read' && this.g.isDef(e.name)) {
      const planned = this.planned.get(e.name);
      if (planned) return { kind: 'read', type: e.type, name: `${e.name}.now`, index: [] };
      const anyRunning = [...this.g.cone(e.name)].some((d) => this.planned.has(d));
      return anyRunning ? this.running(this.g.def(e.name).value) : e;
    }
    return mapChildren(e, (c) => this.running(c));
  }
}

const one: Expr = { kind: 'const', type: 'f32', value: 1 };

/** −e, without a double negation. */
export function negate(e: Expr): Expr {
  return e.kind === 'op' && e.op === 'neg' ? e.args[0]! : op('neg', e);
}

export const isOne = (e: Expr): boolean => e.kind === 'const' && e.value === 1;
