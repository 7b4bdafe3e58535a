/**
 * The map of the compiler. A source file is parsed and checked (syntax, model), its kernel becomes semantic IR, and then
 * the passes below run in this order; after each, the level's `verify` runs when it is asked for.
 */
import { UserError } from './diagnostics/diagnostic.ts';
import type { StorageType } from './expr/types.ts';
import type { IrKernel } from './ir/ir.ts';
import { expandReductions } from './ir/passes/expand-reductions.ts';
import { fixSizes } from './ir/passes/fix-sizes.ts';
import { guardRows } from './ir/passes/guard-rows.ts';
import { keepReread } from './ir/passes/keep-reread.ts';
import { normalForm } from './ir/passes/normal-form.ts';
import { packShared } from './ir/passes/pack.ts';
import { rewriteLinear, type RewriteNote } from './ir/passes/rewrite-linear.ts';
import { withStorage } from './ir/passes/storage.ts';
import { unrollRounds } from './ir/passes/unroll-rounds.ts';
import { chooseForm } from './ir/recurrence/forms/choose.ts';
import { recurrenceForms, type FormNote, type FormPlan } from './ir/recurrence/forms/forms.ts';
import { printIr } from './ir/print.ts';
import { verifyIr } from './ir/verify.ts';
import { kernelProgram } from './kernel/from-tile/program.ts';
import type { Kernel, Program } from './kernel/kernel.ts';
import { keepLoops } from './kernel/passes/keep-loops.ts';
import { lowerContract } from './kernel/passes/lower-contract.ts';
import { scalarize } from './kernel/passes/scalarize.ts';
import { shareKernels } from './kernel/passes/share-kernels.ts';
import { printProgram } from './kernel/print.ts';
import { verifyProgram } from './kernel/verify.ts';
import { stagePlans } from './plan/apply.ts';
import type { PlacedSchedule } from './plan/schedule.ts';
import { withoutRepeated } from './tile/repeated.ts';
import { programByQueries } from './tile/by-queries/by-queries.ts';
import { boundProgram } from './tile/bounds.ts';
import { exponents } from './tile/exponents.ts';
import { fillProgram } from './tile/fill.ts';
import { stagesOf, tileProgram, walksSections } from './tile/from-ir.ts';
import { narrowProgram } from './tile/narrow.ts';
import { neededPasses } from './tile/needed.ts';
import { orderBlocks } from './tile/order.ts';
import { defaultPlan, planProgram, type PlanLimits, type StagePlan } from './tile/plan.ts';
import { printTile } from './tile/print.ts';
import { shareBuffers } from './tile/share-buffers.ts';
import { splitProgram } from './tile/split.ts';
import type { Stage, TileProgram } from './tile/tile.ts';
import { verifyTile } from './tile/verify.ts';

/** What fixes one variant of a kernel below the source. */
export interface LoweringOptions {
  /** Sizes known at compile time. */
  readonly fixed: Readonly<Record<string, number>>;
  readonly storage?: Readonly<Record<string, StorageType>>;
  readonly limits: PlanLimits;
  /** One plan per stage; by default each stage's own. */
  readonly plans?: readonly StagePlan[];
  /** Sizes that the kernel will mostly run with: they choose the plan, never what is computed. */
  readonly expected?: Readonly<Record<string, number>>;
  /** Axes whose streamed tensors are shared (heads of one group) become rows, or not; by default where rows are few. */
  readonly pack?: boolean | undefined;
  /** Sums over positions are carried along wherever they can be, or nowhere; by default where that costs less. */
  readonly rewrite?: boolean | undefined;
  /** How states are run, and how long chunks are; by default by the sizes and the steps. */
  readonly form?: Partial<FormPlan> | undefined;
  /** Decides on all of this where nothing above does, and is for exactly the stages that come of it. */
  readonly schedule?: PlacedSchedule | undefined;
}

/** What passes tell people, beside what they make. */
export interface Notes {
  rewrites?: readonly RewriteNote[];
  forms: readonly FormNote[];
  /** The plan of each axis that states run along. */
  formPlans?: readonly FormPlan[];
  /** Members of a group became rows. */
  packed?: boolean;
  /** Every stage with its plan, before plans change stages. */
  planned?: TileProgram;
  /** The kernel whose states were given these forms. */
  carried?: IrKernel;
}

interface PassInfo<T> {
  readonly name: string;
  readonly stage: 'ir' | 'tile' | 'kernel';
  readonly reason: string;
  readonly run: (level: T, options: LoweringOptions, notes: Notes) => T;
}

