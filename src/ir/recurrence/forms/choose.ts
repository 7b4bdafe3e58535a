/** Which form the states along an axis get, and how long chunks are, where nobody says so. */
import { evalConst } from '../../../expr/evaluate.ts';
import { freeVars } from '../../../expr/expr.ts';
import type { IrKernel } from '../../ir.ts';
import { analyseComponent, type Step } from '../classify.ts';
import { components } from '../components.ts';
import type { FormPlan } from './forms.ts';
import { isHalvedTo } from './sub-chunks.ts';

export interface FormChoice {
  readonly form?: Partial<FormPlan> | undefined;
  /**
   * On a CPU, a state lies in the first cache and all columns together fill the cores: a step there costs no more than its
   * share of a chunk, and what chunks save in steps they pay for in launches (docs/performance.md has the times).
   */
  readonly limits: { readonly software: boolean; readonly blocks?: boolean; readonly cores: number };
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
    const steps = o.limits.software ? [] : stepsOf(k, axis);
    const chunk = o.form?.chunk ?? (o.limits.software ? WRITTEN_OUT : chunkOf(k, axis, steps, o));
    const short = stepsAlong(k, axis, o) < LEAST_CHUNKS * chunk;
    const own = short ? 'few steps' : reasonForSteps(steps, o);
    return {
      form: own === undefined ? 'chunked' : 'sequential',
      ...(own === undefined ? {} : { why: own }),
      ...(o.limits.blocks && isShared(steps) && isHalvedTo(chunk, SUB_CHUNK) ? { subChunk: SUB_CHUNK } : {}),
      together: o.limits.software,
      ...(own === undefined && o.limits.blocks ? { section: sectionOf(k, axis, chunk, o) } : {}),
      prepared: !short,
      ...o.form,
      ...(o.form?.form === undefined ? {} : { why: 'asked for' }),
      chunk,
    };
  };
}

/** Workgroups per core: enough that one computes while others wait for memory. */
const PER_CORE = 2;
/** A state is then read and written once for so many chunks that inputs and outputs are most of what goes through memory. */
const MOST_CHUNKS = 16;
/** Where nobody knows the sizes: a few heads of a long sequence still fill a device. */
const USUAL_CHUNKS = 4;

/**
 * Chunks that a workgroup goes through, so that a state crosses memory once for all of them: as many as leave enough
 * workgroups for the device.
 */
function sectionOf(k: IrKernel, axis: string, chunk: number, o: FormChoice): number {
  const along = Math.ceil(stepsAlong(k, axis, o) / chunk);
  const states = k.states.filter((s) => s.axis === axis);
  const vectors = vectorsOf(k, axis);
  const members = new Set(states.flatMap((s) => s.indices).filter((a) => a !== axis && !vectors.has(a)));
  const chunks = [...members].reduce((n, a) => n * stepsAlong(k, a, o), along);
  if (!Number.isFinite(chunks)) return USUAL_CHUNKS;
  const wanted = Math.floor(chunks / (PER_CORE * o.limits.cores));
  return Math.max(1, Math.min(wanted, along, MOST_CHUNKS));
}

/** Axes that lie innermost in memory, of tensors with an element for each step: others number members of a batch. */
function vectorsOf(k: IrKernel, axis: string): ReadonlySet<string> {
  const steps = k.tensors.map((t) => t.dims.map((d) => d.axis)).filter((axes) => axes.includes(axis));
  return new Set(steps.flatMap((axes) => axes.at(-1) ?? []));
}

/** Why steps one after the other are faster than chunks, measured as docs/performance.md and docs/gpu.md say. */
function reasonForSteps(steps: readonly Step[], o: FormChoice): string | undefined {
  if (o.limits.software) return 'on a CPU a step costs no more';
  return steps.some(solves) ? 'what is solved for each chunk costs more' : undefined;
}

/** Infinity where nobody knows. */
function stepsAlong(k: IrKernel, axis: string, o: FormChoice): number {
  const { extent } = k.axes.find((a) => a.name === axis)!;
  const known = new Map(Object.entries({ ...o.expected, ...o.fixed }));
  return [...freeVars(extent)].some((v) => !known.has(v)) ? Infinity : evalConst(extent, known);
}

const stepsOf = (k: IrKernel, axis: string): readonly Step[] =>
  components(k)
    .filter((c) => c.states.some((s) => s.axis === axis))
    .map((c) => analyseComponent(k, c));

/**
 * Lanes of a workgroup share those elements: their number still grows with the chunk, and beside it the state is carried from
 * short chunk to short chunk. On an H200 chunks of 32 take 0.8 of the time of chunks of 64 (docs/gpu.md).
 */
const SHARED = 32;

/** Numbers of a state that a workgroup can hold together with what a long chunk needs beside it. */
const HELD = 64 * 64;

function chunkOf(k: IrKernel, axis: string, steps: readonly Step[], o: FormChoice): number {
  if (!steps.some((s) => solves(s) || byElement(s))) return CONTRACTED;
  const shared = o.limits.blocks === true && isShared(steps) && largestState(k, axis) <= HELD;
  return shared ? SHARED : BY_ELEMENT;
}

/**
 * What a workgroup makes element by element grows with the sub-chunk c: for a feature of a position c / 2 decayed keys, as many products, and
 * exchanges between lanes that cost about as much again. Halving it takes four operations for both decayed factors, and c / 4
 * products, of matrices. Below the side of what matrix units take, that saves nothing.
 */
const SUB_CHUNK = 16;

/** A workgroup makes scores by element. */
const isShared = (steps: readonly Step[]): boolean => steps.some(byElement) && !steps.some(solves);

const solves = (s: Step): boolean => s.kind === 'affine' && s.feedback.length > 0;
const byElement = (s: Step): boolean =>
  s.kind === 'affine' && s.decayAxes.some((a) => s.contracted.includes(a));

/** Numbers of a member of the batch, along axes of fixed extent. */
function largestState(k: IrKernel, axis: string): number {
  const vectors = vectorsOf(k, axis);
  const fixed = (name: string): number => {
    const { extent } = k.axes.find((a) => a.name === name)!;
    return extent.kind === 'const' ? extent.value : 1;
  };
  const states = k.states.filter((s) => s.axis === axis);
  return Math.max(
    0,
    ...states.map((s) =>
      s.indices.filter((a) => a !== axis && vectors.has(a)).reduce((n, a) => n * fixed(a), 1),
    ),
  );
}
