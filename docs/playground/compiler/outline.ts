/** The numbers of a kernel that can be chosen, and values to begin with: what its conditions allow, and quick to interpret. */
import { drawNumbers, satisfied, USUAL_WORK, work } from '../../../src/cli/verify/draw-numbers.ts';
import { sizesToFix } from '../../../src/cli/pipeline.ts';
import { evalConst } from '../../../src/expr/evaluate.ts';
import { freeVars } from '../../../src/expr/expr.ts';
import { printExpr } from '../../../src/expr/print.ts';
import type { IrKernel, IrParam } from '../../../src/ir/ir.ts';
import { randomFrom } from '../../../src/runtime/random.ts';
import { positionSizes } from '../../../src/server/lowering.ts';
import type { Numbers, Outline } from '../protocol.ts';
import { compiledFor, kernelOf } from './compiled.ts';

/** Positions, vectors and members of batches, from what shows most to what fits most conditions. */
const LENGTHS = [256, 192, 128, 96, 64, 48, 32, 16, 8, 4];
const VECTORS = [32, 64, 16, 8, 4, 2, 1];
const MEMBERS = [2, 1, 4];
const INTEGERS = [16, 4, 2, 1, 0];
/** Evaluated expression nodes of a first run, on a GPU and lane by lane. */
const WORK_ON_GPU = 4 * USUAL_WORK;
const WORK_BY_LANES = USUAL_WORK / 12;
const DRAWS = 8;

export async function outlineOf(text: string, kernel: string, gpu: boolean): Promise<Outline> {
  const ir = kernelOf(text, kernel);
  const fixed = new Set(sizesToFix(ir));
  const { sizes, params } = await startOf(text, ir, [...fixed], gpu ? WORK_ON_GPU : WORK_BY_LANES);
  return {
    ...(ir.doc === undefined ? {} : { doc: ir.doc }),
    sizes: ir.sizes.map((name) => ({ name, value: sizes[name]!, fixed: fixed.has(name) })),
    params: ir.params.map(({ name, type }) => ({ name, type, value: params[name]!, fixed: false })),
    inputs: ir.tensors.map((t) => ({
      name: t.name,
      declared: `${t.storage}[${t.dims.map((d) => d.axis ?? printExpr(d.extent)).join(', ')}]`,
    })),
  };
}

async function startOf(
  text: string,
  ir: IrKernel,
  fixed: readonly string[],
  mostWork: number,
): Promise<{ readonly sizes: Numbers; readonly params: Numbers }> {
  const positions = new Set(await positionsOf(text, ir, fixed));
  for (const length of LENGTHS)
    for (const vector of VECTORS)
      for (const members of MEMBERS) {
        const value = (name: string): number =>
          fixed.includes(name) ? vector : positions.has(name) ? length : members;
        const sizes = Object.fromEntries(ir.sizes.map((name) => [name, value(name)]));
        for (const params of paramsFor(ir, sizes)) {
          const found = satisfied(ir, sizes, params, mostWork);
          if (found) return found;
        }
      }
  return drawn(ir, mostWork);
}

/**
 * Params to try, best first. A window or count that is longer than all there is would show nothing; params without a default
 * get a number that means something for windows, counts and factors.
 */
function paramsFor(ir: IrKernel, sizes: Numbers): Numbers[] {
  const known = new Map(Object.entries(sizes));
  const longest = Math.max(1, ...known.values());
  const usual = (p: IrParam): number | undefined => {
    if (!p.default || ![...freeVars(p.default)].every((name) => known.has(name))) return undefined;
    return evalConst(p.default, known);
  };
  const shortened = ir.params.flatMap((p): [string, number][] => {
    const value = usual(p);
    const isLong = p.type !== 'f32' && value !== undefined && value >= longest;
    return isLong ? [[p.name, Math.max(1, longest >> 2)]] : [];
  });
  const without = ir.params.filter((p) => !p.default);
  const guesses = INTEGERS.map((integer) =>
    Object.fromEntries(without.map((p) => [p.name, p.type === 'f32' || p.type === 'bool' ? 1 : integer])),
  );
  const tried = without.length > 0 ? guesses : [{}];
  const short = shortened.length > 0 ? tried.map((g) => ({ ...g, ...Object.fromEntries(shortened) })) : [];
  return [...short, ...tried];
}

/** Sizes along which there are rows or a stream; which ones is known once the kernel is compiled. */
async function positionsOf(text: string, ir: IrKernel, fixed: readonly string[]): Promise<readonly string[]> {
  for (const vector of VECTORS) {
    const sizes = Object.fromEntries(fixed.map((name) => [name, vector]));
    try {
      const { lowered } = await compiledFor({ text, kernel: ir.name, target: 'wgsl', sizes, params: {} });
      return positionSizes(lowered.tile);
    } catch {
      // Another vector size may fit; if none does, every view says why.
      if (fixed.length === 0) break;
    }
  }
  return [];
}

/** The largest of some random choices. */
function drawn(ir: IrKernel, mostWork: number): { readonly sizes: Numbers; readonly params: Numbers } {
  const none = new Map<string, number>();
  const found = Array.from({ length: DRAWS }, (_, seed) =>
    drawNumbers(ir, randomFrom(seed), none, none, mostWork),
  ).filter((x) => x !== undefined);
  const [largest] = found.sort((a, b) => work(ir, b.sizes) - work(ir, a.sizes));
  return (
    largest ?? {
      sizes: Object.fromEntries(ir.sizes.map((name) => [name, 1])),
      params: Object.fromEntries(ir.params.map(({ name }) => [name, 1])),
    }
  );
}
