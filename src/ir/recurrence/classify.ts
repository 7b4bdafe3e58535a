/** What one step does to the states of a component: an affine function of them, of which kind, a maximum, or neither. */
import { constant, type Expr } from '../../expr/expr.ts';
import { printExpr } from '../../expr/print.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel, IrState } from '../ir.ts';
import { components, type Component } from './components.ts';
import { Definitions } from './definitions.ts';
import { extremeOf } from './extreme.ts';
import { isNumber } from './factors.ts';
import { linearIn, type Feedback, type Linear } from './linear.ts';
import { contracted } from './reads.ts';
import { ownAxes, valueAxes, type StepParts } from './separate.ts';
import { LinearForms, type NotLinear, type Term } from './terms.ts';

/**
 * What multiplies the state in a step.
 *
 * - `sum`: nothing, each step adds.
 * - `scalar`: numbers that do not move with what is summed over, nor along the values.
 * - `axis`: numbers that move with what is summed over and not along the values.
 * - `elementwise`: numbers of each element's own.
 * - `rank-one`: one of these, and outer products with what sums over the state give back.
 * - `coupled`: small matrices over several states or neighbouring elements.
 * - `dense`: matrices.
 */
export type Transition = 'sum' | 'scalar' | 'axis' | 'elementwise' | 'rank-one' | 'coupled' | 'dense';

/** S ← decay · S + Σ rest + Σ feedback */
export interface AffineStep extends StepParts {
  readonly kind: 'affine';
  readonly state: IrState;
  /** 1 when nothing decays, 0 when nothing is kept. */
  readonly decay: Expr;
  readonly rest: readonly Expr[];
  readonly feedback: readonly Feedback[];
  readonly transition: Transition;
  /** The state's axes that the decay moves with. */
  readonly decayAxes: readonly string[];
  /** The state's axes that sums read over. */
  readonly contracted: readonly string[];
  /** The state's axes that only values move with. */
  readonly values: readonly string[];
  readonly why: string;
}
/** m ← max(m + shift, value), or min */
export interface MaxStep {
  readonly kind: 'max';
  readonly state: IrState;
  readonly op: 'max' | 'min';
  readonly shift: Expr;
  readonly value: Expr;
  readonly why: string;
}
/** Each state ← Σ rest + Σ factor · sum[axes](row · state[index]); a factor is 0 where its index may not exist. */
export interface CoupledStep {
  readonly kind: 'coupled';
  readonly states: readonly IrState[];
  readonly rows: readonly {
    readonly state: IrState;
    readonly rest: readonly Expr[];
    readonly terms: readonly Term[];
  }[];
  /** `dense` when some term is under a sum. */
  readonly transition: 'coupled' | 'dense';
  readonly why: string;
}
export interface OtherStep {
  readonly kind: 'none';
  readonly states: readonly IrState[];
  readonly why: string;
}
export type Step = AffineStep | MaxStep | CoupledStep | OtherStep;

const QUOTED = 60;
/** An expression for a sentence. */
function quoted(e: Expr): string {
  const text = printExpr(e);
  return `\`${text.length > QUOTED ? `${text.slice(0, QUOTED - 1)}…` : text}\``;
}
const list = (xs: readonly string[]): string =>
  xs.length < 2 ? xs.join('') : `${xs.slice(0, -1).join(', ')} and ${xs.at(-1)}`;

const refused = (k: IrKernel, states: readonly IrState[], found: NotLinear): OtherStep => ({
  kind: 'none',
  states,
  why: `${quoted(new Definitions(k).spelt(found.expr))}: ${found.why}`,
});

/** The row of a sum moves with the axis that it is summed over and with the state's own axis: a matrix, no outer product. */
function isMatrix(d: Definitions, f: Feedback): boolean {
  const moves = d.moves(f.row);
  return f.over.some((a) => moves.has(a) && !f.axes.includes(a));
}

/** What else of an affine step its class depends on. */
type Traits = StepParts & Pick<AffineStep, 'decayAxes' | 'contracted' | 'values'>;

/** How many numbers the decay is: one for each position of these axes. */
function numbers(d: Definitions, state: IrState, { decay, decayAxes }: Traits): string {
  const per = d.moves(decay).has(state.axis) ? [...decayAxes, 'step'] : decayAxes;
  return per.length > 0 ? `one number per ${list(per)}` : 'one number';
}

