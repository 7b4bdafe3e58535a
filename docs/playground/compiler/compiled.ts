/** What the last texts were compiled to: views of one kernel share the work. */
import {
  compileVariant,
  irOf,
  sizesToFix,
  type CompiledSpec,
  type Spec,
  type Variant,
} from '../../../src/cli/pipeline.ts';
import type { IrKernel } from '../../../src/ir/ir.ts';
import type { Numbers, Subject } from '../protocol.ts';

/** Remembers what was made for the last few keys. */
class Recent<T> {
  private readonly known = new Map<string, T>();
  constructor(private readonly most: number) {}

  of(key: string, make: () => T): T {
    const found = this.known.has(key) ? this.known.get(key)! : make();
    this.known.delete(key);
    this.known.set(key, found);
    if (this.known.size > this.most) this.known.delete(this.known.keys().next().value!);
    return found;
  }
}

const specs = new Recent<Spec>(2);
const kernels = new Recent<IrKernel>(4);
const compilations = new Recent<Promise<CompiledSpec>>(4);

/** The text in the editor has no folder, so that it imports nothing but the library. */
export const specOf = (text: string): Spec =>
  specs.of(text, () => ({ path: 'playground.attn', text, load: () => undefined }));

export const variantOf = (kernel: string, set: Numbers = {}): Variant => ({
  kernel,
  set,
  consts: {},
  absent: new Set(),
  storage: {},
});

/** @throws UserError where the text has errors */
export const kernelOf = (text: string, kernel: string): IrKernel =>
  kernels.of(`${kernel}\n${text}`, () => irOf(specOf(text), variantOf(kernel)));

/** Sizes that must be constants, as they were chosen. */
export function fixedOf({ text, kernel, sizes }: Subject): Numbers {
  const known = sizesToFix(kernelOf(text, kernel));
  return Object.fromEntries(known.flatMap((name) => (name in sizes ? [[name, sizes[name]!]] : [])));
}

export function compiledFor(s: Subject): Promise<CompiledSpec> {
  const fixed = fixedOf(s);
  return compilations.of(JSON.stringify([s.text, s.kernel, s.target, fixed]), () =>
    compileVariant(kernelOf(s.text, s.kernel), fixed, s.target, {}),
  );
}
