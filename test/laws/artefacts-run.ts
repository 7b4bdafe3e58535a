/** Runs the artefacts of a kernel on parts of a sequence, by the interpreter, as a caller would put them together. */
import { evalConst } from '../../src/expr/evaluate.ts';
import { artefactOf, type Artefact } from '../../src/ir/artefacts/artefact.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { axisOf, type IrKernel, type IrTensor } from '../../src/ir/ir.ts';
import { inferSizes } from '../../src/ir/sizes.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { seededRandom } from '../support/mutate.ts';
import { filled, type ArtefactCase, type Tensor } from './artefacts-case.ts';

export type Tensors = Readonly<Record<string, Tensor>>;
export type Edit = (k: IrKernel, artefact: Artefact) => IrKernel;

const SIZES: Readonly<Record<string, number>> = { D: 3, E: 2, tail: 4 };

export function drawInputs(k: IrKernel, c: ArtefactCase): Tensors {
  const random = seededRandom(c.seed);
  const sizes = new Map(Object.entries({ ...SIZES, N: c.length }));
  return Object.fromEntries(
    k.tensors.map((t) => {
      const shape = t.dims.map((d) => evalConst(d.extent, sizes));
      const data = filled(shape, 0).data.map(() => 2 * random() - 1);
      return [t.name, { shape, data }];
    }),
  );
}

/** Positions `from` to `to` of what has positions; those before the sequence are 0. */
export function slice(t: Tensor, at: number, from: number, to: number): Tensor {
  const inner = t.shape.slice(at + 1).reduce((a, b) => a * b, 1);
  const outer = t.shape.slice(0, at).reduce((a, b) => a * b, 1);
  const length = t.shape[at]!;
  const shape = t.shape.map((n, k) => (k === at ? to - from : n));
  const out = filled(shape, 0);
  for (let o = 0; o < outer; o++)
    for (let p = Math.max(from, 0); p < Math.min(to, length); p++)
      for (let n = 0; n < inner; n++)
        out.data[(o * (to - from) + p - from) * inner + n] = t.data[(o * length + p) * inner + n]!;
  return out;
}

const timeAt = (t: IrTensor): number => t.dims.findIndex((d) => d.axis === 't');

/** Of a tail, whose positions come first. */
const lengthOf = (k: IrKernel, t: IrTensor): number => {
  const { extent } = axisOf(k, t.dims[0]!.axis!)!;
  return evalConst(extent, new Map(Object.entries(SIZES)));
};

/** The kernel of one artefact, as a planted fault leaves it. */
export function made(k: IrKernel, artefact: Artefact, edit: Edit = (x) => x): IrKernel {
  const kernel = artefactOf(k, artefact);
  verifyIr(kernel, artefact);
  return edit(kernel, artefact);
}

/** Gives a kernel the tensors that it asks for; parts of a sequence are positions `from` to `to`. */
export function run(k: IrKernel, whole: Tensors, given: Tensors, from: number, to: number): Tensors {
  const inputs = Object.fromEntries(
    k.tensors.map((t): [string, Tensor] => {
      const known = given[t.name];
      if (known) return [t.name, known];
      const tail = /^(.*)_tail$/.exec(t.name)?.[1];
      if (tail !== undefined) return [t.name, slice(whole[tail]!, 0, from - lengthOf(k, t), from)];
      const at = timeAt(t);
      const all = whole[t.name];
      if (!all) throw new Error(`nobody gives ${t.name}`);
      return [t.name, at < 0 ? all : slice(all, at, from, to)];
    }),
  );
  const shapes = Object.fromEntries(Object.entries(inputs).map(([n, t]) => [n, t.shape]));
  const known = Object.entries({ ...SIZES, N: to - from }).filter(([n]) => k.sizes.includes(n));
  const sizes = inferSizes(k, shapes, Object.fromEntries(known));
  const params = k.params.some((p) => p.name === 't0') ? { t0: from } : {};
  return interpretKernel(k, inputs, sizes, params);
}

/** What came in of every state is what the part before gave, and so on for tails. */
export const renamed = (t: Tensors, to: (name: string) => string): Tensors =>
  Object.fromEntries(Object.entries(t).map(([name, x]) => [to(name), x]));
