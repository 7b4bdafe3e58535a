/**
 * Kernels that are equal but for names become one kernel with several launches, each on its own tensors: rounds that are
 * written out, statistics of several maps. A driver compiles it once, and a person reads it once.
 *
 * Equal means: the same statements, numbers, sizes and params, and a one-to-one relation between what both declare. Sizes and
 * params keep their names, so that kernels which differ in one are different. What callers get and what launches pass on to
 * each other are never one buffer, because targets may store them otherwise: infinities are for callers only.
 */
import type { Kernel, Launch, Program } from '../kernel.ts';
import { boundNames, launchesOf } from '../launches.ts';
import { declaredNames, renameKernel } from '../rename.ts';
import { visitStmts } from '../walk.ts';

/** A kernel and its buffers, in an order that does not depend on their names. */
interface Known {
  readonly kernel: Kernel;
  readonly buffers: readonly string[];
}

export function shareKernels(p: Program): Program {
  const launches = launchesOf(p);
  const outside = new Map<string, string>();
  for (const [role, tensors] of [
    ['out', p.outputs],
    ['in', [...p.inputs, ...p.workspace]],
  ] as const)
    for (const t of tensors) outside.set(t.name, `${role} ${t.storage}`);
  const outlines = launches.map((l) => outline(l.kernel));
  const known = new Map<string, Known>();
  const shared = launches.map(({ name, kernel, tensor }, at): Launch => {
    const alone = outlines.every((x, n) => n === at || x !== outlines[at]);
    const { buffers, text } = alone
      ? { buffers: boundNames(kernel), text: kernel.name }
      : withoutNames(kernel, (b) => outside.get(tensor(b)));
    const as = known.get(text) ?? { kernel, buffers };
    known.set(text, as);
    const tensors = new Map(as.buffers.map((b, n) => [b, tensor(buffers[n]!)]));
    const inOrder = boundNames(as.kernel).map((b) => [b, tensors.get(b)!] as const);
    return { name, kernel: as.kernel.name, tensors: Object.fromEntries(inOrder) };
  });
  if (known.size === p.kernels.length) return p;
  const kernels = [...known.values()].map(({ kernel }) => explained(kernel, shared));
  return { ...p, kernels, launches: shared };
}

/** Kernels that differ in it are not equal: most are told apart without a text of all they say. */
function outline(k: Kernel): string {
  let statements = 0;
  visitStmts(k.body, () => statements++);
  return [statements, k.lanes, k.buffers.map((b) => b.storage).sort(), k.shared.map((s) => s.length)].join();
}

/**
 * Everything that a kernel says, with numbers in the place of names, in the order in which its body mentions them.
 * @param outside what else must be equal of the tensor that a buffer stands for
 */
function withoutNames(k: Kernel, outside: (buffer: string) => string | undefined) {
  const declared = declaredNames(k.body);
  for (const n of [...boundNames(k), ...[...k.shared, ...(k.maps ?? [])].map((x) => x.name)]) declared.add(n);
  const numbers = new Map<string, number>();
  const number = (name: string): number => {
    const n = numbers.get(name) ?? numbers.size;
    numbers.set(name, n);
    return n;
  };
  const renamed = renameKernel(k, (name) => (declared.has(name) ? `$${number(name)}` : name));
  const buffers = [...boundNames(k)].sort((a, b) => number(a) - number(b));
  const { name: _, doc: __, buffers: given, ...said } = renamed;
  const text = JSON.stringify(
    [said, buffers.map((b) => [given.find((x) => x.name === `$${number(b)}`), outside(b)])],
    exactly,
  );
  return { buffers, text };
}

/** Places in the source say nothing of what is computed; JSON has no infinities and one zero. */
function exactly(key: string, value: unknown): unknown {
  if (key === 'span') return undefined;
  if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The kernel with a text for people that says what it is launched on. */
function explained(k: Kernel, launches: readonly Launch[]): Kernel {
  const own = launches.filter((l) => l.kernel === k.name);
  if (own.length === 1) return k;
  const lines = own.map(({ name, tensors }) => {
    const others = Object.entries(tensors).filter(([buffer, tensor]) => buffer !== tensor);
    const text = others.map(([buffer, tensor]) => `${tensor} for ${buffer}`).join(', ');
    return `  ${name}${text === '' ? '' : `: ${text}`}`;
  });
  return { ...k, doc: [...(k.doc ? [k.doc] : []), `Launched ${own.length} times:`, ...lines].join('\n') };
}
