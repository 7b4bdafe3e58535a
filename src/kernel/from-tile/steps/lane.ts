/** What a lane holds while it takes steps: columns, numbers and arrays, and the loops that it is in. */
import { variable, type Expr } from '../../../expr/expr.ts';
import type { StepDef } from '../../../tile/tile.ts';
import { arrayS, letS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import type { Frame } from '../frame.ts';
import type { Scope } from '../scope.ts';
import { Emitter, type Held } from './emitter.ts';
import { LoopShapes, type StepsPlan } from './loops.ts';
import { StepNodes } from './nodes.ts';

/** Where a value lies: a place for each column, or numbers that differ between the turns of written loops. */
export interface Place {
  readonly slots: readonly Held[];
  readonly turns?: {
    readonly loops: readonly string[];
    readonly slots: ReadonlyMap<string, readonly Held[]>;
  };
}

export class Lane {
  readonly emitter: Emitter;
  readonly nodes: StepNodes;
  readonly loops: LoopShapes;
  readonly states = new Map<string, Place>();
  /** Values of the step that are complete where the lane is. */
  held: ReadonlyMap<string, Place> = new Map();
  /** States that have their new values. */
  updated: ReadonlySet<string> = new Set();
  private readonly arrays = new Map<string, readonly Held[]>();
  private readonly columns: readonly ReadonlyMap<string, Expr>[];
  private readonly rowAxes: ReadonlySet<string>;

  constructor(
    readonly scope: Scope,
    readonly frame: Frame,
    plan: StepsPlan,
  ) {
    const { stage } = scope;
    this.loops = new LoopShapes(stage, plan);
    const vectors = new Map(stage.vectors.map((v) => [v.name, v.extent]));
    // Nothing is held along them: it would take a place without end.
    for (const a of stage.recurrence!.loops) vectors.set(a.name, Infinity);
    this.nodes = new StepNodes(stage.recurrence!, vectors, this.loops);
    this.rowAxes = new Set(stage.row.map((a) => a.name));
    this.columns = Array.from({ length: scope.arrangement.rowSlots }, (_, n) => frame.row(n, []).vars);
    this.emitter = new Emitter(scope, {
      state: (name) => this.nodes.state(name),
      def: (name) => this.nodes.def(name),
      held: (name, slot) => this.heldAt(name, slot),
      perSlot: (indices) => this.slots(indices).length > 1,
      column: (axis, slot) => this.column(axis, slot),
      extent: (v) => vectors.get(v)!,
    });
  }

  // ---- columns

  column(axis: string, slot: number): Expr | undefined {
    return this.columns[slot]!.get(axis);
  }

  /** The columns for which a value over these axes is computed: one for all where it does not differ between them. */
  slots(indices: readonly string[]): readonly number[] {
    if (!indices.some((a) => this.rowAxes.has(a))) return [0];
    return this.columns.map((_, n) => n);
  }

  perSlot<T>(indices: readonly string[], make: (suffix: string, slot: number) => T): readonly T[] {
    const slots = this.slots(indices);
    return slots.map((n) => make(slots.length > 1 ? `_${n}` : '', n));
  }

  // ---- places

  private heldAt(name: string, slot: number): Held | undefined {
    const state = this.nodes.stateAfter(name);
    const after = state && this.updated.has(state.name) ? this.states.get(state.name) : undefined;
    const place = this.states.get(name) ?? after ?? this.held.get(name);
    if (!place) return undefined;
    const { turns } = place;
    const slots = (turns && turns.slots.get(this.loops.turn(turns.loops))) ?? place.slots;
    return slots.length > 1 ? slots[slot]! : slots[0]!;
  }

  holds(d: StepDef, at: Place): void {
    this.held = new Map([...this.held, [d.name, at]]);
  }

  /** Arrays that hold a value over vector axes, declared before the first step. */
  array(d: StepDef): readonly Held[] {
    const known = this.arrays.get(d.name);
    if (known) return known;
    const vectors = this.nodes.vectorsOf(d.indices);
    const made = this.perSlot(d.indices, (suffix): Held => {
      const name = this.scope.names.fresh(`${d.name}${suffix}`);
      this.emitter.out(0).push(arrayS(name, d.type, this.size(vectors)));
      return { name, vectors };
    });
    this.arrays.set(d.name, made);
    return made;
  }

  knownArray(d: StepDef): readonly Held[] | undefined {
    return this.arrays.get(d.name);
  }

  size(vectors: readonly string[]): number {
    return vectors.reduce((n, v) => n * this.loops.extent(v), 1);
  }

  /** Index of a lane's array at the elements that the loops around stand at. */
  at(vectors: readonly string[]): Expr {
    return this.emitter.flat(
      vectors,
      vectors.map((v) => this.emitter.coordinate(v, 0)!),
    );
  }

  /** A variable with the value that an expression has now. */
  name(value: Expr, base: string): Expr {
    if (value.kind === 'const') return value;
    const name = this.scope.names.fresh(base);
    this.emitter.out().push(letS(name, value));
    this.emitter.declare(name);
    return variable(name, value.type);
  }

  // ---- loops

  loop(loop: string, body: () => void, whole = false): void {
    this.loops.run(loop, this.emitter, (base) => this.scope.index(base), body, whole);
  }

  /** All elements along some axes. */
  nest(axes: readonly string[], body: () => void): void {
    const [a, ...rest] = axes;
    if (a === undefined) return body();
    this.loop(a, () => this.nest(rest, body), true);
  }

  push(...stmts: readonly Stmt[]): void {
    this.emitter.out().push(...stmts);
  }
}
