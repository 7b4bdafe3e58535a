/**
 * Pass `forms`: states along an axis are carried in chunks where their steps allow it. Each component of states gets its
 * form; what it computed over (chunk, position) is read by the rest of the kernel at (t / C, t % C).
 */
import { readNames, rewrite, substitute, type Expr } from '../../../expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../../ir.ts';
import { analyseComponent, type Step } from '../classify.ts';
import { components } from '../components.ts';
import { Chunked } from './chunked.ts';
import { StateParser, type AffineState } from './parse.ts';
import { withPrepared, withShared } from './prepared.ts';
import { emitScan } from './scan.ts';
import { World } from './world.ts';

export const FORM_NAMES = ['sequential', 'chunked', 'scan'] as const;
export type Form = (typeof FORM_NAMES)[number];

/** How the states along one axis are run. */
export interface FormPlan {
  /** `chunked` falls back to `scan` for states that are no contractions, and both to `sequential`. */
  readonly form: Form;
  /** Positions of a chunk. */
  readonly chunk: number;
  /** Chunks of a section, in which one launch goes through them; sections are carried like chunks otherwise. Default 1: none. */
  readonly section?: number;
  /** Positions of a sub-chunk: scores under a decay per feature are products of matrices between sub-chunks. Default: no such. */
  readonly subChunk?: number;
  /** Chunked: one launch goes through the chunks, carries the state and reads it; else the reads are a launch of their own. */
  readonly together?: boolean;
  /** Sequential: what states share is computed before, in a launch of its own. */
  readonly prepared?: boolean;
  /** Why it is this form. */
  readonly why?: string;
}
/** What became of a state. */
export interface FormNote {
  readonly state: string;
  readonly form: Form;
  /** Positions of a chunk, where there are chunks. */
  readonly chunk?: number;
  /** Chunks of a section, where there are sections. */
  readonly section?: number;
  /** Positions of a sub-chunk, where scores are products between such. */
  readonly subChunk?: number;
  readonly why: string;
}
export interface Formed {
  readonly kernel: IrKernel;
  readonly notes: readonly FormNote[];
}

interface Part {
  readonly step: Step;
  readonly states: readonly IrState[];
  readonly affine?: AffineState;
  readonly form: Form;
  readonly why: string;
}

/** @param choose the plan for an axis; it is asked once for each axis that states run along */
export function recurrenceForms(k: IrKernel, choose: (axis: string, k: IrKernel) => FormPlan): Formed {
  let kernel = k;
  const notes: FormNote[] = [];
  for (const axis of new Set(k.states.map((s) => s.axis))) {
    const plan = choose(axis, kernel);
    const made = formAxis(kernel, axis, plan);
    kernel = made.kernel;
    notes.push(...made.notes);
  }
  return { kernel, notes };
}

function formAxis(k: IrKernel, axis: string, plan: FormPlan): Formed {
  const steps = components(k).filter((c) => c.states.some((s) => s.axis === axis));
  const parts = steps.map((c) => partOf(k, analyseComponent(k, c), c.states, plan));
  const blocked = parts.find((p) => p.form === 'sequential');
  if (blocked) {
    const notes = parts.flatMap((p) =>
      p.states.map((s): FormNote => ({
        state: s.name,
        form: 'sequential',
        why: p.form === 'sequential' ? p.why : `${blocked.states[0]!.name} runs step by step`,
      })),
    );
    return { kernel: plan.prepared ? withShared(k, axis) : k, notes };
  }
  const section = sectionOf(parts, plan);
  let kernel = withPrepared(k, axis);
  const notes: FormNote[] = [];
  for (const reverse of [false, true]) {
    const own = parts.filter((p) => p.states[0]!.reverse === reverse);
    if (own.length === 0) continue;
    // Each direction is a world of its own; parts are parsed again, since the other direction changed the kernel.
    const world = new World(kernel, axis, plan.chunk, reverse, section);
    for (const p of own) {
      const subChunk = emit(world, p, plan);
      const chunks = {
        chunk: plan.chunk,
        ...(section === undefined ? {} : { section }),
        ...(subChunk === undefined ? {} : { subChunk }),
      };
      notes.push(...p.states.map((s) => ({ state: s.name, form: p.form, ...chunks, why: p.why })));
    }
    kernel = merge(
      kernel,
      world,
      own.flatMap((p) => p.states),
    );
  }
  return { kernel, notes };
}

