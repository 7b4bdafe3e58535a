/** Every kernel of every example, and the launches that all executors are given. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  irOf,
  openSpec,
  sizesToFix,
  type Features,
  type Spec,
  type Variant,
} from '../../src/cli/pipeline.ts';
import { Sources } from '../../src/cli/sources.ts';
import { interpret, type Launch, type Output } from '../../src/cli/targets.ts';
import { drawInputs } from '../../src/cli/verify/draw-inputs.ts';
import { drawNumbers, type Numbers } from '../../src/cli/verify/draw-numbers.ts';
import { integerUses } from '../../src/cli/verify/integer-uses.ts';
import { stateFactors, tempered } from '../../src/cli/verify/state-factors.ts';
import { STORAGE, type StorageType } from '../../src/expr/types.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { deriveSeed, randomFrom } from '../../src/runtime/random.ts';
import { elementCount, isFloat, tensorFrom, type Tensor } from '../../src/runtime/tensor.ts';
import { shared } from './shared.ts';

export interface Example {
  /** File and kernel, for people. */
  readonly title: string;
  readonly spec: Spec;
  readonly kernel: string;
}
export type FloatStorage = 'f32' | 'f16' | 'bf16';

interface SizeSet {
  readonly name: string;
  /** By the names that examples give their axes' extents; sizes with other names are drawn. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Integer params are zero: windows without a key, so that whole rows are masked. */
  readonly zeroParams?: true;
  /** Float inputs are drawn in many ways: wide, sparse, equal; else they are normal. */
  readonly mixed?: true;
  /** Optional inputs are left out. */
  readonly withoutOptional?: true;
}

/** Single elements, primes below every tile, one tile and a few more, and rows that keep nothing. */
const SETS = [
  { name: 'ones', sizes: { B: 1, H: 1, G: 1, N: 1, M: 1, D: 2, F: 1 }, mixed: true },
  { name: 'primes', sizes: { B: 2, H: 3, G: 1, N: 13, M: 31, D: 6, F: 5 } },
  { name: 'past a tile', sizes: { B: 1, H: 1, G: 1, N: 67, M: 67, Y: 9, X: 8, D: 8, F: 4 } },
  {
    name: 'masked rows',
    sizes: { B: 1, H: 2, G: 2, N: 19, M: 17, D: 4, F: 7 },
    mixed: true,
    zeroParams: true,
    withoutOptional: true,
  },
] as const satisfies readonly SizeSet[];

export type SetName = (typeof SETS)[number]['name'];
export const ALL_SETS: readonly SetName[] = SETS.map((set) => set.name);

const folder = fileURLToPath(new URL('../../examples', import.meta.url));
const holdsFloats = (storage: StorageType): boolean => STORAGE[storage].value === 'f32';

let found: readonly Example[] | undefined;

/**
 * In the order of file names; ATTNC_RUN_ONLY, a regular expression over titles, leaves the others out. Files are only parsed
 * here: what a process does not run it need not check.
 */
export function examples(): readonly Example[] {
  const sources = new Sources();
  const only = new RegExp(process.env['ATTNC_RUN_ONLY'] ?? '');
  return (found ??= readdirSync(folder)
    .filter((file) => file.endsWith('.attn'))
    .sort()
    .flatMap((file) => {
      const spec = openSpec(sources, join(folder, file));
      const { kernels } = parseSource(spec.text, spec.path).file;
      return kernels.map(({ name }) => ({ title: `${file}: ${name.text}`, spec, kernel: name.text }));
    })
    .filter(({ title }) => only.test(title)));
}

/** The variant with all float inputs, and all outputs of 16 bits, in one storage. */
function variantIn(example: Example, storage: FloatStorage, absent: ReadonlySet<string>): Variant {
  const variant: Variant = { kernel: example.kernel, set: {}, consts: {}, absent, storage: {} };
  const declared = irOf(example.spec, variant);
  const changed = [
    ...declared.tensors.filter((t) => holdsFloats(t.storage)),
    ...declared.outputs.filter((o) => holdsFloats(o.storage) && STORAGE[o.storage].bytes === 2),
  ];
  return { ...variant, storage: Object.fromEntries(changed.map((t) => [t.name, storage])) };
}

/** Evaluated expression nodes of one launch: the interpreters of kernels are slow. */
const MOST_WORK = 5_000_000;

/** Sizes that lanes hold vectors over stay the same in all sets, so that one compiled kernel runs them all. */
const VECTOR_SIZES = [16, 8, 32, 4, 2, 1];

/** Long axes get shorter until the interpreters can afford the launch. */
const LONGEST = [Infinity, 65, 37, 19, 5];

/** Requirements that are there only so that every row keeps a key: executors must be right without them. */
const KEEPING_ROWS = /^(?:N <= M|width >= 1|window >= 1 && N <= M \|\| sinks >= 1)$/;

