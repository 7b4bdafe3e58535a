/** What the steps of a kernel's states are, and how they are run, as data and text. */
import { op, read, rewrite, variable, type Expr } from '../expr/expr.ts';
import { simplify } from '../expr/simplify.ts';
import type { IrKernel, IrState } from '../ir/ir.ts';
import {
  analyseComponent,
  type AffineStep,
  type MaxStep,
  type Step,
  type Transition,
} from '../ir/recurrence/classify.ts';
import { components } from '../ir/recurrence/components.ts';
import { Definitions } from '../ir/recurrence/definitions.ts';
import { plus, times } from '../ir/recurrence/factors.ts';
import type { FormNote } from '../ir/recurrence/forms/forms.ts';
import { readTimes, type ReadTime } from '../ir/recurrence/reads.ts';
import { stabiliserOf } from '../ir/recurrence/stabilised.ts';
import { exprText } from './bounds.ts';

export interface StateExplanation {
  readonly state: string;
  /** What the step makes of the state, `S = exp(log_a) * S + k * v`; absent where it is no such function. */
  readonly step?: string;
  /** When those that read the state, but for its own step, see it. */
  readonly read: readonly ReadTime[];
}
/** States whose steps depend on each other; mostly one. */
export interface RecurrenceExplanation {
  readonly axis: string;
  readonly reverse: boolean;
  readonly states: readonly StateExplanation[];
  /** What multiplies the states in a step, `max` or `min` for a running extreme, `other` for anything that is neither. */
  readonly class: Transition | 'max' | 'min' | 'other';
  readonly why: string;
  /** The running maximum that the state is kept relative to, so that neither overflows. */
  readonly relativeTo?: string;
  /** How the steps are run: one after the other, in chunks, or as a scan over chunks. */
  readonly form?: FormNote['form'];
  /** Positions of a chunk. */
  readonly chunk?: number;
  /** Chunks of a section. */
  readonly section?: number;
  /** Positions of a sub-chunk, inside of which scores are made element by element. */
  readonly subChunk?: number;
  /** What stands against a faster form, or speaks for this one. */
  readonly formWhy?: string;
}

/** Reads at the indices that something has by itself are its name. */
function named(k: IrKernel, e: Expr): Expr {
  const own = (name: string): readonly (string | undefined)[] | undefined =>
    k.defs.find((d) => d.name === name)?.indices ??
    k.states.find((s) => s.name === name)?.indices ??
    k.tensors.find((t) => t.name === name)?.dims.map((d) => d.axis);
  return rewrite(new Definitions(k).spelt(e), (x) => {
    if (x.kind !== 'read') return x;
    const indices = own(x.name);
    const plain = x.index.every((i, n) => i.kind === 'var' && i.name === indices?.[n]);
    return plain ? { ...x, index: [] } : x;
  });
}

const sumOver = (axes: readonly string[], body: Expr): Expr =>
  axes.length === 0 ? body : { kind: 'reduce', type: body.type, op: 'sum', axes, body };

const valueOf = (s: IrState): Expr =>
  read(
    s.name,
    s.indices.map((a) => variable(a)),
    s.type,
  );

/** The step of each state as one expression. */
function stepValues(step: Step): readonly (readonly [IrState, Expr])[] {
  const add = (all: readonly Expr[]): Expr =>
    simplify(all.reduce(plus, { kind: 'const', type: 'f32', value: 0 }));
  switch (step.kind) {
    case 'affine': {
      const { state: s } = step;
      const back = step.feedback.map((f) =>
        times(f.factor, sumOver(f.axes, times(f.row, read(s.name, f.index, s.type)))),
      );
      const gone = step.decay.kind === 'const' && step.decay.value === 0;
      return [[s, add([...(gone ? [] : [times(step.decay, valueOf(s))]), ...step.rest, ...back])]];
    }
    case 'max': {
      const moved = simplify(plus(valueOf(step.state), step.shift));
      return [[step.state, op(step.op, moved, step.value)]];
    }
    case 'coupled':
      return step.rows.map(({ state, rest, terms }) => [
        state,
        add([
          ...terms.map((t) =>
            times(t.factor, sumOver(t.axes, times(t.row, read(t.state, t.index, state.type)))),
          ),
          ...rest,
        ]),
      ]);
    case 'none':
      return [];
  }
}

