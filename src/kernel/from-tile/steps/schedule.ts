/**
 * Orders the nodes of a step into loops over vector axes. Nodes share a loop where each finds what it reads: done before,
 * or at the same element. A state changes in place, in or after the last loop that reads what it was.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { axisOf } from './loops.ts';
import type { Needs, Node, StepNodes } from './nodes.ts';

export type Item =
  | {
      readonly kind: 'loop';
      readonly axis: string;
      readonly nodes: readonly Node[];
      readonly items: readonly Item[];
    }
  | { readonly kind: 'run'; readonly node: Node }
  /** New values of states, all computed before the first is put in its place. */
  | { readonly kind: 'updates'; readonly nodes: readonly Node[] };

/** No order exists as long as this state changes in place. */
class Stuck extends Error {
  constructor(readonly next: string) {
    super(`${next} must be held`);
  }
}

export interface Schedule {
  readonly items: readonly Item[];
  readonly nodes: readonly Node[];
}

/** Values that are held for want of an order are noted in `all`. */
export function scheduleStep(all: StepNodes): Schedule {
  for (;;) {
    const nodes = all.all();
    try {
      return { items: new Scheduler(all).items(nodes, [], new Set(), new Set()), nodes };
    } catch (e) {
      if (!(e instanceof Stuck)) throw e;
      all.hold(e.next);
    }
  }
}

class Scheduler {
  constructor(private readonly all: StepNodes) {}

  /**
   * @param bound axes of the loops around
   * @param done values that are complete
   * @param updated states that have their new values
   */
  items(
    nodes: readonly Node[],
    bound: readonly string[],
    done: Set<string>,
    updated: Set<string>,
  ): readonly Item[] {
    const pending = new Set(nodes);
    const out: Item[] = [];
    const next = (n: Node): string | undefined => n.order.find((a) => !bound.includes(a));
    for (;;) {
      for (const n of pending) {
        if (next(n) !== undefined || n.kind === 'update' || !this.ready(n.needs, done, updated)) continue;
        out.push({ kind: 'run', node: n });
        pending.delete(n);
        if (n.kind === 'hold') done.add(n.def.name);
      }
      const axes = new Set([...pending].flatMap((n) => next(n) ?? []));
      const groups = [...axes].map((a) => ({ axis: a, group: this.group(a, pending, next, done, updated) }));
      const fruitful = groups.find(({ group }) =>
        group.some((n) => n.kind === 'reduce' || n.kind === 'hold'),
      );
      const chosen = fruitful ?? groups.find(({ group }) => group.length > 0);
      if (!chosen) break;
      const { axis, group } = chosen;
      const items = this.items(group, [...bound, axis], new Set(done), new Set(updated));
      out.push({ kind: 'loop', axis, nodes: group, items });
      for (const n of group) {
        pending.delete(n);
        if (n.kind === 'update') updated.add(n.state!.name);
        else if (n.kind !== 'store' && !bound.some((l) => n.reduced.has(axisOf(l)))) done.add(n.def.name);
      }
    }
    const last = [...pending];
    if (last.some((n) => n.kind !== 'update' || next(n) !== undefined)) throw this.stuck(last, next);
    if (last.length > 0) out.push({ kind: 'updates', nodes: last });
    return out;
  }

  private stuck(pending: readonly Node[], next: (n: Node) => string | undefined): Error {
    const update = pending.find(
      (n) => n.kind === 'update' && next(n) !== undefined && !this.all.isHeld(n.def),
    );
    return update ? new Stuck(update.def.name) : new CompilerBug('kernel/from-tile', 'no order of a step');
  }

  private ready(needs: Needs, done: ReadonlySet<string>, updated: ReadonlySet<string>): boolean {
    return (
      [...needs.values.keys()].every((v) => done.has(v)) &&
      [...needs.after.keys()].every((s) => updated.has(s) || this.ready(this.madeOf(s), done, updated))
    );
  }

  /** What the new value of a state needs, where it is computed anew. */
  private madeOf(state: string): Needs {
    return this.all.needs(this.all.newValue(this.all.state(state)!));
  }

  /** Nodes that one loop over the axis can carry out now. */
  private group(
    axis: string,
    pending: ReadonlySet<Node>,
    next: (n: Node) => string | undefined,
    done: ReadonlySet<string>,
    updated: ReadonlySet<string>,
  ): readonly Node[] {
    let group = [...pending].filter((n) => next(n) === axis);
    for (;;) {
      const kept = group.filter((n) => this.fits(n, axis, group, pending, done, updated));
      if (kept.length === group.length) return kept;
      group = kept;
    }
  }

  private fits(
    n: Node,
    loop: string,
    group: readonly Node[],
    pending: ReadonlySet<Node>,
    done: ReadonlySet<string>,
    updated: ReadonlySet<string>,
  ): boolean {
    const axis = axisOf(loop);
    const made = (v: string): boolean =>
      group.some(
        (m) =>
          m !== n && (m.kind === 'reduce' || m.kind === 'hold') && m.def.name === v && !m.reduced.has(axis),
      );
    const there = (needs: Needs, elsewhere: boolean): boolean =>
      [...needs.values].every(([v, moved]) => done.has(v) || (!elsewhere && !moved.has(axis) && made(v))) &&
      [...needs.after].every(([s, moved]) => {
        if (updated.has(s)) return true;
        // Elements that the loop has passed are not what they were.
        const away = elsewhere || moved.has(axis);
        const changing = group.some((m) => m.kind === 'update' && m.state!.name === s && m !== n);
        return !(away && changing) && there(this.madeOf(s), away);
      });
    if (!there(n.needs, false)) return false;
    if (n.kind !== 'update') return true;
    const { name } = n.state!;
    return [...pending].every((m) => {
      const moved = m.needs.before.get(name);
      return m === n || moved === undefined || (group.includes(m) && !moved.has(axis));
    });
  }
}
