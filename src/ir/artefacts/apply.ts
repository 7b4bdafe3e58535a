/**
 * The outputs of a part of a sequence, given the state that came in.
 *
 * Where every output is affine in the states, the part may run from nothing while the state is on its way: what came in
 * then adds the homogeneous recurrence, read as the outputs read it. Elsewhere the part runs again from what came in.
 */
import { op, read, rewrite, variable, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrDim, IrKernel, IrOutput, IrTensor } from '../ir.ts';
import { axisOf } from '../ir.ts';
import { classesOf } from './classes.ts';
import { isUnchanged, type Homogeneous } from './homogeneous.ts';
import { identifier, namesOf } from './names.ts';
import { prune } from './prune.ts';
import type { Segment } from './segment.ts';
import { storeAs } from './starts.ts';

export interface Apply {
  readonly kernel: IrKernel;
  /** Why the part runs again from what came in; absent where what came in only adds. */
  readonly recomputes?: string;
}

/** The sequence kernel, run on the part alone, does not give what it would give from nothing. */
function notLocal(whole: IrKernel, segment: Segment): string | undefined {
  if (segment.tails.length > 0) return 'outputs read positions before the part';
  if (segment.offsets.size > 0) return 'values depend on where the part is in the sequence';
  const inputs = new Set(whole.tensors.map((t) => t.name));
  const state = whole.states.find((s) => {
    const zero = s.init.kind === 'const' && s.init.value === 0;
    const own = segment.carried.find((c) => c.state === s.name);
    return !zero && !(own && inputs.has(own.input));
  });
  return state && `state ${identifier(state.name)} does not start from 0 or an input of its own`;
}

/** Every output with what the homogeneous recurrence adds to it; a string says which one is not affine. */
function additions(k: IrKernel, outputs: readonly IrOutput[], parts: readonly Homogeneous[]) {
  const found: { readonly output: IrOutput; readonly part: Expr }[] = [];
  for (const output of outputs) {
    const def = k.defs.find((d) => d.name === output.def)!;
    const value = read(
      def.name,
      def.indices.map((a) => variable(a)),
      def.type,
    );
    let sum: Expr | undefined;
    for (const h of parts) {
      const part = h.part(value);
      if (part === undefined) return output.name;
      if (part !== 'zero') sum = sum ? op('add', sum, part) : part;
    }
    if (sum) found.push({ output, part: sum });
  }
  return found;
}

function recompute(segment: Segment, name: string, why: string): Apply {
  const doc = `\`${segment.kernel.name}\` on a part of its sequence, from the state that came in, because ${why}.`;
  return { kernel: { ...segment.kernel, name, doc }, recomputes: why };
}

/** Reads of states that a step leaves alone are reads of what came in. */
function withoutUnchanged(parts: readonly Homogeneous[]): (e: Expr) => Expr {
  const start = new Map<string, { readonly init: Expr; readonly axisAt: number }>();
  for (const h of parts)
    for (const s of h.states)
      if (isUnchanged(h, s)) {
        start.set(s.name, { init: s.init, axisAt: s.indices.indexOf(s.axis) });
        start.set(s.final, { init: s.init, axisAt: -1 });
      }
  const columnsOf = new Map(
    parts.flatMap((h) =>
      h.states.flatMap((s) => {
        const own = s.indices.filter((a) => a !== s.axis);
        return [[s.name, own] as const, [s.final, own] as const];
      }),
    ),
  );
  return (e) =>
    rewrite(e, (x) => {
      const s = x.kind === 'read' ? start.get(x.name) : undefined;
      if (x.kind !== 'read' || !s || s.init.kind !== 'read') return x;
      const at = new Map(
        columnsOf.get(x.name)!.map((a, n) => [a, x.index.filter((_, m) => m !== s.axisAt)[n]!] as const),
      );
      const index = s.init.index.map((i) => (i.kind === 'var' ? (at.get(i.name) ?? i) : i));
      return { ...s.init, index };
    });
}

/** @param whole the kernel of which `segment` is a part */
export function applyOf(whole: IrKernel, segment: Segment, name: string): Apply {
  const k = segment.kernel;
  const classes = classesOf(k);
  const first = [...classes.maxima, ...classes.scaled, ...classes.others][0];
  if (first)
    return recompute(
      segment,
      name,
      `the step of ${identifier(first.state.name)} is not affine in the states alone`,
    );
  const why = notLocal(whole, segment);
  if (why !== undefined) return recompute(segment, name, why);

  const names = namesOf(k);
  const parts = classes.affine.map((steps) =>
    steps.build(new Map(steps.states.map((s) => [s.name, s.init])), [], 'of_in', names),
  );
  const own = k.outputs.filter((o) => whole.outputs.some((x) => x.name === o.name));
  const found = additions(k, own, parts);
  if (typeof found === 'string')
    return recompute(segment, name, `output ${found} is not affine in the states`);
  if (found.length === 0) return recompute(segment, name, 'no output depends on the states');

  const shortcut = withoutUnchanged(parts);
  const tensors: IrTensor[] = [...k.tensors];
  const defs: IrDef[] = [...k.defs, ...parts.flatMap((h) => h.defs)].map((d) => ({
    ...d,
    value: shortcut(d.value),
  }));
  const outputs: IrOutput[] = [];
  for (const { output, part } of found) {
    const local = names.fresh(`${output.name}_local`);
    const dims = output.indices.map((axis): IrDim => ({ axis, extent: axisOf(k, axis)!.extent }));
    tensors.push({ name: local, storage: output.storage, dims, optional: false });
    const value = read(
      local,
      output.indices.map((a) => variable(a)),
      part.type,
    );
    const stored = storeAs(
      output.name,
      { indices: output.indices, value: op('add', value, shortcut(part)) },
      names,
    );
    defs.push(stored.def);
    outputs.push({ ...stored.output, storage: output.storage });
  }
  const kernel = prune({
    ...k,
    name,
    doc: `Adds to the outputs of \`${whole.name}\`, run on a part from nothing, what the state that came in gives.`,
    tensors,
    states: parts.flatMap((h) => h.states),
    defs,
    outputs,
  });
  return { kernel };
}