interface FormedKernel {
  readonly kernel: IrKernel;
  readonly forms: readonly FormNote[];
  readonly plans: readonly FormPlan[];
  /** What it would have, where that was tried. */
  readonly stages?: readonly Stage[] | undefined;
}

/** In normal form again. Sections and sub-chunks are for workgroups that hold what their chunks need: without these there are none. */
function formedKernel(
  k: IrKernel,
  o: LoweringOptions,
  without: { readonly sections?: true; readonly subChunks?: true } = {},
): FormedKernel {
  const plans: FormPlan[] = [];
  const made = recurrenceForms(k, (axis, at) => {
    const form = { ...o.schedule?.forms?.[plans.length], ...o.form };
    const chosen = chooseForm({ ...o, form })(axis, at);
    const one = without.sections && form.section === undefined ? { section: 1 } : {};
    const whole = without.subChunks && form.subChunk === undefined ? { subChunk: chosen.chunk } : {};
    plans.push({ ...chosen, ...one, ...whole });
    return plans.at(-1)!;
  });
  const kernel = made.kernel === k ? k : normalForm(made.kernel);
  const has = (part: 'section' | 'subChunk', notes = made.notes): boolean =>
    notes.some((n) => n[part] !== undefined);
  const tried = has('section') || has('subChunk') ? stagesOf(kernel, o.fixed, o.limits) : undefined;
  if (!without.sections && has('section') && !(tried && walksSections(kernel, tried)))
    return formedKernel(k, o, { ...without, sections: true });
  const formed = { kernel, forms: made.notes, plans, stages: tried };
  if (without.subChunks || !has('subChunk') || o.form?.subChunk !== undefined) return formed;
  const whole = formedKernel(k, o, { subChunks: true });
  const launches = (f: FormedKernel): number =>
    (f.stages ?? stagesOf(f.kernel, o.fixed, o.limits))?.length ?? Infinity;
  const costs = launches(formed) > launches(whole) || (has('section', whole.forms) && !has('section'));
  return costs ? whole : formed;
}

export const IR_PASSES: readonly PassInfo<IrKernel>[] = [
  {
    name: 'storage',
    stage: 'ir',
    reason: 'element types of this variant, before anything looks at them',
    run: (k, o) => withStorage(k, o.storage ?? {}),
  },
  {
    name: 'fix-sizes',
    stage: 'ir',
    reason: 'known sizes become constants, so that lanes can hold vectors',
    run: (k, o) => fixSizes(k, o.fixed),
  },
  {
    name: 'guard-rows',
    stage: 'ir',
    reason: 'rows that an output leaves out are not reduced; before anything asks what is kept',
    run: (k) => guardRows(k),
  },
  {
    name: 'unroll-rounds',
    stage: 'ir',
    reason: 'rounds over matrices become products; after fix-sizes, which knows how many there are',
    run: (k) => unrollRounds(k),
  },
  {
    name: 'expand-reductions',
    stage: 'ir',
    reason: 'mean and logsumexp become carriers of one kind; before normal-form, which then shares the parts',
    run: (k) => expandReductions(k),
  },
  {
    name: 'rewrite-linear',
    stage: 'ir',
    reason:
      'what needs no weights is carried along; before normal-form, which would hide what sums are made of',
    run: (k, o, notes) => {
      const rewrite = o.rewrite ?? o.schedule?.rewrite;
      const made = rewriteLinear(k, { sizes: { ...o.expected, ...o.fixed }, rewrite });
      notes.rewrites = made.notes;
      return made.kernel;
    },
  },
  {
    name: 'keep-reread',
    stage: 'ir',
    reason:
      'what takes much and many elements read at one place is stored; before normal-form, which copies it to where it is read',
    run: (k) => keepReread(k),
  },
  {
    name: 'normal-form',
    stage: 'ir',
    reason: 'one reduction per definition, equal ones shared: dependence becomes a graph of names',
    run: (k) => normalForm(k),
  },
  {
    name: 'forms',
    stage: 'ir',
    reason:
      'states are carried in chunks where their steps allow it; needs sums in normal form, and leaves them so',
    run: (k, o, notes) => {
      const { kernel, forms, plans } = formedKernel(k, o);
      notes.forms = forms;
      notes.formPlans = plans;
      notes.carried = k;
      return kernel;
    },
  },
  {
    name: 'pack-shared',
    stage: 'ir',
    reason: 'where rows are few, what shares its keys becomes rows of one block; needs reads in normal form',
    run: (k, o, notes) => {
      const pack = o.pack ?? o.schedule?.pack;
      const made = packShared(k, {
        expected: { ...o.expected, ...o.fixed },
        ...(pack === undefined ? {} : { pack }),
      });
      notes.packed = made !== k;
      return made;
    },
  },
];

