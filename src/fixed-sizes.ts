/** Which sizes become constants of the compiled kernel. */
import type { IrKernel } from './ir/ir.ts';
import { requiredSizes } from './compile.ts';

type Sizes = Readonly<Record<string, number>>;

/** What a head usually has; taken where a size must be known and nobody said it. */
const USUAL_SIZE = 64;

/** For a launch: what was asked for, and what must be known, as it is in this launch. */
export function fixedFor(kernel: IrKernel, set: Sizes, sizes: Sizes): Record<string, number> {
  return { ...Object.fromEntries(requiredSizes(kernel).map((name) => [name, sizes[name]!])), ...set };
}

/** Without a launch: what was asked for, and the usual size where one must be known. */
export function fixedOrUsual(
  kernel: IrKernel,
  set: Sizes,
): { readonly set: Sizes; readonly assumed: readonly string[] } {
  const assumed = requiredSizes(kernel).filter((name) => set[name] === undefined);
  return { set: { ...Object.fromEntries(assumed.map((name) => [name, USUAL_SIZE])), ...set }, assumed };
}

/** Tells about assumed sizes; undefined when there are none. */
export function assumedNote(kernel: IrKernel, assumed: readonly string[]): string | undefined {
  if (assumed.length === 0) return undefined;
  const pairs = assumed.map((name) => `${name}=${USUAL_SIZE}`);
  return `${kernel.name} is compiled for ${pairs.join(', ')}; choose with --set ${pairs[0]}`;
}
