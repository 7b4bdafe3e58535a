/** States that start from an input and end in an output: what one part of a sequence hands to the next. */
import { read, readNames, variable, type Expr } from '../../expr/expr.ts';
import type { IrDef, IrKernel, IrOutput, IrState, IrTensor } from '../ir.ts';
import type { FreshNames } from '../passes/names.ts';
import { identifier } from './names.ts';
import { axisOf } from '../ir.ts';

export interface Carried {
  readonly state: string;
  readonly input: string;
  readonly output: string;
  /** What it is before the first position, where that is no input of its own. */
  readonly start?: Expr;
}

/** A state's indices without the axis that it is carried along. */
export const columns = (s: IrState): string[] => s.indices.filter((a) => a !== s.axis);

/** The input that is the initial value and nothing else. */
function ownInput(k: IrKernel, s: IrState): IrTensor | undefined {
  const { init } = s;
  const tensor = init.kind === 'read' ? k.tensors.find((t) => t.name === init.name) : undefined;
  if (init.kind !== 'read' || !tensor) return undefined;
  const names = init.index.map((x) => (x.kind === 'var' ? x.name : ''));
  if ([...names].sort().join() !== columns(s).sort().join()) return undefined;
  const others = [...k.defs.map((d) => d.value), ...k.states.filter((x) => x !== s).map((x) => x.init)];
  return others.some((e) => readNames(e).has(tensor.name)) ? undefined : tensor;
}

/** The output that is the last value and nothing else. */
function ownOutput(k: IrKernel, s: IrState): IrOutput | undefined {
  return k.outputs.find((o) => {
    const value = k.defs.find((d) => d.name === o.def)!.value;
    if (value.kind !== 'read' || value.name !== s.final) return false;
    const names = value.index.map((x) => (x.kind === 'var' ? x.name : ''));
    return names.join() === columns(s).join() && o.indices.length === names.length;
  });
}

/** The output for a definition over `indices`. */
export function storeAs(
  name: string,
  def: Pick<IrDef, 'value'> & { readonly indices: readonly string[] },
  names: FreshNames,
): { readonly def: IrDef; readonly output: IrOutput } {
  const { indices, value } = def;
  const made: IrDef = { name: names.fresh(`${name}_value`), role: 'out', indices, type: value.type, value };
  return { def: made, output: { name, storage: value.type, def: made.name, indices } };
}

export const lastValue = (s: IrState): IrDef['value'] =>
  read(
    s.final,
    columns(s).map((a) => variable(a)),
    s.type,
  );

/** Makes every state along these axes start from an input, and its last value an output. */
export function carryStates(
  k: IrKernel,
  axes: readonly string[],
  names: FreshNames,
): { readonly kernel: IrKernel; readonly carried: readonly Carried[] } {
  let kernel = k;
  const carried: Carried[] = [];
  for (const s of k.states.filter((x) => axes.includes(x.axis))) {
    const known = ownInput(k, s);
    const input = known?.name ?? names.fresh(`${identifier(s.name)}_in`);
    const given = ownOutput(k, s);
    const output = given?.name ?? names.fresh(`${identifier(s.name)}_out`);
    carried.push({ state: s.name, input, output, ...(known ? {} : { start: s.init }) });
    const start: IrTensor = known
      ? { ...known, optional: false }
      : {
          name: input,
          storage: s.type,
          dims: columns(s).map((axis) => ({ axis, extent: axisOf(k, axis)!.extent })),
          optional: false,
        };
    const init = known
      ? s.init
      : read(
          input,
          columns(s).map((a) => variable(a)),
          s.type,
        );
    const stored = given ? undefined : storeAs(output, { indices: columns(s), value: lastValue(s) }, names);
    kernel = {
      ...kernel,
      tensors: known ? kernel.tensors.map((t) => (t.name === input ? start : t)) : [...kernel.tensors, start],
      states: kernel.states.map((x) => (x.name === s.name ? { ...x, init } : x)),
      defs: stored ? [...kernel.defs, stored.def] : kernel.defs,
      outputs: stored ? [...kernel.outputs, stored.output] : kernel.outputs,
    };
  }
  return { kernel, carried };
}