export const TILE_PASSES: readonly PassInfo<TileProgram>[] = [
  {
    name: 'narrow',
    stage: 'tile',
    reason:
      'what members of a group share is computed for the group; before repeated, which then sees that it is the same',
    run: narrowProgram,
  },
  {
    name: 'repeated',
    stage: 'tile',
    reason: 'what several stages compute is computed once; early, so that others see fewer stages',
    run: withoutRepeated,
  },
  {
    name: 'fill',
    stage: 'tile',
    reason: 'elements that nobody needs are written by a pass of their own; before plan, which counts passes',
    run: fillProgram,
  },
  {
    name: 'exponents',
    stage: 'tile',
    reason:
      'weights become powers of two with their factors folded; before split, which copies the steps of a pass',
    run: (p) => exponents(p),
  },
  {
    name: 'needed',
    stage: 'tile',
    reason:
      'what is multiplied by zero in all rows of a workgroup is not made; before split, which copies it',
    run: (p) => neededPasses(p),
  },
  {
    name: 'plan',
    stage: 'tile',
    reason:
      'the schedule of each stage as data, given or chosen; before all that depends on the size of tiles',
    run: (p, o, notes) => {
      const { schedule } = o;
      notes.planned = planProgram(p, schedule ? { ...o, plans: stagePlans(schedule, p, o.limits) } : o);
      return notes.planned;
    },
  },
  {
    name: 'by-queries',
    stage: 'tile',
    reason:
      'rows that selected the same block become tiles; before bounds, which then see tiles that visit one block',
    run: (p, o) =>
      programByQueries(p, (s) => defaultPlan(s, o.limits, { ...o.expected, ...o.fixed }), o.limits.software),
  },
  {
    name: 'split',
    stage: 'tile',
    reason:
      'a stream shared by several workgroups becomes two stages; before bounds, which are then shared out',
    run: (p, o) => splitProgram(p, (s) => defaultPlan(s, o.limits, { ...o.expected, ...o.fixed })),
  },
  {
    name: 'bounds',
    stage: 'tile',
    reason: 'predicates become loop bounds; last of what changes stages, because they are measured in tiles',
    run: (p, o) => boundProgram(p, o.limits),
  },
  {
    name: 'order',
    stage: 'tile',
    reason: 'longest workgroups first; after bounds, which say how long they are',
    run: (p, o) => orderBlocks(p, o.limits),
  },
  {
    name: 'share-buffers',
    stage: 'tile',
    reason: 'launches bind no more buffers than they may; last, because bounds read tensors as well',
    run: (p, o) => shareBuffers(p, o.limits),
  },
];

export const KERNEL_PASSES: readonly PassInfo<Kernel>[] = [
  {
    name: 'lower-contract',
    stage: 'kernel',
    reason: 'contractions that no matrix unit took become multiply-adds',
    run: (k) => lowerContract(k),
  },
  {
    name: 'scalarize',
    stage: 'kernel',
    reason: 'arrays with constant indices become scalars; after lower-contract, which takes whole arrays',
    run: (k) => scalarize(k),
  },
  {
    name: 'keep-loops',
    stage: 'kernel',
    reason: 'no loop is unrolled over more numbers than registers hold; last, when all arrays are known',
    run: (k) => keepLoops(k),
  },
];

/** Passes that see all kernels of a program at once. */
export const PROGRAM_PASSES: readonly PassInfo<Program>[] = [
  {
    name: 'share-kernels',
    stage: 'kernel',
    reason:
      'kernels that are equal but for names become one with several launches; last, when all is decided',
    run: (p) => shareKernels(p),
  },
];

/** All passes, for people. */
export const PASSES: readonly Omit<PassInfo<never>, 'run'>[] = [
  ...IR_PASSES,
  ...TILE_PASSES,
  ...KERNEL_PASSES,
  ...PROGRAM_PASSES,
];

