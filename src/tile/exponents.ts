/**
 * Pass `exponents`: exponentials that are measured against a reference become powers of two, and constant factors of what
 * is in them are applied once per row or not at all.
 *
 *   exp(c·x − r), r = c·max x   →   exp2(fma(x, c·log₂e, −r')), r' = (c·log₂e)·max x
 *
 * Machines have 2ˣ, and a product that is only subtracted from is half of a multiply-add. A maximum or minimum of c·x with
 * a constant c > 0 is c times that of x, exactly: rounding is monotonic. Both ends of a difference are rounded alike, so
 * it is as exact as before.
 */
import { f32, mapChildren, op, read, rewrite, visit, type Expr } from '../expr/expr.ts';
import { HIGHEST, LOWEST } from './finals.ts';
import type { Pass, Stage, Step, TileDef, TileProgram } from './tile.ts';

const LOG2_E = Math.LOG2E;

export function exponents(p: TileProgram): TileProgram {
  return {
    ...p,
    stages: p.stages.map((s) => (s.recurrence || s.block ? s : powersOfTwo(unscaledExtremes(s)))),
  };
}

/** factor · value, seen through definitions of the pass. */
interface Scaled {
  readonly value: Expr;
  readonly factor: number;
}

function scaled(p: Pass, e: Expr): Scaled {
  if (e.kind === 'op' && e.op === 'mul') {
    const [a, b] = e.args as [Expr, Expr];
    const [x, c] = a.kind === 'const' ? [b, a] : [a, b];
    if (c.kind === 'const') {
      const inner = scaled(p, x);
      return { value: inner.value, factor: inner.factor * c.value };
    }
  }
  const def = e.kind === 'read' ? definition(p, e.name) : undefined;
  if (def) {
    const inner = scaled(p, def);
    // Looking inside a definition is worth it only where it holds a factor.
    if (inner.factor !== 1) return inner;
  }
  return { value: e, factor: 1 };
}

/** A pointwise value of a tile element, which is computed where it is read. */
function definition(p: Pass, name: string): Expr | undefined {
  const d = p.defs.find((x) => x.name === name);
  return d?.site === 'tile' && d.type === 'f32' && d.value.kind !== 'reduce' ? d.value : undefined;
}

const times = (e: Expr, factor: number): Expr => (factor === 1 ? e : op('mul', e, f32(factor)));
const usable = (factor: number): boolean => factor > 0 && Number.isFinite(factor) && Math.fround(factor) > 0;

// ---- extremes

/** Running maxima and minima are taken of values without their constant factor. */
function unscaledExtremes(s: Stage): Stage {
  const factors = new Map<string, number>();
  const passes = s.passes.map((p): Pass => ({
    ...p,
    steps: p.steps.map((x) => {
      if (x.kind !== 'fold' || (x.op !== 'max' && x.op !== 'min') || x.type !== 'f32') return x;
      const { value, factor } = scaled(p, x.value);
      if (factor === 1 || !usable(factor)) return x;
      factors.set(x.name, factor);
      return { ...x, value };
    }),
  }));
  if (factors.size === 0) return s;
  const change = (e: Expr): Expr => {
    if (asksForNothing(e)) return e;
    if (e.kind === 'read' && factors.has(e.name)) return times(e, factors.get(e.name)!);
    return mapChildren(e, change);
  };
  return mapStage({ ...s, passes }, change);
}

/** Whether a carrier still has the value that stands for nothing: a question about the carrier, whatever its unit. */
const asksForNothing = (e: Expr): boolean =>
  e.kind === 'op' &&
  (e.op === 'gt' || e.op === 'lt') &&
  e.args[1]!.kind === 'const' &&
  (e.args[1]!.value === LOWEST || e.args[1]!.value === HIGHEST);

// ---- exponentials

type Reference = Extract<Step, { kind: 'reference' }>;

function powersOfTwo(s: Stage): Stage {
  const passes = s.passes.map((p): Pass => {
    const references = p.steps.filter((x): x is Reference => x.kind === 'reference' && x.base === 'exp');
    const names = new Set(references.filter((r) => onlyInDifferences(s, r.name)).map((r) => r.name));
    if (names.size === 0) return p;
    const change = (e: Expr): Expr =>
      rewrite(e, (x) => {
        const d = difference(x, names);
        if (!d) return x;
        const { value, factor } = scaled(p, d.from);
        const measured = op('neg', read(d.reference, []));
        return op('exp2', op('fma', value, f32(factor * LOG2_E), measured));
      });
    const steps = p.steps.map((x): Step => {
      if (x.kind === 'accumulate') return { ...x, weight: change(x.weight) };
      if (x.kind === 'fold') return { ...x, value: change(x.value) };
      if (!names.has(x.name)) return x;
      const { value, factor } = scaled(p, x.value);
      return { ...x, base: 'exp2', value: times(value, factor * LOG2_E) };
    });
    return { ...p, steps };
  });
  return { ...s, passes };
}

/** exp(from − reference) for one of the names; `from` reads none of them. */
function difference(
  e: Expr,
  names: ReadonlySet<string>,
): { readonly from: Expr; readonly reference: string } | undefined {
  if (e.kind !== 'op' || e.op !== 'exp') return undefined;
  const [inside] = e.args;
  if (inside?.kind !== 'op' || inside.op !== 'sub') return undefined;
  const [from, r] = inside.args as [Expr, Expr];
  if (r.kind !== 'read' || !names.has(r.name) || reads(from, r.name) > 0) return undefined;
  return { from, reference: r.name };
}

const reads = (e: Expr, name: string): number => {
  let n = 0;
  visit(e, (x) => {
    if (x.kind === 'read' && x.name === name) n++;
  });
  return n;
};

/** Nothing reads the reference but exponentials of differences from it, in the steps of its own pass. */
function onlyInDifferences(s: Stage, name: string): boolean {
  const names = new Set([name]);
  let [all, differences] = [0, 0];
  const count = (e: Expr): Expr => {
    all += reads(e, name);
    return e;
  };
  mapStage(s, count);
  for (const p of s.passes)
    for (const x of p.steps) {
      if (x.kind === 'reference') continue;
      visit(x.kind === 'accumulate' ? x.weight : x.value, (e) => {
        if (difference(e, names)) differences++;
      });
    }
  return all === differences;
}

// ---- traversal

/** Every expression of a stage, predicates and bounds of loops excepted: those read no carrier. */
function mapStage(s: Stage, f: (e: Expr) => Expr): Stage {
  const def = (d: TileDef): TileDef => ({ ...d, value: f(d.value) as TileDef['value'] });
  const step = (x: Step): Step =>
    x.kind === 'accumulate' ? { ...x, weight: f(x.weight) } : { ...x, value: f(x.value) };
  return {
    ...s,
    passes: s.passes.map((p) => ({
      ...p,
      defs: p.defs.map(def),
      operands: p.operands.map((o) => ({ ...o, value: f(o.value) })),
      steps: p.steps.map(step),
      stores: p.stores.map((x) => ({ ...x, value: f(x.value) })),
      finish: p.finish.map(def),
    })),
    stores: s.stores.map((x) => ({ ...x, value: f(x.value) })),
  };
}
