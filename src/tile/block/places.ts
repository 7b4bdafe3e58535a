/** Where barriers are, and where in workgroup memory arrays lie: those whose time is over give their place to later ones. */
import { visit, type Expr } from '../../expr/expr.ts';
import { STORAGE } from '../../expr/types.ts';
import type { StepDef } from '../tile.ts';
import { writtenBy, type BlockArray, type Item } from './items.ts';
import type { Phase } from './walk.ts';

const BOUNDARY = 128;

/** Where values are read from: an array, or what they are made of. */
export interface Homes {
  readonly arrays: ReadonlyMap<string, BlockArray>;
  readonly opened: ReadonlyMap<string, StepDef>;
  /** Names of all that the block computes. */
  readonly own: ReadonlySet<string>;
}
export interface LaidItem {
  readonly item: Item;
  /** What it reads was written by other lanes since the last barrier, or what it replaces was read by them. */
  readonly barrier: boolean;
  /** Some of what it reads is copied. */
  readonly landed: boolean;
}
export interface Laid {
  /** Before the walk or without one, at each of its positions, which begins with a barrier, and after it. */
  readonly items: Readonly<Record<Phase, readonly LaidItem[]>>;
  readonly places: readonly { readonly array: BlockArray; readonly at: number }[];
  readonly bytes: number;
}

/** Undefined where something is read before it is there. */
export function lay(all: Readonly<Record<Phase, readonly Item[]>>, homes: Homes): Laid | undefined {
  const laying = new Laying(homes);
  const before = laying.items(all.before);
  laying.begin();
  const turn = laying.items(all.turn);
  laying.end();
  const after = laying.items(all.after);
  return before && turn && after && { items: { before, turn, after }, ...placed(laying.life) };
}

class Laying {
  /** The first and last stretch between barriers in which an array is needed. */
  readonly life = new Map<BlockArray, [number, number]>();
  /** Written, copied and read since the last barrier. */
  private readonly dirty = new Set<BlockArray>();
  private readonly copies = new Set<BlockArray>();
  private readonly read = new Set<BlockArray>();
  private epoch = 0;
  /** What was there before the first turn, and the first stretch of a turn. */
  private known: ReadonlySet<BlockArray> = new Set();
  private first = 0;

  constructor(private readonly homes: Homes) {}

  /** A turn begins with a barrier, after which all copies have landed. */
  begin(): void {
    this.barrier(true);
    this.known = new Set(this.life.keys());
    this.first = this.epoch;
  }

  /** What turns read that was there before them is needed in all of them; a barrier follows the last one. */
  end(): void {
    for (const a of this.known) {
      const own = this.life.get(a)!;
      if (own[1] >= this.first) own[1] = this.epoch;
    }
    this.barrier(false);
  }

  private barrier(landed: boolean): void {
    this.epoch++;
    this.dirty.clear();
    this.read.clear();
    if (landed) this.copies.clear();
  }

  items(all: readonly Item[]): readonly LaidItem[] | undefined {
    const out: LaidItem[] = [];
    for (const item of all) {
      const laid = this.item(item);
      if (!laid) return undefined;
      out.push(laid);
    }
    return out;
  }

  private item(item: Item): LaidItem | undefined {
    const uses = usedBy(item, this.homes);
    if (!uses) return undefined;
    const makes = writtenBy(item);
    const barrier =
      uses.some((a) => this.dirty.has(a)) || makes.some((a) => this.read.has(a) || this.dirty.has(a));
    const landed = uses.some((a) => this.copies.has(a));
    if (barrier) this.barrier(landed);
    for (const a of uses) {
      const own = this.life.get(a);
      if (!own) return undefined;
      own[1] = this.epoch;
      this.read.add(a);
    }
    for (const a of makes) {
      const own = this.life.get(a);
      if (own) own[1] = this.epoch;
      else this.life.set(a, [this.epoch, this.epoch]);
      this.dirty.add(a);
      if (item.kind === 'fill' && item.copied) this.copies.add(a);
    }
    return { item, barrier, landed };
  }
}

/** Undefined where something has no home. */
function usedBy(item: Item, { arrays, opened, own }: Homes): readonly BlockArray[] | undefined {
  const out = new Set<BlockArray>();
  const inStep =
    item.kind === 'scan' || item.kind === 'readout'
      ? [item.state.name, item.next.name]
      : item.kind === 'product'
        ? [item.name]
        : [];
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
  if (item.kind === 'product') for (const p of item.parts) out.add(p.left.array).add(p.right.array);
  for (const e of exprsOf(item)) look(e);
  for (const a of writtenBy(item)) out.delete(a);
  return found ? [...out] : undefined;
}

function exprsOf(item: Item): readonly Expr[] {
  switch (item.kind) {
    case 'product': {
      const scaled = item.parts.flatMap((p) => p.scaled ?? []);
      return item.finish ? [...scaled, item.finish] : scaled;
    }
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
