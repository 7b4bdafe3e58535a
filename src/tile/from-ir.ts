/** Semantic IR in normal form → tiled IR: groups outputs into stages and orders the stages. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { mapChildren, type Expr } from '../expr/expr.ts';
import type { StorageType } from '../expr/types.ts';
import type { IrKernel, IrOutput, IrTensor } from '../ir/ir.ts';
import { NeedsRows } from './carriers.ts';
import { chooseShape, shapeKey } from './choose.ts';
import { Graph } from './graph.ts';
import { NeedsStage, StageBuilder } from './stage.ts';
import type { Stage, TileProgram, TileTensor } from './tile.ts';

interface Group {
  readonly level: number;
  readonly shape: string;
  readonly asRows: ReadonlySet<string>;
  readonly outputs: IrOutput[];
  readonly stored: ReadonlySet<string>;
}

class Partition {
  private readonly groups: Group[] = [];
  /** Definitions kept in workspace between stages, and the level of the stage that writes them. */
  private readonly workspace = new Map<string, number>();

  constructor(private readonly kernel: IrKernel) {}

  run(fixed: Readonly<Record<string, number>>): TileProgram {
    for (const o of this.kernel.outputs) this.place(o, new Set(), new Set());
    const stages = this.stages();
    return {
      name: this.kernel.name,
      sizes: this.kernel.sizes,
      params: this.kernel.params.map((p) => ({ name: p.name, type: p.type })),
      fixed,
      tensors: this.tensors(),
      stages,
    };
  }

  /** Finds a stage for an output; restarts with more rows or more workspace until it fits. Returns its level. */
  private place(o: IrOutput, asRows: ReadonlySet<string>, stored: ReadonlySet<string>): number {
    const g = new Graph(withStored(this.kernel, stored));
    const shape = chooseShape(g, o.def, asRows);
    try {
      new StageBuilder(g, shape, [o], this.kernel.name).build();
    } catch (e) {
      if (e instanceof NeedsRows && e.axes.some((a) => !asRows.has(a)) && this.has(o, e.axes))
        return this.place(o, new Set([...asRows, ...e.axes]), stored);
      if (e instanceof NeedsRows) {
        if (e.def === o.def) throw new CompilerBug('tile/from-ir', `no stage can hold output ${o.name}`);
        // Its rows are not among those of this output: it gets a stage in which they are.
        return this.place(o, asRows, new Set([...stored, ...this.storeAll([e.def])]));
      }
      if (!(e instanceof NeedsStage)) throw e;
      if (e.defs.some((d) => d === o.def))
        throw new CompilerBug('tile/from-ir', `stage of ${o.name} needs itself`);
      return this.place(o, asRows, new Set([...stored, ...this.storeAll(e.defs)]));
    }
    const level = Math.max(-1, ...[...stored].map((d) => this.workspace.get(d)!)) + 1;
    const k = shapeKey(shape) + `|${[...asRows].join(',')}`;
    const group = this.groups.find((x) => x.level === level && x.shape === k && this.compatible(x, stored));
    if (group) group.outputs.push(o);
    else this.groups.push({ level, shape: k, asRows, outputs: [o], stored });
    return level;
  }

  private has(o: IrOutput, axes: readonly string[]): boolean {
    return axes.every((a) => o.indices.includes(a));
  }

  private compatible(x: Group, stored: ReadonlySet<string>): boolean {
    return x.stored.size === stored.size && [...stored].every((d) => x.stored.has(d));
  }

  /** Stores definitions; what had to be stored for them is there to be read as well. */
  private storeAll(names: readonly string[]): readonly string[] {
    const before = new Set(this.workspace.keys());
    for (const d of names) this.store(d);
    return [...names, ...[...this.workspace.keys()].filter((d) => !before.has(d))];
  }

  private store(name: string): void {
    if (this.workspace.has(name)) return;
    const def = this.kernel.defs.find((d) => d.name === name)!;
    const storage: StorageType = def.type === 'bool' ? 'bool' : def.type;
    this.workspace.set(name, -1);
    const level = this.place(
      { name: stored(name), storage, def: name, indices: def.indices },
      new Set(),
      new Set(),
    );
    this.workspace.set(name, level);
  }

  private stages(): Stage[] {
    const ordered = [...this.groups].sort((a, b) => a.level - b.level);
    return ordered.map((group, n) => {
      const g = new Graph(withStored(this.kernel, group.stored));
      const shape = chooseShape(g, group.outputs[0]!.def, group.asRows);
      const name = ordered.length === 1 ? this.kernel.name : `${this.kernel.name}_${n + 1}`;
      return new StageBuilder(g, shape, group.outputs, name).build();
    });
  }

  private tensors(): TileTensor[] {
    const extent = (a: string): Expr => this.kernel.axes.find((x) => x.name === a)!.extent;
    const inputs = this.kernel.tensors.map((t): TileTensor => ({
      name: t.name,
      role: 'in',
      storage: t.storage,
      shape: t.dims.map((d) => d.extent),
      axes: t.dims.map((d) => d.axis),
      ...(t.declared ? { declared: t.declared } : {}),
    }));
    const of = (
      role: 'out' | 'workspace',
      name: string,
      storage: StorageType,
      indices: readonly string[],
    ) => ({
      name,
      role,
      storage,
      shape: indices.map(extent),
      axes: [...indices],
    });
    const outputs = this.kernel.outputs.map((o) => ({
      ...of('out', o.name, o.storage, o.indices),
      ...(o.declared ? { declared: o.declared } : {}),
    }));
    const kept = [...this.workspace.keys()].map((d) => {
      const def = this.kernel.defs.find((x) => x.name === d)!;
      return of('workspace', stored(d), def.type, def.indices);
    });
    return [...inputs, ...outputs, ...kept];
  }
}

const stored = (def: string): string => `ws.${def}`;

/** The kernel with some definitions turned into tensors that an earlier stage wrote. */
function withStored(k: IrKernel, names: ReadonlySet<string>): IrKernel {
  if (names.size === 0) return k;
  const swap = (e: Expr): Expr => {
    const inner = mapChildren(e, swap);
    return inner.kind === 'read' && names.has(inner.name) ? { ...inner, name: stored(inner.name) } : inner;
  };
  const kept = k.defs.filter((d) => names.has(d.name));
  const tensors = kept.map((d): IrTensor => ({
    name: stored(d.name),
    storage: d.type,
    dims: d.indices.map((a) => ({ axis: a, extent: k.axes.find((x) => x.name === a)!.extent })),
    optional: false,
  }));
  const defs = k.defs.filter((d) => !names.has(d.name)).map((d) => ({ ...d, value: swap(d.value) }));
  return { ...k, tensors: [...k.tensors, ...tensors], defs };
}

export function tileProgram(kernel: IrKernel, fixed: Readonly<Record<string, number>>): TileProgram {
  return new Partition(kernel).run(fixed);
}
