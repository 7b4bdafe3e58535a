/**
 * A kernel on a part of its sequence: positions are counted from where the part begins, states start from what the part
 * before left, and reads of earlier positions look into a tail that it left.
 */
import {
  freeVars,
  i32,
  mapChildren,
  op,
  readNames,
  rewrite,
  substitute,
  variable,
  visit,
  type Expr,
} from '../../expr/expr.ts';
import { minus } from '../../expr/linear.ts';
import { printExpr } from '../../expr/print.ts';
import { simplify } from '../../expr/simplify.ts';
import { axisOf, type IrAxis, type IrKernel, type IrTensor } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { align } from './align.ts';
import { isAtLeast } from './bounds.ts';
import { Capacity } from './capacity.ts';
import { distance, isBehind } from './distance.ts';
import { identifier, namesOf } from './names.ts';
import { mentioned, prune } from './prune.ts';
import { beyondSegment, needsFuture } from './refusals.ts';
import { stateful } from './stateful.ts';
import { carryStates, type Carried } from './starts.ts';
import { readWithTail, sourceOf, tailParts, Tails, type Tail } from './tails.ts';
import { overDistances } from './over-distances.ts';
import { expressionsOf, isOwn, Timeline } from './timeline.ts';

export interface Segment {
  readonly kernel: IrKernel;
  readonly carried: readonly Carried[];
  readonly tails: readonly Tail[];
  /** By time axis, the parameter that says where the part begins, if anything asks. */
  readonly offsets: ReadonlyMap<string, string>;
}

class Cutter {
  private readonly time: Timeline;
  private readonly tails: Tails;
  private readonly states: ReadonlySet<string>;
  readonly offsets = new Map<string, string>();

  constructor(
    private readonly k: IrKernel,
    private readonly names: FreshNames,
    /** The part is one position. */
    private readonly single: boolean,
    private readonly capacity: Capacity,
  ) {
    this.time = new Timeline(k);
    this.tails = new Tails(names, capacity);
    this.states = stateful(k);
  }

  run(): Omit<Segment, 'carried'> {
    const { k } = this;
    // Every read is looked at before any is replaced: the longest decides how long a tail is.
    for (const e of expressionsOf(k)) visit(e, (x) => this.measure(x));
    this.refuseLate();
    const sizes: string[] = [];
    const axes = k.axes.map((a) => (this.time.axes.includes(a.name) ? this.shortened(a, sizes) : a));
    const extents = new Map(axes.map((a) => [a.name, a.extent]));
    const tensors = k.tensors.map((t): IrTensor => ({
      ...t,
      dims: t.dims.map((d, n) => {
        const axis = this.time.of(t.name)[n];
        return axis === undefined ? d : { axis, extent: extents.get(axis)! };
      }),
    }));
    const cut: IrKernel = {
      ...k,
      sizes: [...k.sizes, ...sizes],
      axes,
      tensors,
      states: k.states.map((s) => ({ ...s, init: this.cut(s.init) })),
      defs: k.defs.map((d) => ({ ...d, value: simplify(this.cut(d.value)) })),
    };
    // Lines for people mention where the part begins only if something else asks.
    const masks = k.masks.flatMap((m) => this.moved(m) ?? []);
    const parts = this.tails.list.map((t) =>
      tailParts(cut, t, extents.get(this.time.of(t.of)[t.at]!)!, this.names),
    );
    const offsets = [...this.offsets.values()];
    return {
      kernel: this.capacity.added({
        ...cut,
        masks,
        axes: [...axes, ...parts.flatMap((p) => p.axes)],
        params: [...k.params, ...offsets.map((name) => ({ name, type: 'i32' as const }))],
        requires: [
          ...k.requires,
          ...offsets.map((name) => ({ condition: op('ge', variable(name), i32(0)), text: `${name} >= 0` })),
        ],
        tensors: [...tensors, ...parts.map((p) => p.tensor)],
        defs: [...cut.defs, ...parts.map((p) => p.def)],
        outputs: [...k.outputs, ...parts.map((p) => p.output)],
      }),
      tails: this.tails.list,
      offsets: this.offsets,
    };
  }

  /** One position, or as many as the caller gives; a size that also says something else stays what it says. */
  private shortened(a: IrAxis, sizes: string[]): IrAxis {
    if (this.single) return { ...a, extent: i32(1) };
    const own = freeVars(a.extent);
    const elsewhere = mentioned(this.k);
    for (const t of this.k.tensors)
      t.dims.forEach((d, n) => {
        if (this.time.of(t.name)[n] !== undefined) return;
        freeVars(d.extent, elsewhere);
        if (d.axis !== undefined) elsewhere.add(d.axis);
      });
    for (const x of this.k.axes)
      if (elsewhere.has(x.name) && !this.time.axes.includes(x.name)) freeVars(x.extent, elsewhere);
    for (const p of this.k.params) if (p.default) freeVars(p.default, elsewhere);
    if (![...own].some((s) => elsewhere.has(s))) return a;
    const size = this.names.fresh(`${[...own][0]!}_part`);
    sizes.push(size);
    return { ...a, extent: variable(size) };
  }

  /** The position in the whole sequence. */
  private position(axis: string): Expr {
    const name = this.offsets.get(axis) ?? this.names.fresh(`${axis}0`);
    this.offsets.set(axis, name);
    const offset = variable(name);
    return this.single ? offset : op('add', variable(axis), offset);
  }

