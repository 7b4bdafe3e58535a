/**
 * Pass `rewrite-linear`: sums whose weights are products of a factor for the row and one for the reduced position need no
 * weights. Up to the row's own position they are carried along:
 *
 *   sum[j where j <= i](Σ_d f[i, d] · g[j, d] · a ** (i − j) · v[j, e])  →  Σ_d f[i, d] · S[i, d, e],  S ← a · S + g · v
 *
 * and over all positions they are summed once. Where an exponent lacks a running maximum of what only positions say, the
 * sum is carried relative to it. Maxima and `any` up to the row become running values; the arithmetic around all of them
 * stays as it is. `docs/adr/0007-linear-rewriting.md` says when.
 */
import { key, mapChildren, readNames, type Expr, type ReduceExpr } from '../../expr/expr.ts';
import type { IrDef, IrKernel } from '../ir.ts';
import { Carries } from '../rewrite/carry.ts';
import { Costs, type Objection, type Saving } from '../rewrite/cost.ts';
import { Draft, free } from '../rewrite/draft.ts';
import { pruned, storedWhereMoved } from '../rewrite/prune.ts';
import { Reductions } from '../rewrite/reduction.ts';
import { isRefusal } from '../rewrite/refusal.ts';

export interface RewriteNote {
  readonly def: string;
  readonly rewritten: boolean;
  readonly what: string;
  readonly why: string;
}
export interface RewriteOptions {
  /** true: wherever it can be done; false: nowhere; by default where it costs less, or where that is not known. */
  readonly rewrite?: boolean | undefined;
  /** Sizes that are fixed or expected. */
  readonly sizes?: Readonly<Record<string, number>>;
}
export interface Rewritten {
  readonly kernel: IrKernel;
  readonly notes: readonly RewriteNote[];
}

/** A reduced axis and a row's: what is compared with each other unless all reductions over both are rewritten. */
const pairKey = (a: string, b: string): string => [a, b].sort().join(' ');

interface Left {
  readonly def: string;
  readonly over: readonly string[];
  readonly pairs: readonly string[];
  readonly why: string;
  readonly close: boolean;
}

class Attempt {
  readonly draft: Draft;
  readonly savings: (Saving & { readonly pairs: readonly string[] })[] = [];
  readonly left: Left[] = [];
  private readonly reductions: Reductions;
  private readonly done = new Map<string, Expr>();

  /** @param skipped pairs of axes whose reductions stay */
  constructor(
    private readonly kernel: IrKernel,
    private readonly skipped: ReadonlySet<string>,
  ) {
    this.draft = new Draft(kernel);
    this.reductions = new Reductions(this.draft, new Carries(this.draft));
  }

  run(): IrKernel {
    for (const d of this.kernel.defs) this.define(d);
    const made = pruned(this.draft.finish(), new Set(this.kernel.axes.map((a) => a.name)));
    return storedWhereMoved(made);
  }

  private define(d: IrDef): void {
    if (d.value.kind !== 'reduce') return this.draft.add({ ...d, value: this.inside(d.value, d.name) });
    const e = mapChildren(d.value, (c) => this.inside(c, d.name)) as ReduceExpr;
    const value = this.done.get(key(e)) ?? this.replacement(e, d.name);
    const def: IrDef = { ...d, value: value ?? e };
    this.draft.add(def);
    this.reductions.is(def.name, e);
    if (value && !this.done.has(key(e))) this.done.set(key(e), this.draft.readOf(def));
  }

  private inside(e: Expr, owner: string): Expr {
    const inner = mapChildren(e, (c) => this.inside(c, owner));
    if (inner.kind !== 'reduce') return inner;
    const before = this.done.get(key(inner));
    if (before) return before;
    const value = this.replacement(inner, owner);
    if (!value) return inner;
    const result = readNames(value).size === 0 ? value : this.draft.define(`${owner}.${inner.op}`, value);
    if (result.kind === 'read') this.reductions.is(result.name, inner);
    this.done.set(key(inner), result);
    return result;
  }

