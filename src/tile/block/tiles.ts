/**
 * Tensors of which several values of a block are made: their rows are copied to workgroup memory once, before anything else, and read
 * from there, in whatever order. What is read once is better read where it is needed.
 */
import {
  freeVars,
  key,
  mapChildren,
  op,
  readsOf,
  substitute,
  variable,
  type Expr,
  type ReadExpr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StepDef } from '../tile.ts';
import type { BlockArray, Fill, Item } from './items.ts';
import { lay, type Homes, type Laid } from './places.ts';
import { PHASES, type Phase } from './walk.ts';

export interface TileInput {
  readonly extents: ReadonlyMap<string, number>;
  readonly opened: ReadonlyMap<string, StepDef>;
  readonly isTensor: (name: string) => boolean;
  /** An array for what a read finds over some axes, where it can be copied. */
  readonly copied: (e: ReadExpr, axes: readonly string[]) => BlockArray | undefined;
}
interface Tile {
  /** Of the rows, and under which the copy is read. */
  readonly name: string;
  readonly array: BlockArray;
}

/** A read of rows: which ones of the tensor, where among them, and along which vector. */
interface Rows {
  readonly read: ReadExpr;
  readonly id: string;
  readonly row: Expr;
  readonly last: string;
}

interface Tiled {
  readonly tiles: readonly Tile[];
  readonly laid: Laid;
}

/**
 * Values in workgroup memory with those tensors copied whose copies take no more of it, in places whose time is over or has not come.
 * @param plain the same without copies
 */
export function laidWithTiles(
  items: Readonly<Record<Phase, readonly Item[]>>,
  homes: Homes,
  plain: Laid,
  x: TileInput,
): Tiled | undefined {
  const laidWith = (wanted: (name: string) => boolean): Tiled | undefined => {
    const made = PHASES.map((p) => [p, withTiles(items[p], x, wanted)] as const);
    const tiles = made.flatMap(([, m]) => m.tiles);
    const arrays = new Map([...homes.arrays, ...tiles.map((t) => [t.name, t.array] as const)]);
    const phases = Object.fromEntries(made.map(([p, m]) => [p, m.items])) as Record<Phase, readonly Item[]>;
    const laid = lay(phases, { ...homes, arrays });
    return laid && { tiles, laid };
  };
  const taken = new Set<string>();
  let best: Tiled | undefined;
  for (const { name } of laidWith(() => true)?.tiles ?? []) {
    const made = laidWith((n) => n === name || taken.has(n));
    if (!made || made.laid.bytes > plain.bytes) continue;
    taken.add(name);
    best = made;
  }
  return best;
}

/**
 * The items with such copies before them, and the copies.
 * @param wanted by their names
 */
function withTiles(
  items: readonly Item[],
  x: TileInput,
  wanted: (name: string) => boolean,
): { readonly items: readonly Item[]; readonly tiles: readonly Tile[] } {
  const fills = items.filter((i): i is Fill => i.kind === 'fill' && !i.copied);
  const values = new Map(fills.map((f) => [f, expanded(f.value, x)]));
  const users = new Map<string, Set<Fill>>();
  const all = new Map<string, Rows[]>();
  for (const [f, value] of values)
    for (const r of readsOf(value)) {
      const rows = x.isTensor(r.name) ? rowsOf(r, x) : undefined;
      if (!rows) continue;
      users.set(rows.id, (users.get(rows.id) ?? new Set()).add(f));
      all.set(rows.id, [...(all.get(rows.id) ?? []), rows]);
    }
  const tiles = new Map<string, Tile>();
  const copies: Fill[] = [];
  for (const [id, found] of all) {
    if (users.get(id)!.size < 2 || !wanted(id)) continue;
    // The read whose position goes through all rows that the others want.
    const most = Math.max(...found.map((r) => mostOf(r.row, x)));
    const whole = found.find((r) => r.row.kind === 'var' && mostOf(r.row, x) === most);
    if (whole?.row.kind !== 'var') continue;
    const axis = whole.row.name;
    const array = x.copied(whole.read, [axis, whole.last]);
    if (!array) continue;
    tiles.set(id, { name: id, array });
    copies.push({ kind: 'fill', array, value: whole.read, copied: true });
  }
  if (tiles.size === 0) return { items, tiles: [] };
  const swapped = (e: Expr): Expr => {
    const rows = e.kind === 'read' && x.isTensor(e.name) ? rowsOf(e, x) : undefined;
    const tile = rows && tiles.get(rows.id);
    if (tile && e.kind === 'read') return { ...e, name: tile.name, index: [rows.row, variable(rows.last)] };
    return mapChildren(e, swapped);
  };
  const made = items.map((i): Item => {
    const value = i.kind === 'fill' ? values.get(i) : undefined;
    return i.kind === 'fill' && value ? { ...i, value: swapped(value) } : i;
  });
  return { items: [...copies, ...made], tiles: [...tiles.values()] };
}

/** What is computed where it is read is written out, as far as tensors are below it. */
function expanded(e: Expr, x: TileInput): Expr {
  const d = e.kind === 'read' ? x.opened.get(e.name) : undefined;
  if (e.kind !== 'read' || !d) return mapChildren(e, (c) => expanded(c, x));
  const value = expanded(d.value, x);
  if (!readsOf(value).some((r) => x.isTensor(r.name))) return e;
  return substitute(value, new Map(d.indices.map((a, n) => [a, e.index[n]!])));
}

function rowsOf(r: ReadExpr, x: TileInput): Rows | undefined {
  const isLocal = (e: Expr): boolean => [...freeVars(e)].some((a) => x.extents.has(a));
  const last = r.index.at(-1);
  const moving = r.index.slice(0, -1).filter(isLocal);
  if (last?.kind !== 'var' || !x.extents.has(last.name) || moving.length !== 1) return undefined;
  const terms = summands(moving[0]!);
  if (!terms.every((t) => !isLocal(t) || mostOf(t, x) < Infinity)) return undefined;
  // Constants beside positions are positions; what is left says which rows of the tensor lie there.
  const own = terms.filter((t) => isLocal(t) || t.kind === 'const');
  const base = terms.filter((t) => !own.includes(t));
  const add = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
  const id = [
    `${r.name}.tile`,
    ...r.index.map((i) => (i === moving[0] ? base.map(key).sort().join('+') : key(i))),
  ].join(' ');
  return { read: r, id, row: own.reduce(add), last: last.name };
}

const summands = (e: Expr): readonly Expr[] =>
  e.kind === 'op' && e.op === 'add' ? e.args.flatMap(summands) : [e];

/** The largest value of sums and multiples of positions; infinite where it is not known. */
function mostOf(e: Expr, x: TileInput): number {
  if (e.kind === 'const') return e.value >= 0 ? e.value : Infinity;
  if (e.kind === 'var') return (x.extents.get(e.name) ?? Infinity) - 1;
  if (e.kind !== 'op' || e.type !== 'i32' || !(e.op === 'add' || e.op === 'mul')) return Infinity;
  const [a, b] = e.args.map((c) => mostOf(c, x)) as [number, number];
  return e.op === 'add' ? a + b : a * b;
}