function transitionOf(k: IrKernel, state: IrState, step: Traits): Pick<AffineStep, 'transition' | 'why'> {
  const d = new Definitions(k);
  const { decay, feedback, decayAxes, contracted: over, values } = step;
  const decays = `the decay is ${numbers(d, state, step)}`;
  if (feedback.length > 0) {
    const back = list([...new Set(feedback.flatMap((f) => f.over))]);
    if (feedback.some((f) => isMatrix(d, f)))
      return { transition: 'dense', why: `each step multiplies it by a matrix over ${back}` };
    const times = ['once', 'twice'][feedback.length - 1] ?? `${feedback.length} times`;
    const kept = isNumber(decay, 1) ? '' : isNumber(decay, 0) ? '; nothing else is kept' : `; ${decays}`;
    return { transition: 'rank-one', why: `each step reads it back over ${back} ${times}${kept}` };
  }
  if (isNumber(decay, 1)) return { transition: 'sum', why: 'each step adds to it' };
  if (isNumber(decay, 0)) return { transition: 'scalar', why: 'each step replaces it' };
  if (over.length === 0 && values.length === 0)
    return { transition: 'elementwise', why: `each element is a recurrence of its own; ${decays}` };
  const inSums = decayAxes.filter((a) => over.includes(a));
  const own = values.length > 0 ? undefined : ownAxes(k, state, step, over);
  const mixed = state.indices.filter(
    (a) => a !== state.axis && !over.includes(a) && own?.includes(a) === false,
  );
  if (mixed.length > 0) {
    const decaying = mixed.filter((a) => decayAxes.includes(a));
    const why =
      decaying.length > 0
        ? `not all that is summed over ${list(over)} moves with ${list(decaying)}`
        : `one factor of what is written or read moves with ${list([...over, ...mixed])}`;
    return { transition: 'elementwise', why: `${decays}, and ${why}` };
  }
  if (inSums.length === 0) return { transition: 'scalar', why: decays };
  return { transition: 'axis', why: `${decays}; reads sum over ${list(inSums)}` };
}

function affine(k: IrKernel, state: IrState, found: Linear): AffineStep {
  const d = new Definitions(k);
  const decay = found.direct ?? constant(state.type, 0);
  const parts = { decay, rest: found.rest, feedback: found.feedback };
  const moves = d.moves(decay);
  const decayAxes = state.indices.filter((a) => a !== state.axis && moves.has(a));
  const over = contracted(k, state);
  const values = valueAxes(k, state, parts, over);
  const step = { ...parts, decayAxes, contracted: over, values };
  return { kind: 'affine', state, ...step, ...transitionOf(k, state, step) };
}

function extreme(k: IrKernel, state: IrState): MaxStep | undefined {
  const d = new Definitions(k);
  for (const which of ['max', 'min'] as const) {
    const found = extremeOf(d, state, which, d.get(state.next)!.value);
    if (!found?.shift || !found.value) continue;
    const shift = simplify(found.shift);
    const moved = isNumber(shift, 0) ? '' : ', which moves by a shift each step';
    const why = `it is a running ${which === 'max' ? 'maximum' : 'minimum'}${moved}`;
    return { kind: 'max', state, op: which, shift, value: found.value, why };
  }
  return undefined;
}

function coupled(k: IrKernel, states: readonly IrState[]): CoupledStep | OtherStep {
  const d = new Definitions(k);
  const forms = new LinearForms(d, new Set(states.map((s) => s.name)));
  const rows: CoupledStep['rows'][number][] = [];
  for (const state of states) {
    const found = forms.of(d.get(state.next)!.value);
    if (found.kind === 'not-linear') return refused(k, states, found);
    rows.push({ state, rest: found.rest, terms: found.terms });
  }
  const summed = rows.flatMap((r) => r.terms).filter((t) => t.axes.length > 0);
  const names = list(states.map((s) => s.name));
  const why =
    summed.length > 0
      ? `sums over ${list([...new Set(summed.flatMap((t) => t.axes))])} mix its elements`
      : states.length > 1
        ? `the steps of ${names} are linear in all of them`
        : 'its step reads its elements at other indices';
  return { kind: 'coupled', states, rows, transition: summed.length > 0 ? 'dense' : 'coupled', why };
}

/** Analyses the step of one component. */
export function analyseComponent(k: IrKernel, c: Component): Step {
  const { states } = c;
  const none = (why: string): OtherStep => ({ kind: 'none', states, why });
  if (states.some((s) => s.axis !== c.axis || s.reverse !== c.reverse))
    return none('its states depend on each other and run differently');
  const whole = states.find((s) => s.type !== 'f32');
  if (whole) return none(`\`${whole.name}\` is ${whole.type}, whose arithmetic is not that of real numbers`);
  const [state] = states;
  if (!state || states.length > 1) return coupled(k, states);
  const found = linearIn(k, new Definitions(k).get(state.next)!.value, state);
  if (found.kind === 'not-linear') return extreme(k, state) ?? refused(k, states, found);
  return found.shifted.length > 0 ? coupled(k, states) : affine(k, state, found);
}

/** The steps of all components of a kernel, in dependence order. */
export const analyse = (k: IrKernel): readonly Step[] => components(k).map((c) => analyseComponent(k, c));
