/** Launches of a program: which kernel runs when, and on which tensors. */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import type { Kernel, Launch, Program } from './kernel.ts';

/** Buffers of a kernel, and tensors that only its maps name. */
export const boundNames = (k: Kernel): readonly string[] => [
  ...new Set([...k.buffers.map((b) => b.name), ...(k.maps ?? []).map((m) => m.tensor)]),
];

/** A launch of its own for a kernel, on the tensors that its buffers are called like. */
export const ownLaunch = (k: Kernel): Launch => ({
  name: k.name,
  kernel: k.name,
  tensors: Object.fromEntries(boundNames(k).map((n) => [n, n])),
});

/** A launch with its kernel at hand. */
export interface LaunchOf {
  readonly name: string;
  readonly kernel: Kernel;
  /** The tensor that a buffer of the kernel stands for. */
  readonly tensor: (buffer: string) => string;
}

/** All launches in order. */
export function launchesOf(p: Program): readonly LaunchOf[] {
  const kernels = new Map(p.kernels.map((k) => [k.name, k]));
  return (p.launches ?? p.kernels.map(ownLaunch)).map(({ name, kernel, tensors }) => {
    const found = kernels.get(kernel);
    if (!found) throw new CompilerBug('kernel', `launch ${name} is of ${kernel}, which is no kernel`);
    const tensor = (buffer: string): string => {
      if (!Object.hasOwn(tensors, buffer))
        throw new CompilerBug('kernel', `launch ${name} says nothing of buffer ${buffer}`);
      return tensors[buffer]!;
    };
    return { name, kernel: found, tensor };
  });
}

/** `3 launches of 2 kernels`; kernels are only counted where they are fewer. */
export function countedLaunches(launches: number, kernels: number): string {
  const of = launches === kernels ? '' : ` of ${kernels} kernel${kernels === 1 ? '' : 's'}`;
  return `${launches} launch${launches === 1 ? '' : 'es'}${of}`;
}

/** Why launches cannot be, or undefined. */
export function launchError(p: Program): string | undefined {
  const tensors = new Map([...p.inputs, ...p.outputs, ...p.workspace].map((t) => [t.name, t.storage]));
  const seen = new Set<string>();
  const launched = new Set<Kernel>();
  for (const { name, kernel, tensor } of launchesOf(p)) {
    if (seen.has(name)) return `two launches are called ${name}`;
    seen.add(name);
    launched.add(kernel);
    const users = new Map<string, string>();
    for (const buffer of boundNames(kernel)) {
      const bound = tensor(buffer);
      const other = users.get(bound);
      // What a kernel writes must not be what it reads; and where it only reads, it was planned for different tensors.
      if (other !== undefined) return `launch ${name}: ${other} and ${buffer} both stand for ${bound}`;
      users.set(bound, buffer);
      const storage = tensors.get(bound);
      if (storage === undefined) return `launch ${name}: buffer ${bound} is not a tensor of the program`;
      const wanted = kernel.buffers.find((b) => b.name === buffer)?.storage ?? tensors.get(buffer);
      if (storage !== wanted)
        return `launch ${name}: buffer ${buffer} is ${wanted}, tensor ${bound} ${storage}`;
    }
  }
  const idle = p.kernels.find((k) => !launched.has(k));
  return idle && `kernel ${idle.name} is never launched`;
}