  private replacement(e: ReduceExpr, owner: string): Expr | undefined {
    const rows = [...free(e)].filter((v) => this.draft.isAxis(v));
    const pairs = e.axes.flatMap((a) => rows.map((r) => pairKey(a, r)));
    const leave = (why: string, close: boolean): undefined => {
      this.left.push({ def: owner, over: e.axes, pairs, why, close });
      return undefined;
    };
    const found = this.reductions.replaced(e, owner);
    if (found === undefined) return undefined;
    if (isRefusal(found)) return leave(found.why, found.close);
    const { saving, value } = found;
    const mine = saving.over.flatMap((a) => saving.rows.map((r) => pairKey(a, r)));
    if (mine.some((p) => this.skipped.has(p))) return undefined;
    this.savings.push({ ...saving, pairs: mine });
    return value;
  }
}

const quoted = (axes: readonly string[]): string => axes.map((a) => `\`${a}\``).join(' and ');

function described(s: Saving): RewriteNote {
  const contracted = [...new Set(s.terms.flatMap((t) => t.contracted))];
  const [over, rows] = [quoted(s.over), quoted(s.rows)];
  const product = `a factor for ${over} times one for ${rows}`;
  const why =
    contracted.length > 0
      ? `weights are sums over ${quoted(contracted)} of ${product}`
      : s.terms.length > 0
        ? `weights are ${product}`
        : `what is compared does not depend on ${rows}`;
  const what = s.running
    ? `what is reduced over ${over} is carried along ${rows}`
    : `the reduction over ${over} is made once for all ${rows}`;
  return { def: s.def, rewritten: true, what, why };
}

/** Reductions over the same pair of axes that stay keep the comparisons: then nothing is gained by rewriting the others. */
function objections(attempt: Attempt, costs: Costs): ReadonlyMap<string, Objection> {
  const found = new Map<string, Objection>();
  for (const pair of new Set(attempt.savings.flatMap((s) => s.pairs))) {
    const other = attempt.left.find((l) => l.pairs.includes(pair));
    const objection = other
      ? { why: `\`${other.def}\` compares positions all the same: ${other.why}`, close: other.close }
      : costs.against(attempt.savings.filter((s) => s.pairs.includes(pair)));
    if (objection) found.set(pair, objection);
  }
  return found;
}

const staying = (def: string, over: readonly string[], why: string): RewriteNote => ({
  def,
  rewritten: false,
  what: `the reduction over ${quoted(over)} stays`,
  why,
});

/** What would have been rewritten but for one thing, told unless something else over the same positions stays anyway. */
function almost(attempt: Attempt): readonly RewriteNote[] {
  const hopeless = new Set(attempt.left.filter((l) => !l.close).flatMap((l) => l.pairs));
  return attempt.left
    .filter((l) => l.close && !l.pairs.some((p) => hopeless.has(p)))
    .map((l) => staying(l.def, l.over, l.why));
}

/**
 * Rewrites what can be rewritten, all reductions over a pair of axes or none.
 * @returns the kernel itself where nothing is, and what there is to tell
 */
export function rewriteLinear(k: IrKernel, { rewrite, sizes }: RewriteOptions = {}): Rewritten {
  if (rewrite === false) return { kernel: k, notes: [] };
  const skipped = new Set<string>();
  const notes = new Map<string, RewriteNote>();
  for (;;) {
    const attempt = new Attempt(k, skipped);
    const kernel = attempt.run();
    const costs = new Costs(k, sizes ?? {}, (a) => attempt.draft.extent(a));
    const found = rewrite === true ? new Map<string, Objection>() : objections(attempt, costs);
    for (const [pair, objection] of found) {
      skipped.add(pair);
      for (const s of attempt.savings)
        if (objection.close && s.pairs.includes(pair))
          notes.set(s.def, staying(s.def, s.over, objection.why));
    }
    if (found.size > 0) continue;
    for (const n of almost(attempt)) if (!notes.has(n.def)) notes.set(n.def, n);
    for (const s of attempt.savings) notes.set(s.def, described(s));
    return { kernel: attempt.savings.length > 0 ? kernel : k, notes: [...notes.values()] };
  }
}
