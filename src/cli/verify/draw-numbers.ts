/** Random sizes and params that satisfy a kernel's requirements and keep the interpreter's work small. */
import { UserError } from '../../diagnostics/diagnostic.ts';
import { evalConst } from '../../expr/evaluate.ts';
import { hasReduction, type Expr } from '../../expr/expr.ts';
import type { IrKernel, IrParam } from '../../ir/ir.ts';
import { axisExtents, checkExtents, checkRequires, paramValues, requirementsHold } from '../../ir/sizes.ts';
import type { Random } from '../../runtime/random.ts';

export interface Numbers {
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
}

/** One, primes, tile sizes and their neighbours: where bounds go wrong. */
const SIZES = [
  1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 67, 96, 97, 127, 128, 129, 131, 192, 257,
];
const INTEGERS = [-1, 0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65, 100];
/** Evaluated expression nodes that one case may cost the interpreter: a few hundred milliseconds. */
export const USUAL_WORK = 12_000_000;
const TRIES = 4000;

/** Undefined when no try satisfied all requirements. */
export function drawNumbers(
  kernel: IrKernel,
  random: Random,
  fixedSizes: ReadonlyMap<string, number>,
  fixedParams: ReadonlyMap<string, number>,
  mostWork = USUAL_WORK,
): Numbers | undefined {
  for (let n = 0; n < TRIES; n++) {
    // Large sizes seldom fit together: look among ever smaller ones.
    const choices = SIZES.slice(
      0,
      random.int(Math.max(1, Math.round(SIZES.length * (1 - n / TRIES)) - 8), SIZES.length),
    );
    const sizes: Record<string, number> = {};
    for (const name of kernel.sizes) sizes[name] = fixedSizes.get(name) ?? random.pick(choices);
    const numbers = satisfied(kernel, sizes, drawParams(kernel, random, sizes, fixedParams), mostWork);
    if (numbers) return numbers;
  }
  return undefined;
}

/** The numbers when they meet every requirement and are cheap enough. */
export function satisfied(
  kernel: IrKernel,
  sizes: Readonly<Record<string, number>>,
  given: Readonly<Record<string, number>>,
  mostWork = USUAL_WORK,
): Numbers | undefined {
  // Most tries fail here, and a message for each of them would cost more than everything else.
  if (!requirementsHold(kernel, { ...sizes, ...given }) || work(kernel, sizes) > mostWork) return undefined;
  try {
    checkExtents(kernel, sizes);
    const params = paramValues(kernel, sizes, given);
    checkRequires(kernel, sizes, params);
    return { sizes, params };
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function drawParams(
  kernel: IrKernel,
  random: Random,
  sizes: Readonly<Record<string, number>>,
  fixed: ReadonlyMap<string, number>,
): Record<string, number> {
  const out: Record<string, number> = {};
  const known = new Map(Object.entries(sizes));
  for (const param of kernel.params) {
    const usual = param.default && evalConst(param.default, known);
    const value =
      fixed.get(param.name) ??
      (usual !== undefined && random.next() < 0.4 ? usual : drawParam(param, usual, random));
    known.set(param.name, value);
    out[param.name] = value;
  }
  return out;
}

function drawParam({ type }: IrParam, usual: number | undefined, random: Random): number {
  switch (type) {
    case 'bool':
      return random.int(0, 1);
    case 'u32':
      return random.pick(INTEGERS.slice(1));
    case 'i32':
      return random.pick(INTEGERS);
    case 'f32':
      return Math.fround((usual || 1) * (0.25 + 1.5 * random.next()));
  }
}

type Extents = ReadonlyMap<string, number>;
type Work = (extents: Extents) => number;
const counted = new WeakMap<IrKernel, Work>();

/** Expression nodes that the interpreter evaluates at most. */
export function work(kernel: IrKernel, sizes: Readonly<Record<string, number>>): number {
  const extents = axisExtents(kernel, new Map(Object.entries(sizes)));
  const count = counted.get(kernel) ?? sumOf(kernel.defs.map((d) => over(d.indices, workOf(d.value))));
  counted.set(kernel, count);
  return count(extents);
}

const over =
  (axes: readonly string[], inner: Work): Work =>
  (extents) =>
    axes.reduce((n, axis) => n * (extents.get(axis) ?? 1), inner(extents));
const sumOf =
  (parts: readonly Work[]): Work =>
  (extents) =>
    parts.reduce((sum, part) => sum + part(extents), 0);

/** A number where no reduction makes it depend on extents: it is asked for thousands of sizes. */
function workOf(e: Expr): Work {
  switch (e.kind) {
    case 'const':
    case 'var':
      return () => 1;
    case 'op':
    case 'read': {
      const parts = e.kind === 'op' ? e.args : e.index;
      const own = parts.filter((part) => !hasReduction(part));
      const fixed = own.reduce((sum, part) => sum + workOf(part)(NO_EXTENTS), 1);
      const rest = parts.filter(hasReduction).map(workOf);
      return rest.length === 0 ? () => fixed : sumOf([() => fixed, ...rest]);
    }
    case 'reduce':
      return over(e.axes, sumOf([e.body, ...(e.where ? [e.where] : [])].map(workOf)));
  }
}
const NO_EXTENTS: Extents = new Map();
