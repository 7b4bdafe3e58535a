/** One random case: what it is, running it, and making a failing one smaller. */
import { UserError } from '../../diagnostics/diagnostic.ts';
import { STORAGE, type StorageType } from '../../expr/types.ts';
import type { IrKernel } from '../../ir/ir.ts';
import { deriveSeed, randomFrom, type Random } from '../../runtime/random.ts';
import { agreement, type OutputAgreement } from '../agreement.ts';
import { roundOutputs } from '../round-outputs.ts';
import { irOf, sizesToFix, type Features, type Spec, type Variant } from '../pipeline.ts';
import { execute, type Launch, type Target } from '../targets.ts';
import { explainedByRounding } from './conditioning.ts';
import { drawNumbers, satisfied, USUAL_WORK, type Numbers } from './draw-numbers.ts';
import { inputsInRange } from './inputs-in-range.ts';
import { integerUses } from './integer-uses.ts';

/** Executors that run lanes in software get smaller cases. */
const MOST_WORK: Readonly<Record<Target, number>> = {
  interp: USUAL_WORK,
  wgsl: USUAL_WORK,
  cuda: USUAL_WORK,
  'cuda-emu': USUAL_WORK / 2,
  'kernel-interp': USUAL_WORK / 8,
};

export interface CasePlan {
  readonly spec: Spec;
  readonly variant: Variant;
  readonly features: Features;
  /** Sizes that every case has; those of `variant.set` among them. */
  readonly fixedSizes: ReadonlyMap<string, number>;
  readonly fixedParams: ReadonlyMap<string, number>;
  readonly seed: number;
}

export interface Case extends Numbers {
  readonly spec: Spec;
  readonly variant: Variant;
  readonly features: Features;
  readonly kernel: IrKernel;
  readonly seed: number;
}

export type Outcome =
  | { readonly kind: 'compared'; readonly outputs: readonly OutputAgreement[]; readonly agrees: boolean }
  /** The execution itself reported an error. */
  | { readonly kind: 'broken'; readonly message: string }
  /** The spec has no meaning for these tensors, or the target no room for these sizes. */
  | { readonly kind: 'discarded'; readonly message: string };

export const failed = (outcome: Outcome): boolean =>
  outcome.kind === 'broken' || (outcome.kind === 'compared' && !outcome.agrees);

/** Consecutive cases that share vector sizes, storages and absent inputs. */
const GROUP = 5;
/** Extents of axes that lanes hold vectors over. */
const VECTOR_SIZES = [1, 2, 5, 8, 16, 24, 31, 32, 33, 64, 65];

/** Draws case `index`; undefined when no sizes satisfy the requirements. */
export function drawCase(
  target: Target,
  { spec, variant, features, fixedSizes, fixedParams, seed }: CasePlan,
  index: number,
): Case | undefined {
  const caseSeed = deriveSeed(seed, `${variant.kernel}/${index}`);
  // Cases of a group share the compiled kernel: drivers take far longer to compile than to run these sizes.
  const group = randomFrom(deriveSeed(seed, `${variant.kernel}/group ${Math.floor(index / GROUP)}`));
  const declared = irOf(spec, variant);
  const absent = declared.tensors.filter((t) => t.optional && group.next() < 0.5).map((t) => t.name);
  const settled: Variant = {
    ...variant,
    absent: new Set([...variant.absent, ...absent]),
    storage: { ...drawStorage(declared, group), ...variant.storage },
  };
  const kernel = irOf(spec, settled);
  const vectors = sizesToFix(kernel).map((name): [string, number] => [name, group.pick(VECTOR_SIZES)]);
  const sizes = new Map([...vectors, ...fixedSizes]);
  const random = randomFrom(caseSeed);
  const numbers =
    drawNumbers(kernel, random, sizes, fixedParams, MOST_WORK[target]) ??
    drawNumbers(kernel, random, fixedSizes, fixedParams, MOST_WORK[target]);
  return numbers && { spec, variant: settled, features, kernel, seed: caseSeed, ...numbers };
}

/** Mostly as declared; else all float inputs and 16-bit outputs in one type. */
function drawStorage(kernel: IrKernel, random: Random): Record<string, StorageType> {
  const choice = random.pick(['declared', 'declared', 'f32', 'f16', 'bf16'] as const);
  const isFloat = (storage: StorageType): boolean => STORAGE[storage].value === 'f32';
  if (choice === 'declared') return {};
  const changed = [
    ...kernel.tensors.filter((t) => isFloat(t.storage)),
    ...kernel.outputs.filter((o) => isFloat(o.storage) && STORAGE[o.storage].bytes === 2),
  ];
  return Object.fromEntries(changed.filter((t) => t.storage !== choice).map((t) => [t.name, choice]));
}

/** Inputs whose indices fall outside are drawn again from smaller ranges this often. */
const INPUT_TRIES = 6;

/** Runs a case on the target and on the interpreter. Throws only what is not about this case. */
export async function runCase(target: Target, c: Case): Promise<Outcome> {
  const uses = integerUses(c.kernel);
  let reason = '';
  for (let shrink = 0; shrink < INPUT_TRIES; shrink++) {
    let launch: Launch | undefined;
    try {
      launch = { ...c, inputs: inputsInRange(c, uses, shrink) };
      const outputs = roundOutputs(c.kernel, await execute(target, launch));
      const all = agreement(launch, outputs);
      const agrees = all.every((o) => o.agrees);
      if (!agrees && explainedByRounding(launch, c.seed, all))
        return {
          kind: 'discarded',
          message:
            'rounding of inputs or operations moves the definition as much, or its values leave the range of f32',
        };
      return { kind: 'compared', outputs: all, agrees };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { code, message } = error.diagnostic;
      if (code === 'E0730') throw error;
      if (code === 'E0733' && launch && (await hasMeaning(launch))) return { kind: 'broken', message };
      reason = message;
      // Limits of the target do not change with the tensors.
      if (code.startsWith('E06')) break;
    }
  }
  return { kind: 'discarded', message: reason };
}

/** Whether the interpreter accepts the tensors: an index outside is then the target's fault. */
async function hasMeaning(launch: Launch): Promise<boolean> {
  try {
    await execute('interp', launch);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** Runs that shrinking may cost. */
const SHRINK_TRIES = 60;

/** Makes sizes, then params, smaller as long as the case still fails. */
export async function shrinkCase(target: Target, first: Case, fixed: ReadonlySet<string>): Promise<Case> {
  let smallest = first;
  let left = SHRINK_TRIES;
  for (let changed = true; changed && left > 0;) {
    changed = false;
    for (const candidate of smallerCases(smallest, fixed)) {
      if (left-- <= 0) break;
      if (!failed(await runCase(target, candidate))) continue;
      smallest = candidate;
      changed = true;
      break;
    }
  }
  return smallest;
}

function* smallerCases(c: Case, fixed: ReadonlySet<string>): Generator<Case> {
  for (const group of ['sizes', 'params'] as const)
    for (const [name, value] of Object.entries(c[group])) {
      if (fixed.has(name) || !Number.isInteger(value)) continue;
      const least = group === 'sizes' ? 1 : 0;
      const candidates = new Set(
        [least, Math.floor(value / 2), value - 1].filter((n) => n >= least && n < value),
      );
      for (const next of candidates) {
        const changed = { ...c, [group]: { ...c[group], [name]: next } };
        const numbers = satisfied(c.kernel, changed.sizes, changed.params);
        if (numbers) yield { ...c, ...numbers };
      }
    }
}