/** Steps between levels, for people. */
export const TRANSLATIONS = [
  { stage: 'syntax', name: 'parse', reason: 'source text to a tree that keeps every place' },
  {
    stage: 'model',
    name: 'check',
    reason: 'names, index sets and types; all that can be wrong is said here',
  },
  { stage: 'ir', name: 'from-model', reason: 'functions expanded, masks attached to reductions' },
  {
    stage: 'artefact',
    name: 'artefacts',
    reason:
      'on request, a step of a recurrence, its summary of a part, or what applies one; before all passes',
  },
  { stage: 'tile', name: 'from-ir', reason: 'stages, passes over the stream, carriers and references' },
  { stage: 'kernel', name: 'from-tile', reason: 'what each lane executes, by the plan' },
  { stage: 'target', name: 'legalize', reason: 'what the dialect cannot spell is rewritten; runs last' },
] as const;

/** Called after each pass with a printer for the level as it then is. */
export type Observer = (stage: 'ir' | 'tile' | 'kernel', pass: string, print: () => string) => void;

export interface Lowered {
  readonly ir: IrKernel;
  readonly tile: TileProgram;
  readonly program: Program;
  readonly notes: Notes;
}

/** Runs the passes of the semantic IR. */
export function normalizeIr(
  ir: IrKernel,
  options: LoweringOptions,
  observe?: Observer,
  notes: Notes = { forms: [] },
): IrKernel {
  return throughIr(ir, IR_PASSES, options, observe, notes);
}

/** The kernel by each of these forms. What comes before forms is done once, and is all where nothing is carried. */
export function normalizeByForms(
  ir: IrKernel,
  options: LoweringOptions,
  forms: readonly Partial<FormPlan>[],
): readonly IrKernel[] {
  const first = IR_PASSES.findIndex((p) => p.name === 'forms');
  const k = throughIr(ir, IR_PASSES.slice(0, first), options);
  const different = k.states.length > 0 ? forms : forms.slice(0, 1);
  return different.map((form) => throughIr(k, IR_PASSES.slice(first), { ...options, form }));
}

function throughIr(
  ir: IrKernel,
  passes: typeof IR_PASSES,
  options: LoweringOptions,
  observe?: Observer,
  notes: Notes = { forms: [] },
): IrKernel {
  let k = ir;
  for (const p of passes) {
    k = p.run(k, options, notes);
    verifyIr(k, `ir/${p.name}`);
    observe?.('ir', p.name, () => printIr(k));
  }
  return k;
}

/** Runs the passes of the tiled IR: every stage gets a plan and bounds. */
export function scheduleTile(
  tile: TileProgram,
  options: LoweringOptions,
  observe?: Observer,
  notes: Notes = { forms: [] },
): TileProgram {
  let p = tile;
  for (const pass of TILE_PASSES) {
    p = pass.run(p, options, notes);
    verifyTile(p);
    observe?.('tile', pass.name, () => printTile(p));
  }
  return p;
}

/** Semantic IR → kernels, before a back-end legalises and prints them. */
export function lowerIr(ir: IrKernel, options: LoweringOptions, observe?: Observer): Lowered {
  observe?.('ir', 'from-model', () => printIr(ir));
  const notes: Notes = { forms: [] };
  const normal = normalizeIr(ir, options, observe, notes);
  const plain = tileProgram(normal, options.fixed, options.limits);
  verifyTile(plain);
  observe?.('tile', 'from-ir', () => printTile(plain));
  const tile = scheduleTile(plain, options, observe, notes);
  const program = lowerTiles(tile, ir, options, observe, notes);
  return { ir: normal, tile, program, notes };
}

/**
 * Kernels are verified when all passes are done. What is wrong then, or breaks on the way, is made again with each pass
 * verified, which says where it went wrong.
 */
function lowerTiles(
  tile: TileProgram,
  { notes: of }: IrKernel,
  options: LoweringOptions,
  observe: Observer | undefined,
  notes: Notes,
): Program {
  const run = (check: (p: Program) => void, tell: Observer | undefined): Program => {
    let program: Program = { ...kernelProgram(tile), ...(of ? { notes: of } : {}) };
    const done = (pass: string): void => {
      check(program);
      const now = program;
      tell?.('kernel', pass, () => printProgram(now));
    };
    done('from-tile');
    for (const p of KERNEL_PASSES) {
      program = { ...program, kernels: program.kernels.map((k) => p.run(k, options, notes)) };
      done(p.name);
    }
    for (const p of PROGRAM_PASSES) {
      program = p.run(program, options, notes);
      done(p.name);
    }
    return program;
  };
  try {
    const program = run(() => undefined, observe);
    verifyProgram(program);
    return program;
  } catch (bug) {
    if (!(bug instanceof UserError)) run(verifyProgram, undefined);
    throw bug;
  }
}