const classOf = (s: Step): RecurrenceExplanation['class'] =>
  s.kind === 'none' ? 'other' : s.kind === 'max' ? s.op : s.transition;

/**
 * @param k the kernel whose states are to be explained, before they are given another form
 * @param forms what became of them, where that is known
 */
export function explainRecurrences(
  k: IrKernel,
  forms: readonly FormNote[],
): readonly RecurrenceExplanation[] {
  const found = components(k).map((c) => ({ component: c, step: analyseComponent(k, c) }));
  const maxima = found.map((x) => x.step).filter((s): s is MaxStep => s.kind === 'max');
  const relativeTo = (s: Step): MaxStep | undefined =>
    s.kind === 'affine' ? stabiliserOf(k, s satisfies AffineStep, maxima) : undefined;
  return found.map(({ component: { states, axis, reverse }, step }) => {
    const values = new Map(stepValues(step).map(([s, e]) => [s.name, exprText(named(k, e))]));
    const maximum = relativeTo(step);
    const form = forms.find((f) => states.some((s) => s.name === f.state));
    return {
      axis,
      reverse,
      states: states.map((s) => {
        const text = values.get(s.name);
        return {
          state: s.name,
          ...(text === undefined ? {} : { step: `${s.name} = ${text}` }),
          read: readTimes(k, s, states),
        };
      }),
      class: classOf(step),
      why: step.why,
      ...(maximum ? { relativeTo: maximum.state.name } : {}),
      ...(form ? { form: form.form, formWhy: form.why } : {}),
      ...(form?.chunk === undefined ? {} : { chunk: form.chunk }),
      ...(form?.section === undefined ? {} : { section: form.section }),
      ...(form?.subChunk === undefined ? {} : { subChunk: form.subChunk }),
    };
  });
}

const WHEN: Readonly<Record<ReadTime, string>> = {
  before: 'before its step',
  between: 'between its assignments',
  after: 'after its step',
  last: 'after the last step',
};
const FORM: Readonly<Record<FormNote['form'], string>> = {
  sequential: 'step by step',
  scan: 'a scan',
  chunked: 'contractions',
};

/** A step that is longer than a line says less than its class. */
const LINE = 100;
const shortened = (text: string): string => (text.length > LINE ? `${text.slice(0, LINE - 1)}…` : text);

function printForm(r: RecurrenceExplanation): readonly string[] {
  if (r.form === undefined) return [];
  const sections = r.section === undefined ? '' : `, ${r.section} of them to a section`;
  const chunks =
    r.chunk === undefined || r.form === 'sequential' ? '' : ` in chunks of ${r.chunk}${sections}`;
  const near = r.subChunk === undefined ? '' : `; scores by element in sub-chunks of ${r.subChunk}`;
  const why = r.form === 'chunked' || r.formWhy === undefined || r.formWhy === r.why ? '' : `: ${r.formWhy}`;
  return [`  form         ${FORM[r.form]}${chunks}${near}${why}`];
}

/** Lines about one component. */
export function printRecurrence(r: RecurrenceExplanation): readonly string[] {
  const names = r.states.map((s) => s.state).join(', ');
  const one = r.states.length === 1;
  return [
    '',
    `state${one ? '' : 's'} ${names} along ${r.axis}${r.reverse ? ', from the last position' : ''}`,
    `  class        ${r.class}: ${r.why}`,
    ...(r.relativeTo === undefined ? [] : [`  relative to  ${r.relativeTo}, so that nothing overflows`]),
    ...r.states.flatMap((s) => (s.step === undefined ? [] : [`  step         ${shortened(s.step)}`])),
    ...r.states
      .filter((s) => s.read.length > 0)
      .map((s) => `  read         ${one ? '' : `${s.state} `}${s.read.map((t) => WHEN[t]).join(', ')}`),
    ...printForm(r),
  ];
}
