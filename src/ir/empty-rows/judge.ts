/** Whether every row of a kernel keeps an element: proven, refuted by an example, or open. */
import { evaluate } from '../../expr/evaluate.ts';
import { constant, freeVars, key, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel } from '../ir.ts';
import { domainsOf, type Domain, type IsMasked } from './domains.ts';
import { choicesOf, namesThatMatter } from './numbers.ts';
import { isProven } from './proof.ts';
import { Search, withoutData, type EmptyRow } from './search.ts';
import { isDataFree } from './trial.ts';

export type Verdict =
  /** No mask restricts a reduction whose empty rows would show. */
  | { readonly kind: 'unmasked' }
  | { readonly kind: 'proven' }
  /** The kernel itself asks which rows keep nothing. */
  | { readonly kind: 'asked' }
  | {
      readonly kind: 'empty';
      readonly domain: Domain;
      readonly example: EmptyRow;
      /** No tensor is needed to empty the row. */
      readonly byNumbers: boolean;
      /** Requirements with which no sizes and params empty a row; none when none were found. */
      readonly fixes: readonly Expr[];
    }
  | { readonly kind: 'open'; readonly domain: Domain };

/** Of several domains the worst is told. */
const RANK = { unmasked: 0, proven: 1, asked: 2, open: 3, empty: 4 } as const;
const rank = (v: Verdict): number => RANK[v.kind] + (v.kind === 'empty' && v.byNumbers ? 1 : 0);

function judge(domain: Domain): Verdict {
  const mattering = namesThatMatter(domain.kernel, [domain]);
  const search = new Search(domain, mattering);
  const byNumbers = search.byNumbers();
  if (byNumbers)
    return { kind: 'empty', domain, example: byNumbers, byNumbers: true, fixes: fixesOf(domain, byNumbers) };
  if (isProven(domain, mattering)) return { kind: 'proven' };
  const byData = isDataFree(domain.where) && isDataFree(domain.given) ? undefined : search.byData();
  if (byData) return { kind: 'empty', domain, example: byData, byNumbers: false, fixes: [] };
  return { kind: 'open', domain };
}

/** Conditions that often make the difference, simple ones first. */
function conditionsFor(d: Domain): Expr[] {
  const names = freeVars(d.where, freeVars(d.given));
  const params = d.kernel.params.filter((p) => names.has(p.name));
  const extentOf = (a: string): Expr => d.kernel.axes.find((x) => x.name === a)!.extent;
  const rows = d.rows.map(extentOf);
  const reduced = d.reduced.map(extentOf);
  const out = params.flatMap((p): Expr[] => {
    const v = variable(p.name, p.type);
    if (p.type === 'bool') return [v, op('not', v)];
    const more = p.type === 'f32' ? op('gt', v, constant('f32', 0)) : op('ge', v, constant(p.type, 1));
    return [op('ge', v, constant(p.type, 0)), more];
  });
  const distinct = rows.flatMap((r) => reduced.filter((c) => key(c) !== key(r)).map((c) => [r, c] as const));
  out.push(...distinct.map(([r, c]) => op('le', r, c)));
  out.push(...reduced.map((c) => op('ge', c, constant('i32', 2))));
  for (const p of params)
    if (p.type === 'i32')
      out.push(...reduced.flatMap((c) => [op('lt', variable(p.name), c), op('le', variable(p.name), c)]));
  out.push(...distinct.flatMap(([r, c]) => [op('le', c, r), op('eq', r, c)]));
  const seen = new Set<string>();
  return out.filter((e) => e.kind !== 'const' && !seen.has(key(e)) && seen.add(key(e)));
}

const requiring = (d: Domain, conditions: readonly Expr[]): Domain => ({
  ...d,
  kernel: {
    ...d.kernel,
    requires: [...d.kernel.requires, ...conditions.map((condition) => ({ condition, text: '' }))],
  },
});

/** Requirements, or pairs of them, that are tried for a hint. */
const MOST_TRIES = 20;

/** One or two requirements that exclude the example, fit the defaults of all params, and leave only tensors to empty a row. */
function fixesOf(domain: Domain, example: EmptyRow): readonly Expr[] {
  const all = conditionsFor(domain);
  const excludes = (c: Expr, e: EmptyRow): boolean => evaluate(c, e.numbers) === 0;
  const dataFree: Domain = { ...domain, where: simplify(withoutData(domain.where)) };
  let left = MOST_TRIES;
  const next = (conditions: readonly Expr[]): EmptyRow | 'proven' | 'no' => {
    if (left-- <= 0) return 'no';
    const d = requiring(dataFree, conditions);
    const mattering = namesThatMatter(d.kernel, [d]);
    const [first] = choicesOf(d.kernel, mattering, 1);
    if (!first?.isDefault) return 'no';
    return new Search(d, mattering).byNumbers() ?? (isProven(d, mattering) ? 'proven' : 'no');
  };
  const halves: { first: Expr; left: EmptyRow }[] = [];
  for (const first of all.filter((c) => excludes(c, example))) {
    const result = next([first]);
    if (result === 'proven') return [first];
    if (result !== 'no') halves.push({ first, left: result });
  }
  for (const { first, left } of halves)
    for (const second of all)
      if (excludes(second, left) && next([first, second]) === 'proven') return [first, second];
  return [];
}

/**
 * Judges a kernel: sizes and extents are at least 1, integers count as if they had no end.
 * @param isMasked whether mask lines alone, not the range of a reduction, say which elements along these axes exist
 */
export function judgeRows(kernel: IrKernel, isMasked: IsMasked): Verdict {
  const { all, asked } = domainsOf(kernel, isMasked);
  const none: Verdict = asked ? { kind: 'asked' } : { kind: 'unmasked' };
  return all.map(judge).reduce((worst, v) => (rank(v) > rank(worst) ? v : worst), none);
}