function numbersFor(declared: IrKernel, set: SizeSet, seed: number): Numbers {
  const requires = declared.requires.filter((r) => !set.zeroParams || !KEEPING_ROWS.test(r.text));
  const kernel = { ...declared, requires };
  const toFix = sizesToFix(kernel);
  const zeros = kernel.params
    .filter((p) => set.zeroParams && p.type === 'i32')
    .map((p) => [p.name, 0] as const);
  for (const vector of VECTOR_SIZES)
    for (const params of set.zeroParams ? [zeros, []] : [[]])
      for (const longest of LONGEST) {
        const wanted = Object.entries(set.sizes).map(([name, n]) => [name, Math.min(n, longest)] as const);
        const vectors = toFix.map((name) => [name, vector] as const);
        const fixed = new Map([...wanted, ...vectors]);
        const numbers = drawNumbers(kernel, randomFrom(seed), fixed, new Map(params), MOST_WORK);
        if (numbers) return numbers;
      }
  throw new Error(`no sizes satisfy ${kernel.name} (${set.name})`);
}

type Temper = (name: string, x: number) => number;

/** Floats of the standard normal distribution: equal or sparse values could hide a key too many. */
function normal(tensor: Tensor, seed: number, name: string, temper: Temper): Tensor {
  if (!isFloat(tensor.dtype)) return tensor;
  const random = randomFrom(deriveSeed(seed, name));
  const values = Float64Array.from({ length: elementCount(tensor.shape) }, () =>
    temper(name, random.normal()),
  );
  return tensorFrom(tensor.dtype, tensor.shape, values, name);
}

/** Sums of positive features that a recurrence starts from: with both signs, a denominator could be nearly 0. */
const SUMS_BEFORE = /^[zn]0$/;
/** Results beyond this come of states that grow with every step; what multiplies them is then made smaller. */
const LARGE = 2 ** 24;
const CALM_TRIES = 6;

type Exact = ReadonlyMap<string, Output>;

/** Inputs, made smaller `calm` times; without a number, as often as the results ask for. */
function inputsOf(
  kernel: IrKernel,
  numbers: Numbers,
  seed: number,
  set: SizeSet,
  calmed?: number,
): { readonly inputs: ReadonlyMap<string, Tensor>; readonly calm: number; readonly exact?: Exact } {
  const factors = stateFactors(kernel);
  for (let calm = calmed ?? 0; ; calm++) {
    const temper: Temper = (name, x) => {
      const factor = factors.get(name);
      return factor ? tempered(factor, x, calm) : SUMS_BEFORE.test(name) ? Math.abs(x) : x;
    };
    const drawn = drawInputs(kernel, integerUses(kernel), numbers.sizes, seed, 0, temper);
    const inputs = set.mixed
      ? drawn
      : new Map([...drawn].map(([input, t]) => [input, normal(t, seed, input, temper)]));
    if (factors.size === 0 || calmed !== undefined) return { inputs, calm };
    const { outputs: exact } = interpret({ kernel, inputs, ...numbers });
    const isLarge = (x: number): boolean => Math.abs(x) >= LARGE && x !== -Infinity;
    if (calm === CALM_TRIES || ![...exact.values()].some((o) => o.values.some(isLarge)))
      return { inputs, calm, exact };
  }
}

/** A launch of the run matrix. */
export interface ExampleLaunch extends Launch {
  /** What the interpreter gives. */
  readonly exact: () => Exact;
}

/** The launch of one set. The same arguments give the same tensors. */
export function launchOf(
  example: Example,
  storage: FloatStorage,
  name: SetName,
  features: Features = {},
): ExampleLaunch {
  const set: SizeSet = SETS.find((s) => s.name === name)!;
  const full = irOf(example.spec, variantIn(example, storage, new Set()));
  const optional = set.withoutOptional ? full.tensors.filter((t) => t.optional).map((t) => t.name) : [];
  const variant = variantIn(example, storage, new Set(optional));
  const kernel = irOf(example.spec, variant);
  const title = `${example.title}/${name}`;
  const seed = deriveSeed(17, title);
  const decided = shared(`${title}/${storage}`, () => {
    const numbers = numbersFor(kernel, set, seed);
    const { calm, exact } = inputsOf(kernel, numbers, seed, set);
    return { numbers, calm, exact };
  });
  const { numbers, calm } = decided;
  const { inputs } = inputsOf(kernel, numbers, seed, set, calm);
  const exact = (): Exact =>
    decided.exact ??
    shared(`${title}/${storage}/exact`, () => interpret({ kernel, inputs, ...numbers }).outputs);
  return { spec: example.spec, variant, features, kernel, inputs, ...numbers, exact };
}

/** The kernel as declared, and usual sizes for what must be known. */
export function declaredKernel({ spec, kernel }: Example): {
  readonly ir: IrKernel;
  readonly set: Readonly<Record<string, number>>;
} {
  const ir = irOf(spec, { kernel, set: {}, consts: {}, absent: new Set(), storage: {} });
  return { ir, set: Object.fromEntries(sizesToFix(ir).map((name) => [name, 64])) };
}

/**
 * One in n of a list, for combinations that are too slow to try on everything; `which` of the n parts. Titles decide, so
 * that one more example does not change what is tried on the others.
 */
export const everyNth = <T extends { readonly title: string }>(
  list: readonly T[],
  n: number,
  which = 0,
): readonly T[] => list.filter(({ title }) => hashOf(title) % n === which);

/** FNV-1a. */
export const hashOf = (text: string): number =>
  [...text].reduce((h, c) => Math.imul(h ^ c.codePointAt(0)!, 16777619) >>> 0, 2166136261) >>> 8;
