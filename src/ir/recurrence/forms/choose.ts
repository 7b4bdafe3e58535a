/** Which form the states along an axis get, and how long chunks are, where nobody says so. */
import { evalConst } from '../../../expr/evaluate.ts';
import { freeVars } from '../../../expr/expr.ts';
import type { IrKernel } from '../../ir.ts';
import { analyseComponent, type Step } from '../classify.ts';
import { components } from '../components.ts';
import type { FormPlan } from './forms.ts';

export interface FormChoice {
  readonly form?: Partial<FormPlan> | undefined;
  /** A device with few cores gains more from fewer launches and passes over memory than from more of them at a time. */
  readonly limits: { readonly software: boolean };
  /** Sizes known at compile time. */
  readonly fixed: Readonly<Record<string, number>>;
  /** Sizes that the kernel will mostly run with. */
  readonly expected?: Readonly<Record<string, number>> | undefined;
}

/** Below this many chunks the launches of the chunked form cost more than running step by step. */
const LEAST_CHUNKS = 2;
/** Scores are one contraction: long chunks make large ones. */
const CONTRACTED = 64;
/** Scores are made element by element, or solved for: work that grows with the chunk and is no contraction. */
const BY_ELEMENT = 16;

/** A lane that goes through chunks holds one number per position: as many as loops are written out for. */
const WRITTEN_OUT = 16;

export function chooseForm(o: FormChoice): (axis: string, k: IrKernel) => FormPlan {
  return (axis, k) => {
    const chunk = o.form?.chunk ?? (o.limits.software ? WRITTEN_OUT : chunkOf(k, axis));
    return {
      form: o.form?.form ?? (isShort(k, axis, chunk, o) ? 'sequential' : 'chunked'),
      chunk,
      together: o.form?.together ?? o.limits.software,
    };
  };
}

function isShort(k: IrKernel, axis: string, chunk: number, o: FormChoice): boolean {
  const { extent } = k.axes.find((a) => a.name === axis)!;
  const known = new Map(Object.entries({ ...o.expected, ...o.fixed }));
  if ([...freeVars(extent)].some((v) => !known.has(v))) return false;
  return evalConst(extent, known) < LEAST_CHUNKS * chunk;
}

function chunkOf(k: IrKernel, axis: string): number {
  const steps = components(k)
    .filter((c) => c.states.some((s) => s.axis === axis))
    .map((c) => analyseComponent(k, c));
  return steps.some(byElement) ? BY_ELEMENT : CONTRACTED;
}

function byElement(s: Step): boolean {
  if (s.kind !== 'affine') return false;
  return s.feedback.length > 0 || s.decayAxes.some((a) => s.contracted.includes(a));
}
