/** Where barriers are, and where in workgroup memory arrays lie: those whose time is over give their place to later ones. */
import { visit, type Expr } from '../../expr/expr.ts';
import { STORAGE } from '../../expr/types.ts';
import type { StepDef } from '../tile.ts';
import { writtenBy, type BlockArray, type Item } from './items.ts';

const BOUNDARY = 128;

/** Where values are read from: an array, or what they are made of. */
export interface Homes {
  readonly arrays: ReadonlyMap<string, BlockArray>;
  readonly opened: ReadonlyMap<string, StepDef>;
  /** Names of all that the block computes. */
  readonly own: ReadonlySet<string>;
}
export interface Laid {
  /** `barrier`: what it reads was written by other lanes since the last one; `landed`: some of that is copied. */
  readonly items: readonly { readonly item: Item; readonly barrier: boolean; readonly landed: boolean }[];
  readonly places: readonly { readonly array: BlockArray; readonly at: number }[];
  readonly bytes: number;
}

/** Undefined where something is read before it is there. */
export function lay(all: readonly Item[], homes: Homes): Laid | undefined {
  const items: { item: Item; barrier: boolean; landed: boolean }[] = [];
  const dirty = new Set<BlockArray>();
  const copies = new Set<BlockArray>();
  const life = new Map<BlockArray, [number, number]>();
  let epoch = 0;
  for (const item of all) {
    const uses = usedBy(item, homes);
    if (!uses) return undefined;
    const barrier = uses.some((a) => dirty.has(a));
    const landed = uses.some((a) => copies.has(a));
    if (barrier) {
      epoch++;
      dirty.clear();
      if (landed) copies.clear();
    }
    for (const a of uses) {
      const own = life.get(a);
      if (!own) return undefined;
      own[1] = epoch;
    }
    for (const a of writtenBy(item)) {
      life.set(a, [epoch, epoch]);
      dirty.add(a);
      if (item.kind === 'fill' && item.copied) copies.add(a);
    }
    items.push({ item, barrier, landed });
  }
  return { items, ...placed(life) };
}

/** Undefined where something has no home. */
function usedBy(item: Item, { arrays, opened, own }: Homes): readonly BlockArray[] | undefined {
  const out = new Set<BlockArray>();
  const inStep = item.kind === 'scan' || item.kind === 'readout' ? [item.state.name, item.next.name] : [];
  let found = true;
  const look = (e: Expr): void =>
    visit(e, (x) => {
      if (x.kind !== 'read') return;
      const a = arrays.get(x.name);
      if (a) out.add(a);
      const o = opened.get(x.name);
      if (o) look(o.value);
      if (!a && !o && own.has(x.name) && !inStep.includes(x.name)) found = false;
    });
  if (item.kind === 'product') return [item.left.array, item.right.array];
  for (const e of exprsOf(item)) look(e);
  for (const a of writtenBy(item)) out.delete(a);
  return found ? [...out] : undefined;
}

function exprsOf(item: Exclude<Item, { kind: 'product' }>): readonly Expr[] {
  switch (item.kind) {
    case 'fill':
      return [item.value];
    case 'scan':
      return [item.state.init, item.next.value];
    case 'readout':
      return [item.next.value, ...item.sums.map((s) => s.def.value)];
    case 'gather':
      return [item.def.value];
    case 'write': {
      const { value, index, where } = item.store;
      return [value, ...index, ...(where ? [where] : [])];
    }
  }
}

/** Arrays that are needed at the same time lie apart. */
function placed(life: ReadonlyMap<BlockArray, readonly [number, number]>): {
  readonly places: Laid['places'];
  readonly bytes: number;
} {
  const places: { array: BlockArray; at: number; end: number; life: readonly [number, number] }[] = [];
  for (const [array, own] of life) {
    const size = Math.ceil((array.length * STORAGE[array.storage].bytes) / BOUNDARY) * BOUNDARY;
    const others = places
      .filter((p) => p.life[0] <= own[1] && own[0] <= p.life[1])
      .sort((a, b) => a.at - b.at);
    let at = 0;
    for (const p of others) if (p.at < at + size && at < p.end) at = p.end;
    places.push({ array, at, end: at + size, life: own });
  }
  return { places, bytes: Math.max(0, ...places.map((p) => p.end)) };
}
