/** The summary of a part of a sequence: its states as if they started from nothing, and what is left of how they started. */
import { constant, op, read, variable, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrKernel, IrOutput, IrState } from '../ir.ts';
import { classesOf, summarizable, type Classes } from './classes.ts';
import { identifier, namesOf } from './names.ts';
import { prune } from './prune.ts';
import type { Segment } from './segment.ts';
import { columns, lastValue, storeAs } from './starts.ts';
import { tighten } from './tighten.ts';
import { transitionsOf, type Transition } from './transitions.ts';

/** Below every maximum, with room for shifts to be added; infinities are no numbers for WGSL. */
const NOTHING = 1e30;

/** What a summary holds for one state. */
export interface Summarized {
  readonly state: IrState;
  /** The output with the last value of a start from nothing. */
  readonly value: string;
  /** A running maximum or minimum. */
  readonly extreme?: 'max' | 'min';
  /** Of an extreme, the output with the sum of its shifts; absent when it never moves. */
  readonly shift?: Transition;
  /** The maximum that a state is relative to. */
  readonly scale?: string;
}
export interface Summary {
  readonly kernel: IrKernel;
  readonly states: readonly Summarized[];
  /** Of affine states, and what multiplies scaled ones apart from their maxima. Absent means the identity. */
  readonly transitions: readonly Transition[];
}

/** A sum or product along the axis, over the axes that its terms move with. */
class Totals {
  readonly states: IrState[] = [];
  readonly defs: IrDef[] = [];

  constructor(
    private readonly k: IrKernel,
    private readonly names: ReturnType<typeof namesOf>,
  ) {}

  add(
    of: IrState,
    output: string,
    how: 'add' | 'mul',
    term: Expr,
  ): { indices: readonly string[]; value: Expr } {
    const name = this.names.fresh(`${output}.so_far`);
    const before = read(
      name,
      of.indices.map((a) => variable(a)),
      of.type,
    );
    const next: IrDef = {
      name: this.names.fresh(`${output}.next`),
      role: 'let',
      indices: of.indices,
      type: of.type,
      value: op(how, before, term),
    };
    const start: IrState = {
      ...of,
      name,
      init: constant(of.type, how === 'add' ? 0 : 1),
      next: next.name,
      final: this.names.fresh(`${output}.last`),
    };
    const { states, defs } = tighten(this.k, [start], [next]);
    this.states.push(...states);
    this.defs.push(...defs);
    return { indices: columns(states[0]!), value: lastValue(states[0]!) };
  }
}

const isNumber = (e: Expr, value: number): boolean => e.kind === 'const' && e.value === value;

/** What a state starts from when nothing was before. */
function nothing(s: IrState, classes: Classes): Expr {
  const m = classes.maxima.find((x) => x.state === s);
  return constant(s.type, m ? (m.op === 'max' ? -NOTHING : NOTHING) : 0);
}

/** @throws UserError E0633 when a state has no summary */
export function summaryOf(segment: Segment, name: string): Summary {
  const k = segment.kernel;
  const classes = summarizable(k);
  const names = namesOf(k);
  const defs: IrDef[] = [...k.defs];
  const states = k.states.map((s) => ({ ...s, init: nothing(s, classes) }));
  const outputs: IrOutput[] = [];
  const axes = [...k.axes];
  const store = (output: string, indices: readonly string[], value: Expr): void => {
    const stored = storeAs(output, { indices, value }, names);
    defs.push(stored.def);
    outputs.push(stored.output);
  };
  const valueNames = new Map(k.states.map((s) => [s.name, identifier(s.name)]));
  for (const s of k.states) store(valueNames.get(s.name)!, columns(s), lastValue(s));

  const transitions: Transition[] = [];
  for (const steps of classes.affine) {
    const t = transitionsOf(k, steps, names);
    transitions.push(...t.list);
    axes.push(...t.axes);
    states.push(...t.states);
    defs.push(...t.defs);
    for (const x of t.list) store(x.output, x.indices, t.values.get(x.output)!);
  }
  const totals = new Totals(k, names);
  const total = (s: IrState, how: 'add' | 'mul', term: Expr): Transition => {
    const output = names.fresh(`${identifier(s.name)}_transition`);
    const { indices, value } = totals.add(s, output, how, term);
    pending.push([output, indices, value]);
    return { to: s.name, from: s.name, output, mixed: [], indices };
  };
  const pending: [string, readonly string[], Expr][] = [];
  const summarized = k.states.map((state): Summarized => {
    const value = valueNames.get(state.name)!;
    const m = classes.maxima.find((x) => x.state === state);
    if (m)
      return {
        state,
        value,
        extreme: m.op,
        ...(isNumber(m.shift, 0) ? {} : { shift: total(state, 'add', m.shift) }),
      };
    const scaled = classes.scaled.find((x) => x.state === state);
    if (!scaled) return { state, value };
    if (!isNumber(scaled.decay, 1)) transitions.push(total(state, 'mul', scaled.decay));
    return { state, value, scale: scaled.maximum.state.name };
  });
  defs.push(...totals.defs);
  for (const [output, indices, value] of pending) store(output, indices, value);
  const kernel = prune({
    ...k,
    name,
    doc: `The summary of a part of \`${k.name}\`: states from nothing, and what is left of how they start.`,
    axes,
    states: [...states, ...totals.states],
    defs,
    outputs,
  });
  return { kernel, states: summarized, transitions };
}

export { classesOf };
