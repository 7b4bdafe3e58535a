/**
 * Pass `needed`: a pass over the stream whose results are multiplied by zero, or not chosen, in all rows of a workgroup
 * visits no tile. What decides is computed in the stage itself or before it: a selection, a gate, a weight of a head.
 *
 *   y = w · acc          needs acc where w ≠ 0      (0 times a finite number is 0; the stored value says so: acc is not made)
 *   y = if c then acc else 0   needs acc where c
 *
 * Conditions of the rows that are there at no cost stand in masks instead (`ir/passes/guard-rows.ts`); this one also helps
 * where rows of a tile differ, since no element is tested.
 */
import {
  bool,
  children,
  f32,
  freeVars,
  isTrue,
  key,
  mapChildren,
  op,
  read,
  readNames,
  visit,
  type Expr,
} from '../expr/expr.ts';
import { both, chosen, either, nonzero, prologueOf, seenThrough } from './nonzero.ts';
import type { Pass, Stage, Step, TileDef, TileProgram } from './tile.ts';

export function neededPasses(p: TileProgram): TileProgram {
  return { ...p, stages: p.stages.map(neededInStage) };
}

function neededInStage(s: Stage): Stage {
  // What is written of tiles is written of all of them.
  if (s.passes.length === 0 || s.passes.some((p) => p.stores.length > 0)) return s;
  return new Needed(s).run();
}

/** Whether the condition is the same in all rows of a workgroup. */
export function isUniform(needed: Expr, s: Stage): boolean {
  const free = freeVars(needed);
  const values = [...readNames(needed)].map((n) => s.prologue.find((d) => d.name === n));
  return !s.row.some((a) => free.has(a.name)) && values.every((d) => d?.site !== 'row');
}

const NEVER = bool(false);
const ALWAYS = bool(true);

class Needed {
  private readonly named: Map<string, TileDef>;
  private readonly finish: ReadonlyMap<string, TileDef>;
  private readonly steps: ReadonlyMap<string, Step>;
  /** In which pass a value becomes known. */
  private readonly passOf: ReadonlyMap<string, number>;
  /** Names of rows and of what differs between workgroups: a condition may depend on these alone. */
  private readonly vectors: ReadonlySet<string>;
  private readonly conditions = new Map<string, TileDef>();

  constructor(private readonly s: Stage) {
    this.named = prologueOf(s);
    this.finish = new Map(s.passes.flatMap((p) => p.finish).map((d) => [d.name, d]));
    this.steps = new Map(s.passes.flatMap((p) => p.steps).map((x) => [x.name, x]));
    this.passOf = new Map(
      s.passes.flatMap((p, n) =>
        [...p.steps, ...p.finish, ...p.defs, ...p.contractions].map((x): [string, number] => [x.name, n]),
      ),
    );
    this.vectors = new Set([...s.vectors, ...s.stream].map((a) => a.name));
  }

  run(): Stage {
    const { s } = this;
    const needed: Expr[] = s.passes.map(() => NEVER);
    for (let n = s.passes.length - 1; n >= 0; n--) {
      const stores = s.stores.map((x) => this.of(x.value, n));
      const later = s.passes.slice(n + 1).map((p, m) => (this.usedIn(p, n) ? needed[n + 1 + m]! : NEVER));
      needed[n] = [...stores, ...later].reduce(either, NEVER);
    }
    if (!needed.some((e) => this.isWorthIt(e))) return s;
    const stores = s.stores.map((x) => ({ ...x, value: this.guarded(x.value) }));
    const passes = s.passes.map((p, n): Pass => {
      const finish = p.finish.map((d) => ({ ...d, value: this.guarded(d.value) as TileDef['value'] }));
      const own = needed[n]!;
      return this.isWorthIt(own) ? { ...p, finish, needed: own } : { ...p, finish };
    });
    return { ...s, prologue: [...s.prologue, ...this.conditions.values()], passes, stores };
  }

  /** Data decides. Where rows lie is no reason: most workgroups are on one side, and pay for asking. */
  private isWorthIt(needed: Expr): boolean {
    const opened = seenThrough(needed, this.named);
    let reads = false;
    visit(opened, (x) => {
      reads ||= x.kind === 'read';
    });
    return reads;
  }

  private isCarried(e: Expr): boolean {
    return [...readNames(e)].some((n) => this.passOf.has(n));
  }

