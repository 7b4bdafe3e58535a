/** What a part of a sequence has to hand over for each of its states. */
import type { IrKernel, IrState } from '../ir.ts';
import { analyse, type AffineStep, type MaxStep, type Step } from '../recurrence/classify.ts';
import { AffineSteps } from './homogeneous.ts';
import { identifier } from './names.ts';
import { noSummary } from './refusals.ts';
import { scaledBy, type ScaledStep } from './scaled.ts';
import { stateful } from './stateful.ts';
import { readNames } from '../../expr/expr.ts';

export interface Classes {
  /** Of one axis and direction each. */
  readonly affine: readonly AffineSteps[];
  readonly maxima: readonly MaxStep[];
  readonly scaled: readonly ScaledStep[];
  /** What has none of these forms, with the reason. */
  readonly others: readonly { readonly state: IrState; readonly why: string }[];
}

/** States that run together. */
function groups(states: readonly IrState[]): readonly (readonly IrState[])[] {
  const by = new Map<string, IrState[]>();
  for (const s of states) {
    const name = `${s.axis} ${s.reverse}`;
    by.set(name, [...(by.get(name) ?? []), s]);
  }
  return [...by.values()];
}

export function classesOf(k: IrKernel): Classes {
  const affine = groups(k.states.filter((s) => s.type === 'f32' || s.type === 'i32')).map(
    (states) => new AffineSteps(k, states),
  );
  const done = new Set(affine.flatMap((a) => a.states));
  const steps = analyse(k);
  const moving = stateful(k);
  const maxima = steps.filter(
    (s): s is MaxStep =>
      s.kind === 'max' && [s.shift, s.value].every((e) => ![...readNames(e)].some((n) => moving.has(n))),
  );
  for (const m of maxima) done.add(m.state);
  const scaled = steps
    .filter((s): s is AffineStep => s.kind === 'affine' && !done.has(s.state))
    .flatMap((s) => maxima.flatMap((m) => scaledBy(k, s, m) ?? []).slice(0, 1));
  for (const s of scaled) done.add(s.state);
  const others = k.states.filter((s) => !done.has(s)).map((state) => ({ state, why: reason(steps, state) }));
  return { affine, maxima, scaled, others };
}

function reason(steps: readonly Step[], s: IrState): string {
  const step = steps.find((x) => ('states' in x ? x.states.includes(s) : x.state === s))!;
  return step.kind === 'none' ? step.why : 'its step depends on another state in a way that is not affine';
}

/** @throws UserError E0633 for the first state that has no summary */
export function summarizable(k: IrKernel): Classes {
  const classes = classesOf(k);
  const [other] = classes.others;
  if (other) throw noSummary(identifier(other.state.name), other.why, other.state.span ?? k.span);
  return classes;
}
