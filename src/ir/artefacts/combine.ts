/** Two summaries, of a part and of the part after it, as the summary of both. */
import { constant, op, read, substitute, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrAxis, IrDef, IrKernel, IrOutput, IrState, IrTensor } from '../ir.ts';
import { axisOf } from '../ir.ts';
import { namesOf } from './names.ts';
import { prune } from './prune.ts';
import { columns, storeAs } from './starts.ts';
import type { Summarized, Summary } from './summary.ts';
import type { Mixed, Transition } from './transitions.ts';

type Part = 'first' | 'second';

class Combiner {
  private readonly k: IrKernel;
  private readonly names: ReturnType<typeof namesOf>;
  private readonly tensors = new Map<string, IrTensor>();
  private readonly defs: IrDef[] = [];
  private readonly outputs: IrOutput[] = [];
  private readonly axes: IrAxis[] = [];
  private readonly middles = new Map<string, string>();
  /** By state, its value over both parts. */
  private readonly whole = new Map<string, Expr>();

  constructor(private readonly s: Summary) {
    this.k = s.kernel;
    this.names = namesOf(s.kernel);
  }

  run(name: string): IrKernel {
    const { s, k } = this;
    // What is relative to a maximum reads the maximum of both parts.
    for (const x of [...s.states.filter((y) => y.extreme), ...s.states.filter((y) => !y.extreme)]) {
      this.whole.set(x.state.name, this.store(x.value, columns(x.state), this.value(x)));
      if (x.shift)
        this.store(
          x.shift.output,
          x.shift.indices,
          op('add', this.of(x.shift, 'first'), this.of(x.shift, 'second')),
        );
    }
    for (const t of s.transitions) this.store(t.output, t.indices, this.transition(t));
    return prune({
      ...k,
      name,
      doc: 'The summary of a part and of the part after it, where the recurrence runs through the first one first.',
      requires: [],
      params: [],
      masks: [],
      axes: [...k.axes, ...this.axes],
      tensors: [...this.tensors.values()],
      states: [],
      defs: this.defs,
      outputs: this.outputs,
    });
  }

  private store(name: string, indices: readonly string[], value: Expr): Expr {
    const stored = storeAs(name, { indices, value: simplify(value) }, this.names);
    this.defs.push(stored.def);
    this.outputs.push(stored.output);
    return read(
      stored.def.name,
      indices.map((a) => variable(a)),
      value.type,
    );
  }

  /** An output of a summary, as an input of this kernel. */
  private input(output: string, indices: readonly string[], type: IrState['type'], part: Part): Expr {
    const name = `${output}_${part}`;
    if (!this.tensors.has(name))
      this.tensors.set(name, {
        name,
        storage: type,
        dims: indices.map((axis) => ({ axis, extent: axisOf(this.k, axis)!.extent })),
        optional: false,
      });
    return read(
      name,
      indices.map((a) => variable(a)),
      type,
    );
  }

  private typeOf(state: string): IrState['type'] {
    return this.s.states.find((x) => x.state.name === state)!.state.type;
  }
  private of(t: Transition, part: Part): Expr {
    return this.input(t.output, t.indices, this.typeOf(t.to), part);
  }
  private valueOf(x: Summarized, part: Part): Expr {
    return this.input(x.value, columns(x.state), x.state.type, part);
  }

  private value(x: Summarized): Expr {
    const [first, second] = [this.valueOf(x, 'first'), this.valueOf(x, 'second')];
    if (x.extreme) return op(x.extreme, this.shifted(x), second);
    if (x.scale !== undefined) {
      const m = this.s.states.find((y) => y.state.name === x.scale)!;
      const all = this.whole.get(x.scale)!;
      const decay = this.s.transitions.find((t) => t.to === x.state.name);
      const left = decay ? op('mul', this.of(decay, 'second'), first) : first;
      const weighted = (scale: Expr, e: Expr): Expr => op('mul', op('exp', op('sub', scale, all)), e);
      return op('add', weighted(this.shifted(m), left), weighted(this.valueOf(m, 'second'), second));
    }
    const left = this.s.states.flatMap((from) => {
      const t = this.find(x.state.name, from.state.name);
      if (t) return [this.product(t, this.valueOf(from, 'first'))];
      return from === x && this.isUnchanged(x) ? [first] : [];
    });
    return [...left, second].reduce((a, b) => op('add', a, b));
  }

  /** The first part's maximum, as the second part's shifts leave it. */
  private shifted(m: Summarized): Expr {
    const first = this.valueOf(m, 'first');
    return m.shift ? op('add', first, this.of(m.shift, 'second')) : first;
  }

  private find(to: string, from: string): Transition | undefined {
    return this.s.transitions.find((t) => t.to === to && t.from === from);
  }
  /** Affine, and its own transition is left out. */
  private isUnchanged(x: Summarized): boolean {
    return !x.extreme && x.scale === undefined && !this.find(x.state.name, x.state.name);
  }

  /**
   * Σ over what both steps mix: transition of the second part · something of the first.
   * @param t of the second part
   * @param earlier axes that the something's own transition mixes, all of them where it is a value
   */
  private product(t: Transition, right: Expr, earlier: readonly Mixed[] = t.mixed): Expr {
    const summed = t.mixed.filter((m) => earlier.some((x) => x.axis === m.axis));
    const middles = new Map(summed.map((m) => [m, this.middle(m)] as const));
    // Along an axis that the first part leaves apart, where its values go to is where they were.
    const through = t.mixed.map((m) => [m, variable(middles.get(m) ?? m.source)] as const);
    const body = op(
      'mul',
      substitute(this.of(t, 'second'), new Map(through.map(([m, x]) => [m.source, x]))),
      substitute(right, new Map(through.map(([m, x]) => [m.axis, x]))),
    );
    if (summed.length === 0) return body;
    return { kind: 'reduce', type: body.type, op: 'sum', axes: [...middles.values()], body };
  }

  private middle(m: Mixed): string {
    const known = this.middles.get(m.source);
    if (known !== undefined) return known;
    const name = this.names.fresh(`${m.axis}_middle`);
    this.middles.set(m.source, name);
    this.axes.push({ name, extent: axisOf(this.k, m.axis)!.extent });
    return name;
  }

  private transition(t: Transition): Expr {
    const parts = this.s.states.flatMap((over) => {
      const later = this.find(t.to, over.state.name);
      const earlier = this.find(over.state.name, t.from);
      const stays = (a: string, b: string, x: Transition | undefined): boolean =>
        !x && a === b && this.isUnchanged(over);
      if (later && earlier) {
        const made = this.product(later, this.of(earlier, 'first'), earlier.mixed);
        // What other ways mix, this one leaves in its place.
        const apart = t.mixed.filter(
          (m) => ![...later.mixed, ...earlier.mixed].some((x) => x.axis === m.axis),
        );
        return [apart.reduce<Expr>((e, m) => onDiagonal(m, e), made)];
      }
      if (later && stays(over.state.name, t.from, earlier)) return [this.of(later, 'second')];
      if (earlier && stays(t.to, over.state.name, later)) return [this.of(earlier, 'first')];
      return [];
    });
    return parts.reduce((a, b) => op('add', a, b));
  }
}

const onDiagonal = (m: Mixed, e: Expr): Expr =>
  op('select', op('eq', variable(m.axis), variable(m.source)), e, constant(e.type, 0));

/** The kernel that combines two summaries. */
export const combineOf = (summary: Summary, name: string): IrKernel => new Combiner(summary).run(name);
