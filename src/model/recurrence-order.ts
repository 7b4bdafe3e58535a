/**
 * Steps see other steps only through states. What is wrong otherwise shows in what names read, once everything is
 * known: a step that reads another one directly, and a state whose steps need what only its last value gives.
 */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { children, type Expr, type ReadExpr } from '../expr/expr.ts';
import type { ModelDef, ModelKernel, ModelState } from './model.ts';
import { anotherStep, blocksNeedEachOther, initialNeedsSteps, stepNeedsLast } from './rules/states.ts';

/** A read, and the axes that the reductions around it bind. */
interface Read {
  readonly read: ReadExpr;
  readonly bound: ReadonlySet<string>;
}

function readsOf(e: Expr, bound: ReadonlySet<string> = new Set(), found: Read[] = []): Read[] {
  if (e.kind === 'read') found.push({ read: e, bound });
  const inner = e.kind === 'reduce' ? new Set([...bound, ...e.axes]) : bound;
  for (const c of children(e)) readsOf(c, inner, found);
  return found;
}

class Reads {
  private readonly defs: ReadonlyMap<string, ModelDef>;
  private readonly states: ReadonlyMap<string, ModelState>;
  private readonly known = new Map<string, readonly Read[]>();

  private readonly readers = new Map<string, string[]>();

  constructor(
    k: ModelKernel,
    private readonly kernel: Span,
  ) {
    this.defs = new Map(k.defs.map((d) => [d.name, d]));
    this.states = new Map(
      k.states.flatMap((s) => [
        [s.name, s],
        [s.final, s],
      ]),
    );
    for (const name of [...this.defs.keys(), ...this.states.keys()])
      for (const to of this.next(name)) this.readers.set(to, [...(this.readers.get(to) ?? []), name]);
  }

  state(name: string): ModelState | undefined {
    return this.states.get(name);
  }

  /** What the value of a definition, or the initial value of a state, reads. */
  of(name: string): readonly Read[] {
    const ready = this.known.get(name);
    if (ready) return ready;
    const e = this.defs.get(name)?.value ?? this.states.get(name)?.init;
    const reads = e ? readsOf(e) : [];
    this.known.set(name, reads);
    return reads;
  }

  /** What a name depends on directly. */
  next(name: string): string[] {
    const state = this.states.get(name);
    return [...this.of(name).map((r) => r.read.name), ...(state ? [state.next] : [])];
  }

  /** Whether a read is of the step that it stands in. */
  isOwnStep({ read, bound }: Read, axis: string): boolean {
    const indices = this.defs.get(read.name)?.indices ?? this.states.get(read.name)?.indices ?? [];
    const index = read.index[indices.indexOf(axis)];
    return index === undefined || (index.kind === 'var' && index.name === axis && !bound.has(axis));
  }

  /** Names whose values depend on one of these, in whatever way. */
  dependents(names: readonly string[]): Set<string> {
    return reachable(names, (n) => this.readers.get(n) ?? []);
  }

  /** Names on a way from the state back to it. */
  cycleOf(s: ModelState): Set<string> {
    const behind = this.dependents([s.name]);
    return new Set([...reachable([s.name], (n) => this.next(n))].filter((n) => behind.has(n)));
  }

  /** Where a read is written; what stands in a function is shown at the statement that calls it. */
  placeOf(read: ReadExpr, owner: ModelDef | ModelState): Span {
    const { span } = read;
    const { source, start, end } = this.kernel;
    if (span && span.source === source && span.start >= start && span.end <= end) return span;
    return (this.defs.get(owner.name.split('.')[0]!) ?? owner).span;
  }
}

function reachable(from: readonly string[], next: (name: string) => readonly string[]): Set<string> {
  const found = new Set<string>();
  const pending = [...from];
  for (let n = pending.pop(); n !== undefined; n = pending.pop())
    for (const to of next(n)) {
      if (found.has(to)) continue;
      found.add(to);
      pending.push(to);
    }
  return found;
}

/** The states of a block, and the values of its statements that depend on them. */
function carriedNames(k: ModelKernel, block: Span, reads: Reads): Set<string> {
  const states = k.states.filter((s) => s.block === block).map((s) => s.name);
  const dependents = reads.dependents(states);
  const values = k.defs.filter((d) => d.block === block && dependents.has(d.name));
  return new Set([...states, ...values.map((d) => d.name)]);
}

/** The name of a state for one of its assignments; nothing for what an expansion made. */
function shown(name: string): string | undefined {
  const [written, part] = name.split('.');
  return part === undefined || /^\d+$/.test(part) ? written : undefined;
}

/** Values and states of a block that one of its own statements reads at another step. */
function otherSteps(k: ModelKernel, reads: Reads): Diagnostic[] {
  return k.states.flatMap((s, n) => {
    if (k.states.findIndex((x) => x.block === s.block) !== n) return [];
    const own = carriedNames(k, s.block, reads);
    return k.defs
      .filter((d) => d.block === s.block)
      .flatMap((d) =>
        reads
          .of(d.name)
          .filter((r) => own.has(r.read.name) && !reads.isOwnStep(r, s.axis))
          .map((r) => anotherStep(shown(r.read.name), s.axis, reads.placeOf(r.read, d))),
      );
  });
}

/** What a state's steps need and get only from its other steps, or from another recurrence that needs them. */
function cycles(k: ModelKernel, reads: Reads): Diagnostic[] {
  const found: Diagnostic[] = [];
  const named = new Map<string, ModelDef | ModelState>([...k.defs, ...k.states].map((x) => [x.name, x]));
  for (const s of k.states) {
    const cycle = reads.cycleOf(s);
    const other = k.states.find((x) => x.block !== s.block && (cycle.has(x.name) || cycle.has(x.final)));
    if (other && k.states.indexOf(other) > k.states.indexOf(s))
      found.push(blocksNeedEachOther(s.name, other.name, other.span));
    if (other) continue;
    for (const name of cycle) {
      const owner = named.get(name);
      if (!owner) continue;
      for (const r of reads.of(name).filter((x) => cycle.has(x.read.name))) {
        const place = reads.placeOf(r.read, owner);
        const of = reads.state(r.read.name);
        if (reads.state(name)) found.push(initialNeedsSteps(name, place));
        else if (of?.final === r.read.name) found.push(stepNeedsLast(of.name, place));
        else if (!reads.isOwnStep(r, s.axis)) found.push(anotherStep(shown(r.read.name), s.axis, place));
      }
    }
  }
  return found;
}

/** Errors about the order of steps in a kernel that is otherwise understood; `kernel` is where it stands. */
export function orderErrors(k: ModelKernel, kernel: Span): Diagnostic[] {
  if (k.states.length === 0) return [];
  const reads = new Reads(k, kernel);
  const own = otherSteps(k, reads);
  return own.length > 0 ? own : cycles(k, reads);
}
