/**
 * What is made of sums while lanes still hold them: a value whose elements are those of a product is computed where the product
 * ends, and a product that is added to another one goes on with its sums.
 */
import { readsOf, substitute, type Expr, type ReadExpr } from '../../expr/expr.ts';
import type { StepDef } from '../tile.ts';
import type { BlockArray, Product } from './items.ts';

/** Products that are there, by the name of their value. */
export type Products = ReadonlyMap<string, Product>;

/** The value with those that are computed where they are read written out, as far as products are below them. */
export function writtenOut(e: Expr, opened: ReadonlyMap<string, StepDef>, products: Products): Expr {
  if (e.kind === 'read') {
    const d = opened.get(e.name);
    if (!d) return e;
    const inner = writtenOut(d.value, opened, products);
    if (!readsOf(inner).some((r) => products.has(r.name))) return e;
    return substitute(inner, new Map(d.indices.map((a, n) => [a, e.index[n]!])));
  }
  if (e.kind !== 'op') return e;
  return { ...e, args: e.args.map((x) => writtenOut(x, opened, products)) };
}

/**
 * The product that ends with a value, and those that are no longer there for themselves.
 * @param value over exactly the rows and columns of what it reads of products
 */
export function finished(
  value: Expr,
  products: Products,
  into: BlockArray,
): { readonly product: Product; readonly taken: readonly string[] } | undefined {
  const read = [...products.keys()].filter((n) => readsOf(value).some((r) => r.name === n));
  const name = read.at(-1);
  if (name === undefined) return undefined;
  const last = products.get(name)!;
  const before = goneOnWith(value, name, products);
  if (!before) return { product: { ...last, finish: value, into }, taken: [name] };
  const first = products.get(before.name)!;
  const [next, ...rest] = last.parts;
  const scaled = before.factor ? { ...next!, scaled: before.factor } : next!;
  const parts = [...first.parts, scaled, ...rest];
  return { product: { ...last, parts, finish: undefined, into }, taken: [before.name, name] };
}

/** Another product that the value adds to this one, perhaps after a factor. */
function goneOnWith(
  value: Expr,
  name: string,
  products: Products,
): { readonly name: string; readonly factor: Expr | undefined } | undefined {
  if (value.kind !== 'op' || value.op !== 'add' || products.get(name)!.finish) return undefined;
  const rest = value.args.filter((x) => !(x.kind === 'read' && x.name === name));
  const [other] = rest;
  if (rest.length !== 1 || !other) return undefined;
  const factors = other.kind === 'op' && other.op === 'mul' ? other.args : [other];
  const sum = factors.find((x): x is ReadExpr => x.kind === 'read' && products.has(x.name));
  const [factor, ...more] = factors.filter((x) => x !== sum);
  if (!sum || more.length > 0 || sum.name === name) return undefined;
  if (factor && readsOf(factor).some((r) => products.has(r.name))) return undefined;
  const [a, b] = [products.get(sum.name)!, products.get(name)!];
  const alike =
    a.rowAxis === b.rowAxis && a.columnAxis === b.columnAxis && a.matrix === b.matrix && !a.finish;
  return alike ? { name: sum.name, factor } : undefined;
}