/** A section does to a state what a chunk does: that is known without its steps where nothing is solved or scanned. */
function sectionOf(parts: readonly Part[], { section = 1 }: FormPlan): number | undefined {
  const isSum = (p: Part): boolean => p.affine?.groups.every((g) => !g.inner) === true;
  return section > 1 && parts.every((p) => p.form === 'chunked' && isSum(p)) ? section : undefined;
}

function partOf(k: IrKernel, step: Step, states: readonly IrState[], plan: FormPlan): Part {
  const base = { step, states };
  if (plan.form === 'sequential') return { ...base, form: 'sequential', why: plan.why ?? 'asked for' };
  if (step.kind === 'none' || step.kind === 'coupled') return { ...base, form: 'sequential', why: step.why };
  if (step.kind === 'affine' && plan.form === 'chunked') {
    const parsed = new StateParser(k, step.state).parse();
    const pays =
      typeof parsed !== 'string' && (parsed.valueAxes.length > 0 || hasCompanion(k, step.state, parsed));
    if (typeof parsed !== 'string' && pays)
      return { ...base, affine: parsed, form: 'chunked', why: step.why };
    const why = typeof parsed === 'string' ? parsed : 'each element decays for itself';
    return { ...base, form: 'scan', why };
  }
  return { ...base, form: 'scan', why: step.why };
}

/** A state without values of its own (a normaliser) is chunked beside one that shares its scores. */
function hasCompanion(k: IrKernel, s: IrState, x: AffineState): boolean {
  const moving = s.indices.filter((a) => x.contracted.includes(a));
  return k.states.some(
    (o) =>
      o !== s &&
      o.axis === s.axis &&
      moving.every((a) => o.indices.includes(a)) &&
      s.indices.every((a) => o.indices.includes(a)),
  );
}

/** @returns positions of its sub-chunks, where it has any */
function emit(world: World, p: Part, plan: FormPlan): number | undefined {
  if (p.form === 'chunked') {
    // Other parts have changed nothing that this state's own definitions mention: the kernel is still the one parsed.
    const parsed = new StateParser(
      world.kernel,
      world.kernel.states.find((s) => s.name === p.states[0]!.name)!,
    ).parse();
    if (typeof parsed === 'string') return undefined;
    const { subChunk, together } = plan;
    const chunked = new Chunked(world, parsed, { readWhereCarried: together === true, subChunk });
    chunked.emit();
    return chunked.hasSubChunks ? subChunk : undefined;
  }
  if (p.step.kind !== 'none') emitScan(world, p.step);
  return undefined;
}

/** The kernel with the states that were formed replaced, and what was computed from them read from its counterparts. */
function merge(k: IrKernel, world: World, formed: readonly IrState[]): IrKernel {
  const gone = new Set(formed);
  const own: IrDef[] = k.defs.map((d) => {
    const kept = world.hasCounterpart(d.name) ? world.made(d.name) : undefined;
    return { ...d, value: kept ? world.outside(kept, d.indices) : withoutStates(d.value, world, formed) };
  });
  const states = [...k.states.filter((s) => !gone.has(s)), ...world.states];
  const all = [...own, ...world.defs];
  return prune({ ...k, axes: [...k.axes, ...world.axes], states, defs: all });
}

/** What reads states of several parts has no copy in any of their runs: it reads them where they are kept. */
function withoutStates(e: Expr, world: World, formed: readonly IrState[]): Expr {
  return rewrite(e, (x) => {
    const s = x.kind === 'read' ? formed.find((f) => f.name === x.name) : undefined;
    if (!s || x.kind !== 'read' || !world.hasCounterpart(s.name)) return x;
    const own = new Map(s.indices.map((a, n) => [a, x.index[n]!]));
    return substitute(world.outside(world.made(s.name), s.indices), own);
  });
}

/** Drops what no output needs and puts definitions into dependence order. */
function prune(k: IrKernel): IrKernel {
  const defs = new Map(k.defs.map((d) => [d.name, d]));
  const states = new Map(k.states.flatMap((s) => [[s.name, s] as const, [s.final, s] as const]));
  const order: IrDef[] = [];
  const done = new Set<string>();
  const keptStates = new Set<IrState>();
  const later: IrState[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const s = states.get(name);
    if (s && !keptStates.has(s)) {
      keptStates.add(s);
      later.push(s);
    }
    const d = defs.get(name);
    if (!d) return;
    for (const r of readNames(d.value)) visit(r);
    order.push(d);
  };
  for (const o of k.outputs) visit(o.def);
  for (let s = later.shift(); s; s = later.shift()) {
    for (const r of readNames(s.init)) visit(r);
    visit(s.next);
  }
  return { ...k, states: k.states.filter((s) => keptStates.has(s)), defs: order };
}
