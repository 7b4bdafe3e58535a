/**
 * Loops over vector axes: which are written out, and which are cut into blocks whose turns are written out inside of other
 * loops, so that what those read serves several elements.
 */
import { i32, op, variable, type Expr } from '../../../expr/expr.ts';
import type { StagePlan } from '../../../tile/plan.ts';
import type { Stage } from '../../../tile/tile.ts';
import { forS, OPAQUE_ZERO } from '../../build.ts';
import type { Emitter } from './emitter.ts';

export type StepsPlan = NonNullable<StagePlan['steps']>;
type Kind = 'written' | 'unrolled' | 'plain' | 'opaque';

/** The loop over the turns of a block. */
const inside = (axis: string): string => `${axis}:in`;
/** The axis of a loop. */
export const axisOf = (loop: string): string => loop.split(':')[0]!;

export class LoopShapes {
  private readonly extents: ReadonlyMap<string, number>;
  private readonly open: ReadonlyMap<string, Expr>;
  private readonly blocked = new Set<string>();
  private readonly ofStates: ReadonlySet<string>;

  constructor(
    stage: Stage,
    private readonly plan: StepsPlan,
  ) {
    this.extents = new Map(stage.vectors.map((v) => [v.name, v.extent]));
    this.open = new Map(stage.recurrence!.loops.map((a) => [a.name, a.extent]));
    const { states, defs } = stage.recurrence!;
    this.ofStates = new Set(states.flatMap((s) => s.indices));
    for (const d of defs) {
      if (d.value.kind !== 'reduce' || !d.value.axes.some((a) => !this.isWritten(a))) continue;
      for (const a of d.indices) if (this.extents.has(a) && this.canBlock(a)) this.blocked.add(a);
    }
  }

  extent(axis: string): number {
    return this.extents.get(axis)!;
  }

  private canBlock(axis: string): boolean {
    const kind = this.kind(axis);
    const isFixed = this.extents.has(axis);
    return isFixed && (kind === 'plain' || kind === 'opaque') && this.extent(axis) % this.plan.block === 0;
  }

  kind(axis: string): Kind {
    if (this.open.has(axis)) return this.plan.loops === 'opaque' ? 'opaque' : 'plain';
    if (this.extent(axis) <= this.plan.writtenOut) return 'written';
    // Arrays lie in registers only where every index is a constant.
    if (this.plan.loops === 'unrolled' && !this.ofStates.has(axis)) return 'plain';
    return this.plan.loops;
  }

  /** The turns of the loop are statements of their own. */
  isWritten(loop: string): boolean {
    return loop !== axisOf(loop) || this.kind(loop) === 'written';
  }

  private isUnrolled(loop: string): boolean {
    return loop === axisOf(loop) && this.kind(loop) === 'unrolled';
  }

  /**
   * Loops of a node, outermost first: those that stay loops, then those that are unrolled or written out; of each the value's
   * own axes before those that are reduced, which lets one number hold the sum.
   */
  order(own: readonly string[], reduced: readonly string[]): readonly string[] {
    const all = [...own, ...reduced];
    const stays = all.filter((a) => !this.isWritten(a) && !this.isUnrolled(a));
    return [
      ...stays,
      ...all.filter((a) => this.isUnrolled(a)),
      ...all.filter((a) => this.isWritten(a)),
      ...stays.filter((a) => this.isBlocked(a)).map(inside),
    ];
  }

  private isBlocked(axis: string): boolean {
    return this.blocked.has(axis) && this.plan.block > 1;
  }

  /** Constants of the loops around whose turns are written out. */
  private readonly turns = new Map<string, number>();

  /** Tells the turns of some loops apart. */
  turn(loops: readonly string[]): string {
    return loops.map((l) => this.turns.get(l) ?? '').join('_');
  }

  /** @param whole the loop runs over all elements, without blocks */
  run(
    loop: string,
    emitter: Emitter,
    fresh: (base: string) => string,
    body: () => void,
    whole = false,
  ): void {
    const axis = axisOf(loop);
    if (this.isWritten(loop)) {
      const first = loop === axis ? undefined : emitter.coordinate(axis, 0)!;
      const count = loop === axis ? this.extent(axis) : this.plan.block;
      for (let n = 0; n < count; n++) {
        const at: Expr = first === undefined ? i32(n) : n === 0 ? first : op('add', first, i32(n));
        this.turns.set(loop, n);
        emitter.push(new Map([[axis, at]]), emitter.out());
        body();
        emitter.pop();
      }
      this.turns.delete(loop);
      return;
    }
    const name = fresh(axis);
    emitter.push(new Map([[axis, variable(name)]]));
    body();
    const inner = emitter.pop();
    const kind = this.kind(axis);
    const range = {
      to: this.open.get(axis) ?? i32(this.extent(axis)),
      unroll: kind === 'unrolled',
      ...(kind === 'opaque' ? { from: OPAQUE_ZERO } : {}),
      ...(!whole && this.isBlocked(axis) ? { step: i32(this.plan.block) } : {}),
    };
    emitter.out().push(forS(name, range, inner));
  }
}
