/**
 * Pass `share-buffers`: where a launch would bind more buffers than it may, tensors of the workspace lie in one buffer,
 * one after the other. Inputs take part through copies, which a launch before makes.
 */
import { i32, op, read, variable, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import { STORAGE } from '../expr/types.ts';
import { summaryPlan, type PlanLimits } from './plan.ts';
import { extents } from './sides.ts';
import type { Stage, TileProgram, TileTensor } from './tile.ts';
import { loopExprs, stageTensors, stageWrites } from './walk.ts';
import { readNames } from '../expr/expr.ts';

interface Use {
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** Which tensors lie in one buffer. */
class Sharing {
  private readonly groups = new Map<string, string>();

  of(tensor: string): string {
    return this.groups.get(tensor) ?? tensor;
  }

  join(a: string, b: string, tensors: Iterable<string>): void {
    for (const t of tensors) if (this.of(t) === b) this.groups.set(t, a);
  }
}

export function shareBuffers(p: TileProgram, limits: PlanLimits): TileProgram {
  return new BufferSharing(p, limits).run();
}

class BufferSharing {
  private readonly sharing = new Sharing();
  private tensors: TileTensor[];
  private stages: Stage[];

  constructor(
    private readonly p: TileProgram,
    private readonly limits: PlanLimits,
  ) {
    this.tensors = [...p.tensors];
    this.stages = [...p.stages];
  }

  run(): TileProgram {
    for (const { name } of this.p.stages)
      while (this.isOver(name) && (this.joinTwo(this.stage(name)) || this.copyInput(this.stage(name))));
    return { ...this.p, stages: this.stages, tensors: this.placed() };
  }

  private stage(name: string): Stage {
    return this.stages.find((s) => s.name === name)!;
  }

  private isOver(name: string): boolean {
    return this.buffersOf(this.stage(name)).size > this.limits.maxBuffers;
  }

  private use(s: Stage): Use {
    const writes = stageWrites(s);
    const reads = new Set([...stageTensors(s)].filter((t) => !writes.has(t)));
    for (const x of s.passes) for (const e of x.bounds ? loopExprs(x.bounds) : []) readNames(e, reads);
    return { reads: new Set([...reads].filter((t) => this.tensor(t))), writes };
  }

  private tensor(name: string): TileTensor | undefined {
    return this.tensors.find((t) => t.name === name);
  }

  private buffersOf(s: Stage): ReadonlySet<string> {
    const { reads, writes } = this.use(s);
    // An output may have the name of an input of the stage.
    return new Set([
      ...[...reads].map((t) => this.sharing.of(t)),
      ...[...writes].map((t) => this.sharing.of(t)),
    ]);
  }

  /** Puts two of the stage's buffers together: two that it reads, or two that it writes. */
  private joinTwo(s: Stage): boolean {
    const { reads, writes } = this.use(s);
    for (const side of [reads, writes]) {
      const own = [
        ...new Set(
          [...side].filter((t) => this.tensor(t)?.role === 'workspace').map((t) => this.sharing.of(t)),
        ),
      ];
      for (const [n, a] of own.entries())
        for (const b of own.slice(n + 1))
          if (this.storage(a) === this.storage(b) && this.staysApart(a, b)) {
            this.sharing.join(
              a,
              b,
              this.tensors.map((t) => t.name),
            );
            return true;
          }
    }
    return false;
  }

  private storage(group: string): string {
    return this.tensors.find((t) => this.sharing.of(t.name) === group)!.storage;
  }

  /** No stage would read and write one buffer. */
  private staysApart(a: string, b: string): boolean {
    return this.stages.every((s) => {
      const { reads, writes } = this.use(s);
      const among = (xs: ReadonlySet<string>): boolean =>
        [...xs].some((t) => [a, b].includes(this.sharing.of(t)));
      return !(among(reads) && among(writes));
    });
  }

  // ---- copies

  /** A copy of the stage's smallest input takes its place: numbers of one type are together in the end. */
  private copyInput(s: Stage): boolean {
    const inputs = [...this.use(s).reads].map((t) => this.tensor(t)!).filter((t) => t.role === 'in');
    const rank = (t: TileTensor): number => (STORAGE[t.storage].value === 'f32' ? 0 : 100) + t.shape.length;
    const [least] = inputs.sort((x, y) => rank(x) - rank(y));
    if (!least) return false;
    const names = new Map([[least.name, this.copyOf(least)]]);
    this.stages = this.stages.map((x) => (x.name === s.name ? renamed(x, names) : x));
    return true;
  }

  /** The copy of an input, made by a stage before all others. */
  private copyOf(t: TileTensor): string {
    const name = `ws.copy.${t.name}`;
    if (this.tensor(name)) return name;
    const axes = t.shape.map((extent, n) => ({ name: `x${n}`, extent }));
    const value = read(
      t.name,
      axes.map((a) => variable(a.name)),
      STORAGE[t.storage].value,
    );
    this.tensors.push({
      name,
      role: 'workspace',
      storage: value.type,
      shape: t.shape,
      axes: t.axes,
    });
    this.stages.unshift({
      name: `${this.p.name}_copy_${t.name}`,
      batch: [],
      row: axes,
      stream: [],
      vectors: [],
      prologue: [],
      rowOperands: [],
      passes: [],
      stores: [{ output: name, site: 'row', vectors: [], value, indices: axes.map((a) => a.name) }],
      plan: summaryPlan(this.limits),
    });
    return name;
  }

  // ---- places

  private placed(): readonly TileTensor[] {
    const members = new Map<string, TileTensor[]>();
    for (const t of this.tensors) {
      const group = this.sharing.of(t.name);
      members.set(group, [...(members.get(group) ?? []), t]);
    }
    const names = [...members].filter(([, m]) => m.length > 1).map(([group]) => group);
    return this.tensors.map((t) => {
      const group = this.sharing.of(t.name);
      const all = members.get(group)!;
      if (all.length === 1) return t;
      const before = all.slice(0, all.indexOf(t)).map(elements);
      const total = all.map(elements).reduce(plus);
      const buffer = `ws.shared${names.length > 1 ? `.${names.indexOf(group)}` : ''}`;
      return { ...t, within: { buffer, offset: before.reduce(plus, i32(0) as Expr), total } };
    });
  }
}

const plus = (a: Expr, b: Expr): Expr => simplify(op('add', a, b));
const elements = (t: TileTensor): Expr => extents(t.shape.map((extent) => ({ name: '', extent })));

/** The stage with other tensors in the place of some that it reads. */
function renamed(s: Stage, names: ReadonlyMap<string, string>): Stage {
  const go = (x: unknown): unknown => {
    if (Array.isArray(x)) return x.map(go);
    if (typeof x !== 'object' || x === null) return x;
    const node = x as Readonly<Record<string, unknown>>;
    const copy = Object.fromEntries(Object.entries(node).map(([k, v]) => [k, go(v)]));
    const to = node['kind'] === 'read' ? names.get(node['name'] as string) : undefined;
    return to === undefined ? copy : { ...copy, name: to };
  };
  return go(s) as Stage;
}