  /** When the value depends on what pass `n` carries. */
  private of(e: Expr, n: number): Expr {
    if (e.kind === 'read') {
      if (this.steps.has(e.name)) return this.passOf.get(e.name) === n ? ALWAYS : NEVER;
      const def = this.finish.get(e.name);
      return def ? this.of(def.value, n) : NEVER;
    }
    if (!this.isCarried(e)) return NEVER;
    const weighed = this.weighed(e);
    if (weighed) return both(weighed.holds, this.of(weighed.other, n));
    if (e.kind === 'op' && e.op === 'select') {
      const [c, a, b] = e.args as [Expr, Expr, Expr];
      if (this.decides(c)) return chosen(c, this.of(a, n), this.of(b, n));
    }
    return children(e)
      .map((c) => this.of(c, n))
      .reduce(either, NEVER);
  }

  /** A condition on rows, known before all passes. */
  private decides(c: Expr): boolean {
    return !this.isCarried(c) && ![...freeVars(c)].some((v) => this.vectors.has(v));
  }

  /** A product of a factor that can be seen to be zero, before the passes, and of something finite that they make. */
  private weighed(e: Expr): { readonly holds: Expr; readonly other: Expr } | undefined {
    if (e.kind !== 'op' || e.op !== 'mul' || e.type !== 'f32') return undefined;
    const [a, b] = e.args as [Expr, Expr];
    const [weight, other] = this.isCarried(a) ? [b, a] : [a, b];
    if (!this.decides(weight) || !this.isShared(weight) || !this.isFinite(other)) return undefined;
    const condition = nonzero(weight, this.named);
    return isTrue(condition) ? undefined : { holds: this.name(condition), other };
  }

  /** A weight of a branch is one number for many elements of it; where each has its own, few are all zero together. */
  private isShared(weight: Expr): boolean {
    const free = new Set<string>();
    const look = (e: Expr): void => {
      freeVars(seenThrough(e, this.named), free);
      for (const n of readNames(e)) {
        const def = this.named.get(n);
        if (def) look(def.value);
      }
    };
    look(weight);
    return this.s.stores.every((x) => x.indices.some((a) => typeof a === 'string' && !free.has(a)));
  }

  /** The condition as a value that is computed once. */
  private name(condition: Expr): Expr {
    if (condition.kind === 'const' || (condition.kind === 'read' && condition.index.length === 0))
      return condition;
    const id = key(condition);
    const known = this.conditions.get(id);
    const def = known ?? this.define(`some.${this.conditions.size}`, condition);
    this.conditions.set(id, def);
    this.named.set(def.name, def);
    return read(def.name, [], 'bool');
  }

  private define(name: string, value: Expr): TileDef {
    const free = freeVars(value);
    const ofRows =
      this.s.row.some((a) => free.has(a.name)) ||
      [...readNames(value)].some((n) => this.named.get(n)?.site === 'row');
    return { name, site: ofRows ? 'row' : 'uniform', vectors: [], type: 'bool', value };
  }

  /** Products with zero are zero where the other factor is not made. */
  private guarded(e: Expr): Expr {
    if (!this.isCarried(e)) return e;
    const weighed = this.weighed(e);
    const inner = mapChildren(e, (c) => this.guarded(c));
    return weighed ? op('select', weighed.holds, inner, f32(0)) : inner;
  }

  /** Sums of products and what is made of them; an extremum of nothing is infinite, and so is a logarithm of zero. */
  private isFinite(e: Expr): boolean {
    switch (e.kind) {
      case 'const':
        return Number.isFinite(e.value);
      case 'read': {
        const step = this.steps.get(e.name);
        if (step) return step.kind === 'accumulate' || (step.kind === 'fold' && step.op === 'sum');
        const def = this.finish.get(e.name);
        return !def || this.isFinite(def.value);
      }
      case 'op': {
        if (['log', 'log2', 'log1p', 'rsqrt', 'pow'].includes(e.op)) return !this.isCarried(e);
        const parts = e.op === 'select' ? e.args.slice(1) : e.args;
        return parts.every((a) => this.isFinite(a));
      }
      default:
        return children(e).every((c) => this.isFinite(c));
    }
  }

  /** Whether a pass reads anything of pass `n`, in what its rows, columns or elements compute. */
  private usedIn(p: Pass, n: number): boolean {
    const values = [
      ...[...p.defs, ...p.operands, ...p.finish].map((d) => d.value),
      ...p.keeps.flatMap((k) => k.where ?? []),
      ...p.steps.map((x) => (x.kind === 'accumulate' ? x.weight : x.value)),
    ];
    const seen = new Set<string>();
    const uses = (e: Expr): boolean =>
      [...readNames(e)].some((name) => {
        if (this.passOf.get(name) === n) return true;
        const def = this.finish.get(name);
        if (!def || seen.has(name)) return false;
        seen.add(name);
        return uses(def.value);
      });
    return values.some(uses);
  }
}