  /** Refuses what a part cannot know, and notes how far back the others read. */
  private measure(e: Expr): void {
    const { k, time } = this;
    if (e.kind === 'reduce') {
      const axis = e.axes.find((a) => time.axes.includes(a));
      if (axis !== undefined)
        throw beyondSegment(
          `${e.op}[${axis}] runs over all positions`,
          'carry it as a state',
          e.span ?? k.span,
        );
    }
    if (e.kind !== 'read') return;
    time.of(e.name).forEach((axis, n) => {
      const index = e.index[n]!;
      if (axis === undefined || isOwn(index, axis)) return;
      const shown = `${printExpr(e)} at position ${axis}`;
      const far = distance(k, index, axis, axisOf(k, axis)!.extent);
      if (!far)
        throw beyondSegment(
          `${shown}, at a distance that neither constants nor parameters bound`,
          'bound the distance, give all positions along an axis of their own, or carry what is needed as a state',
          e.span ?? k.span,
        );
      if (!isBehind(k, far)) throw this.ahead(shown, e);
      if (this.states.has(e.name) || time.of(e.name).filter((a) => a !== undefined).length > 1)
        throw beyondSegment(
          `${shown}, of what depends on a state or has several axes of positions`,
          'carry it as a state of its own',
          e.span ?? k.span,
        );
      if (!isAtLeast(k, minus(i32(0), far.most), 0)) this.tails.need(e.name, n, far.most);
    });
  }

  /** The last value is the whole sequence's: at a position or before the first one, it lies ahead. */
  private refuseLate(): void {
    const { k, time } = this;
    const late = new Map(k.states.filter((s) => time.axes.includes(s.axis)).map((s) => [s.final, s.name]));
    const refuse = (e: Expr, what: string): void => {
      for (const name of readNames(e))
        if (late.has(name))
          throw beyondSegment(
            `${what} needs the last value of ${late.get(name)}`,
            'read the state in its block, or the last value in a kernel of its own',
            k.span,
          );
    };
    for (const s of k.states) refuse(s.init, `the initial value of ${s.name}`);
    for (const d of k.defs) {
      if (d.indices.some((a) => time.axes.includes(a))) refuse(d.value, d.name);
      const found = [...readNames(d.value)].find((name) => late.has(name));
      if (found !== undefined) late.set(d.name, late.get(found)!);
    }
  }

  private ahead(shown: string, e: Expr): Error {
    return this.single
      ? needsFuture(shown, e.span ?? this.k.span)
      : beyondSegment(
          `${shown} may lie ahead`,
          'only earlier positions can be handed on',
          e.span ?? this.k.span,
        );
  }

  private moved(e: Expr): Expr | undefined {
    const moving = this.time.axes.filter((a) => freeVars(e).has(a));
    if (moving.some((a) => !this.offsets.has(a))) return undefined;
    return simplify(substitute(e, new Map(moving.map((a) => [a, this.position(a)]))));
  }

  private cut(e: Expr): Expr {
    if (e.kind === 'var') return this.time.axes.includes(e.name) ? this.position(e.name) : e;
    if (e.kind !== 'read') return mapChildren(e, (c) => this.cut(c));
    const places = this.time.of(e.name);
    const index = e.index.map((x, n) => (places[n] === undefined ? this.cut(x) : x));
    const at = places.findIndex((axis, n) => axis !== undefined && !isOwn(e.index[n], axis));
    if (at < 0) return { ...e, index };
    const axis = places[at]!;
    const tail = this.tails.of(e.name);
    const local = this.local(e.index[at]!, axis);
    if (!tail) return { ...e, index: index.map((x, n) => (n === at ? local : x)) };
    const far = distance(this.k, e.index[at]!, axis, axisOf(this.k, axis)!.extent)!;
    const type = sourceOf(this.k, e.name)!.type;
    return readWithTail(tail, type, index, local, { before: this.single && isBehind(this.k, far, 1) });
  }

  /** A position of the whole sequence as one of the part. */
  private local(index: Expr, axis: string): Expr {
    const inside = this.single ? i32(0) : variable(axis);
    if (!hasEnds(index)) return simplify(substitute(index, new Map([[axis, inside]])));
    const whole = this.single ? this.position(axis) : op('add', variable(axis), this.offset(axis));
    const last = minus(axisOf(this.k, axis)!.extent, i32(1));
    // Nothing behind the reader's own position lies past the end.
    const open = rewrite(index, (x) => {
      if (x.kind !== 'op' || x.op !== 'min') return x;
      const [a, b] = [x.args[0]!, x.args[1]!];
      return isZero(minus(b, last)) ? a : isZero(minus(a, last)) ? b : x;
    });
    return simplify(minus(substitute(open, new Map([[axis, whole]])), this.offset(axis)));
  }

  private offset(axis: string): Expr {
    this.position(axis);
    return variable(this.offsets.get(axis)!);
  }
}

const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;

/** The expression knows where the whole sequence begins or ends. */
function hasEnds(e: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.kind === 'op' && (x.op === 'max' || x.op === 'min' || x.op === 'select')) found = true;
  });
  return found;
}

/**
 * Cuts a kernel to a part of its sequence.
 * @param length `step` for one position, `part` for as many as a caller gives
 * @throws UserError E0631, E0632 when a part does not hold what is read
 */
export function cutSegment(whole: IrKernel, length: 'step' | 'part'): Segment {
  const names = namesOf(whole);
  const capacity = new Capacity(whole, names);
  const k = prune(align(overDistances(whole, names, capacity), names), whole.states);
  const single = length === 'step';
  const reverse = single ? k.states.find((s) => s.reverse) : undefined;
  if (reverse)
    throw needsFuture(
      `state ${identifier(reverse.name)} runs from the last position to the first`,
      reverse.span,
    );
  const cut = new Cutter(k, names, single, capacity).run();
  const { kernel, carried } = carryStates(cut.kernel, new Timeline(k).axes, names);
  return { ...cut, kernel: prune(kernel), carried };
}
