/**
 * The formula of a kernel in PyTorch: every definition by whole tensors over named axes, sums of products as contractions,
 * recurrences as loops. It says what the semantic IR says, in float64 unless it is asked otherwise.
 */
import { CompilerBug, userError } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import { STORAGE } from '../expr/types.ts';
import type { IrKernel, IrOutput } from '../ir/ir.ts';
import { helpersFor } from './helpers.ts';
import { pythonNamer } from './names.ts';
import { asType, literal, operation } from './operations.ts';
import { allNodes } from './order.ts';
import { position, readValue } from './read.ts';
import { reduceValue } from './reduce.ts';
import { extentText, type Machine, type Scope, type Source } from './scope.ts';
import { Writer } from './writer.ts';
import { planSizes, type SizePlan } from './sizes.ts';
import { statements } from './statements.ts';
import { at, atom, expand, LEVEL, permuted, type Value } from './value.ts';

export interface Formula {
  /** Name of the function. */
  readonly name: string;
  /** The function, without helpers and imports. */
  readonly text: string;
  readonly sizes: SizePlan;
  /** Python name of a size, param or tensor. */
  readonly names: (kind: 'size' | 'param' | 'tensor', name: string) => string;
  /** Python text of an expression over sizes and params. */
  readonly scalar: (e: Expr) => string;
}

function translate(m: Machine, e: Expr, scope: Scope): Value {
  switch (e.kind) {
    case 'const':
      return literal(e.type, e.value);
    case 'var': {
      const loop = scope.at.get(e.name);
      if (loop !== undefined) return atom(loop, 'i32');
      if (scope.axes.includes(e.name)) return position(m, e.name);
      const param = m.kernel.params.find((p) => p.name === e.name);
      return atom(m.name(param ? 'param' : 'size', e.name), e.type);
    }
    case 'op':
      return operation(
        e,
        e.args.map((a) => translate(m, a, scope)),
        scope.axes,
      );
    case 'read':
      return readValue(m, e, scope, (x, s) => translate(m, x, s));
    case 'reduce':
      return reduceValue(m, e, scope, (x, s) => translate(m, x, s));
  }
}

/**
 * The eager formula.
 * @throws UserError E0660 for what PyTorch has no formula for
 */
export function eagerFormula(kernel: IrKernel): Formula {
  const name = pythonNamer();
  const functionName = name('function', `${kernel.name}_eager`);
  for (const t of kernel.tensors) name('tensor', t.name);
  for (const p of kernel.params) name('param', p.name);
  for (const s of kernel.sizes) name('size', s);
  const m: Machine = {
    kernel,
    name,
    sources: new Map(),
    positions: new Set(),
    share: (v) => writer.share(v),
    scalar: (e) => translate(m, e, { axes: [], at: new Map() }),
  };
  for (const t of kernel.tensors)
    m.sources.set(t.name, {
      text: name('tensor', t.name),
      type: STORAGE[t.storage].value,
      dims: t.dims.map((d) => ({ extent: d.extent, kind: 'whole' })),
    });
  const lines: string[] = [];
  const writer = new Writer(m, (e, scope) => translate(m, e, scope), lines);
  statements(writer, allNodes(kernel), { axes: [], at: new Map() }, new Set(), 1);
  const results = kernel.outputs.map((o) => outputText(m, o));
  const returned = results.length === 1 ? results[0]! : `(\n        ${results.join(',\n        ')},\n    )`;
  const sizes = planSizes(kernel);
  const head = header(m, functionName, sizes);
  const positions = kernel.axes
    .filter((a) => m.positions.has(a.name))
    .map(
      (a) =>
        `    ${name('axis', a.name)} = torch.arange(${m.scalar(a.extent).text}, dtype=torch.int32, device=device)`,
    );
  return {
    name: functionName,
    text: [...head, ...positions, ...lines, `    return ${returned}`, ''].join('\n'),
    sizes,
    names: (kind, n) => name(kind, n),
    scalar: (e) => m.scalar(e).text,
  };
}

function outputText(m: Machine, o: IrOutput): string {
  const source: Source | undefined = m.sources.get(o.def);
  const def = m.kernel.defs.find((d) => d.name === o.def);
  if (!source || !def) throw new CompilerBug('torch', `output ${o.name} has no definition`);
  const axes = def.indices.filter((_, n) => source.dims[n]!.kind === 'whole');
  const value: Value = { text: source.text, level: LEVEL.atom, axes, tensor: true, type: def.type };
  const full = expand(value, def.indices, (a) => extentText(m, a));
  return permuted(full.text, def.indices, o.indices);
}

function header(m: Machine, functionName: string, sizes: SizePlan): string[] {
  const { kernel: k, name } = m;
  if (k.tensors.length === 0)
    throw userError(
      'E0661',
      `kernel \`${k.name}\` takes no tensor, so that PyTorch does not know on which device it runs`,
      {
        hint: 'give it an input, or launch it from C++: docs/cuda.md',
      },
    );
  const late = k.params.filter((p) => p.default !== undefined && p.default.kind !== 'const');
  const parameters = [
    ...k.tensors.map((t) => name('tensor', t.name)),
    '*',
    ...sizes.given.map((s) => name('size', s)),
    ...k.params.map((p) => {
      const own = name('param', p.name);
      if (!p.default) return own;
      return `${own}=${p.default.kind === 'const' ? m.scalar(p.default).text : 'None'}`;
    }),
    'dtype=torch.float64',
  ];
  const tensor = (t: string): string => name('tensor', t);
  const first = tensor(k.tensors[0]!.name);
  return [
    `def ${functionName}(${parameters.join(', ')}):`,
    `    device = ${first}.device`,
    ...sizes.steps.map((s) => {
      const extent = `${tensor(s.tensor)}.shape[${s.position}]`;
      const offset = m.scalar(s.offset);
      const slope = m.scalar(s.slope);
      const rest = offset.text === '0' ? extent : `(${extent} - ${at(offset, LEVEL.product)})`;
      return `    ${name('size', s.size)} = ${rest}${slope.text === '1' ? '' : ` // ${at(slope, LEVEL.sign)}`}`;
    }),
    ...late.flatMap((p) => [
      `    if ${name('param', p.name)} is None:`,
      `        ${name('param', p.name)} = ${m.scalar(p.default!).text}`,
    ]),
    ...k.tensors.map(
      (t) => `    ${tensor(t.name)} = ${asType(tensor(t.name), STORAGE[t.storage].value).text}`,
    ),
  ];
}

/** Imports and helpers, before functions that `text` has. */
export function moduleHead(text: string): string {
  const helpers = helpersFor(text);
  const all = [...helpers, text].join('\n');
  return [
    ...(/\bmath\./.test(all) ? ['import math', ''] : []),
    'import torch',
    ...helpers.flatMap((h) => ['', '', h]),
    '\n\n',
  ].join('\n');
}
