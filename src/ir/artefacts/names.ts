/** Names for what an artefact adds: tensors and outputs are seen by callers, so they are plain identifiers. */
import type { IrKernel } from '../ir.ts';
import { FreshNames } from '../passes/names.ts';

/** Every name of a kernel, also those of its outputs, so that an input never has the name of an output. */
export function namesOf(k: IrKernel): FreshNames {
  return new FreshNames([
    ...k.sizes,
    ...k.axes.map((a) => a.name),
    ...k.params.map((p) => p.name),
    ...k.tensors.map((t) => t.name),
    ...k.defs.map((d) => d.name),
    ...k.states.flatMap((s) => [s.name, s.final]),
    ...k.outputs.map((o) => o.name),
  ]);
}

/** What a caller can write for the name of something that a pass may have made. */
export const identifier = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, '_');
