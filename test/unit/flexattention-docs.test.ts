/** docs/flexattention.md: every pair is computed, its Python by Python and its line by the interpreter, and every kernel compiles. */
import { describe, expect, it } from 'vitest';
import { compileText, requiredSizes } from '../../src/compile.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { bool, op, type Expr } from '../../src/expr/expr.ts';
import { STORAGE } from '../../src/expr/types.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { paramValues } from '../../src/ir/sizes.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { flexKernels, flexPairs, type Pair } from '../support/flexattention.ts';
import { kernelOf, randomTensor } from '../support/kernels.ts';
import { findPython, runFormulas, type Job } from '../support/torch/python.ts';

const pairs = flexPairs();
const python = findPython();

/** The same kernel with the mask, or the score, as its only output: over every axis but those of features. */
function dense(pair: Pair): IrKernel {
  const ir = kernelOf(pair.source);
  const indices = ir.axes.map((a) => a.name).filter((a) => !/^[der]$/.test(a));
  const conjunction = ir.masks.reduce<Expr>((all, m) => op('and', all, m), bool(true));
  const kept = { name: 'kept', role: 'out', indices, type: 'bool', value: conjunction } as const;
  const score = ir.defs.find((d) => d.name === 't');
  const output =
    pair.kind === 'mask'
      ? ({ name: 'result', storage: 'bool', def: 'kept', indices } as const)
      : ({ name: 'result', storage: 'f32', def: 't', indices: score!.indices } as const);
  const made = { ...ir, defs: [...ir.defs, kept], outputs: [output] };
  verifyIr(made);
  return made;
}

interface Ready {
  readonly job: Job;
  readonly expected: Float64Array;
}

function prepare(pair: Pair): Ready {
  const ir = dense(pair);
  const known = new Map(Object.entries(pair.numbers));
  const sizes = Object.fromEntries(ir.sizes.map((s) => [s, pair.numbers[s]!]));
  const given = Object.fromEntries(ir.params.map((p) => [p.name, pair.numbers[p.name]!]));
  const inputs = Object.fromEntries(
    ir.tensors.map((t, n) => {
      const random = randomTensor(n, ...t.dims.map((d) => evalConst(d.extent, known)));
      const draw = pair.tensors[t.name];
      const isFloat = STORAGE[t.storage].value === 'f32';
      if (!isFloat && !draw) throw new Error(`no values for ${t.name} of ${pair.name}`);
      return [t.name, isFloat ? random : { shape: random.shape, data: random.data.map((_, k) => draw!(k)) }];
    }),
  );
  const { result } = interpretKernel(ir, inputs, sizes, paramValues(ir, sizes, given));
  const tensors = ir.tensors.filter((t) => !['q', 'k', 'v'].includes(t.name));
  const own = new Set(tensors.map((t) => t.name));
  const numbers = Object.fromEntries(Object.entries(pair.numbers).filter(([n]) => !own.has(n)));
  const { B, H, N, M } = pair.numbers;
  const flat = (name: string, shape: readonly number[]) => ({ ...inputs[name]!, shape, type: 'f32' });
  const positions = [
    ['b', B],
    ['h', H],
    ['q', N],
    ['kv', M],
  ].map(([name, n], k) => {
    const shape = [1, 1, 1, 1].map((_, d) => (d === k ? 'n' : '1')).join(', ');
    return `    n = ${n}\n    ${name} = torch.reshape(torch.arange(n, dtype=torch.int64), (${shape}))`;
  });
  const features = pair.numbers['D']!;
  const job: Job = {
    name: pair.name,
    function: 'run',
    // Scores in float64: PyTorch takes float32 where only whole numbers meet a number.
    text: `import math
import torch
if hasattr(torch, 'set_default_dtype'):
    torch.set_default_dtype(torch.float64)
def run(${['query', 'key', ...own].join(', ')}, *, ${Object.keys(numbers).join(', ')}):
${positions.join('\n')}
    step = torch.arange(R, dtype=torch.int64)
    score = torch.einsum('bhid,bhjd->bhij', query, key) * ${features} ** -0.5
${pair.python.replace(/^/gm, '    ')}
    return torch.broadcast_to(torch.asarray(result), (B, H, N, M))
`,
    numbers,
    inputs: [
      flat('q', [B!, H!, N!, features]),
      flat('k', [B!, H!, M!, features]),
      ...tensors.map((t) => ({ ...inputs[t.name]!, type: STORAGE[t.storage].value })),
    ],
  };
  return { job, expected: result!.data };
}

describe('docs/flexattention.md', () => {
  it('has every mask and score', () => {
    expect(pairs.filter((p) => p.kind === 'mask').length).toBeGreaterThanOrEqual(30);
    expect(pairs.filter((p) => p.kind === 'score').length).toBeGreaterThanOrEqual(18);
  });

  const ready = pairs.map(prepare);

  it('says the same in Python and in lines', (context) => {
    context.skip(python === undefined, 'no Python with PyTorch or NumPy on this machine');
    const answers = runFormulas(
      python!,
      ready.map((r) => r.job),
    );
    const wrong = answers.flatMap((answer, n) => {
      const { job, expected } = ready[n]!;
      if ('error' in answer) return [`${job.name}: ${answer.error}`];
      const found = answer.outputs[0]!.data;
      const at = found.findIndex((x, k) => x !== expected[k] && !(Math.abs(x - expected[k]!) <= 1e-9));
      return at < 0 && found.length === expected.length
        ? []
        : [`${job.name}: [${at}] ${found[at]} is ${expected[at]} here (${found.length}, ${expected.length})`];
    });
    expect(wrong).toEqual([]);
  });

  it('has masks that keep some pairs and leave some out', () => {
    const same = ready
      .filter((_, n) => pairs[n]!.kind === 'mask')
      .filter((r) => new Set(r.expected).size !== 2)
      .map((r) => r.job.name);
    expect(same).toEqual([]);
  });

  const kernels = new Map([
    ...pairs.map((p) => [p.name, p.source] as const),
    ...flexKernels().map((source) => [/kernel (\w+)/.exec(source)![1]!, source] as const),
  ]);
  it.each([...kernels])('%s compiles', (_, source) => {
    const set = Object.fromEntries(requiredSizes(kernelOf(source)).map((s) => [s, 8]));
    for (const target of ['wgsl', 'cuda'] as const) {
      const { diagnostics, value } = compileText(source, { target, set });
      expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
      expect(value?.files.length).toBeGreaterThan(1);
    }
  });
});
