/** Small sizes and params that satisfy a kernel's requirements, simplest first. */
import { evaluate } from '../../expr/evaluate.ts';
import { freeVars, visit, type Expr } from '../../expr/expr.ts';
import type { IrKernel, IrParam } from '../ir.ts';
import type { Domain } from './domains.ts';

/** Values of all sizes and params by name. */
export type Numbers = ReadonlyMap<string, number>;

const LARGEST_SIZE = 6;
const MOST_COMBINATIONS = 2000;
/** For params that differ from their defaults. */
const MOST_SIZES_PER_PARAM = 20;
const INTEGERS = [0, 1, -1, 2, 3, -2, 5];
const FLOATS = [0, 1, -1, 0.5, 2];

/** Constants that requirements and extents compare or divide sizes with: the sizes that fit may be multiples. */
function constantsIn(all: readonly Expr[]): number[] {
  const out = new Set<number>();
  for (const e of all)
    visit(e, (x) => {
      if (x.kind === 'const' && x.type === 'i32' && x.value > 1 && x.value <= 128) out.add(x.value);
    });
  return [...out].flatMap((n) => [n, 2 * n]);
}

/** Names that matter for some domains: those in their conditions, their extents and in requirements. */
export function namesThatMatter(k: IrKernel, domains: readonly Domain[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const d of domains) {
    freeVars(d.where, names);
    freeVars(d.given, names);
    for (const a of k.axes)
      if (d.rows.includes(a.name) || d.reduced.includes(a.name)) freeVars(a.extent, names);
  }
  // A requirement ties what it mentions together.
  for (let grown = true; grown;) {
    grown = false;
    for (const r of k.requires) {
      const own = [...freeVars(r.condition)];
      if (!own.some((n) => names.has(n)) || own.every((n) => names.has(n))) continue;
      own.forEach((n) => names.add(n));
      grown = true;
    }
  }
  return names;
}

/** Values of the sizes: sums first, then in the order of their declaration. */
function sizeChoices(k: IrKernel, mattering: ReadonlySet<string>): number[][] {
  const formulas = [...k.requires.map((r) => r.condition), ...k.axes.map((a) => a.extent)];
  const constants = constantsIn(formulas);
  const bound = new Set(formulas.flatMap((e) => (constantsIn([e]).length > 0 ? [...freeVars(e)] : [])));
  const several = k.sizes.filter((s) => mattering.has(s));
  const limit = several.length > 4 ? 2 : several.length > 3 ? 3 : LARGEST_SIZE;
  const values = k.sizes.map((s): number[] => {
    const small = Array.from({ length: mattering.has(s) ? limit : 1 }, (_, n) => n + 1);
    const more = bound.has(s) ? constants : [];
    return [...new Set([...small, ...more])].sort((a, b) => a - b);
  });
  let all: number[][] = [[]];
  for (const own of values)
    all = all.flatMap((head) => own.map((n) => [...head, n])).slice(0, 20 * MOST_COMBINATIONS);
  const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
  return all.sort((a, b) => sum(a) - sum(b)).slice(0, MOST_COMBINATIONS);
}

function valuesOf(p: IrParam): readonly number[] {
  if (p.type === 'bool') return [0, 1];
  return p.type === 'f32' ? FLOATS : p.type === 'u32' ? INTEGERS.filter((n) => n >= 0) : INTEGERS;
}

/** What a param without a default is when it is not the one that is varied. */
const usual = (p: IrParam): number => (p.type === 'i32' || p.type === 'u32' ? 4 : 1);

/** Params that differ from their defaults: none, then one, then two of them. */
function paramChoices(k: IrKernel, mattering: ReadonlySet<string>): ReadonlyMap<string, number>[] {
  const own = k.params.filter((p) => mattering.has(p.name));
  const single = own.flatMap((p) => valuesOf(p).map((v) => [p.name, v] as const));
  const pairs = single.flatMap((a, n) =>
    single.slice(n + 1).flatMap((b) => (a[0] === b[0] || own.length > 3 ? [] : [new Map([a, b])])),
  );
  return [new Map(), ...single.map((a) => new Map([a])), ...pairs];
}

export interface Choice {
  readonly numbers: Numbers;
  /** Every param that has a default has it. */
  readonly isDefault: boolean;
}

/**
 * Numbers that meet the requirements and give every axis at least one index: all sizes for one choice of params, then for
 * the next.
 * @param most how many sizes are tried for one choice of params
 */
export function* choicesOf(k: IrKernel, mattering: ReadonlySet<string>, most = Infinity): Generator<Choice> {
  const sizes = sizeChoices(k, mattering);
  const conditions = k.requires.map((r) => r.condition);
  for (const changed of paramChoices(k, mattering)) {
    const isDefault = k.params.every((p) => !changed.has(p.name) || !p.default);
    let left = changed.size === 0 ? most : Math.min(most, MOST_SIZES_PER_PARAM);
    for (const choice of sizes) {
      if (left === 0) break;
      const numbers = new Map(k.sizes.map((s, n) => [s, choice[n]!]));
      for (const p of k.params)
        numbers.set(p.name, changed.get(p.name) ?? (p.default ? evaluate(p.default, numbers) : usual(p)));
      if (k.axes.some((a) => evaluate(a.extent, numbers) < 1)) continue;
      if (k.tensors.some((t) => t.dims.some((d) => evaluate(d.extent, numbers) < 1))) continue;
      if (!conditions.every((c) => evaluate(c, numbers) !== 0)) continue;
      left--;
      yield { numbers, isDefault };
    }
  }
}
