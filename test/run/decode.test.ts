/**
 * Few queries against many keys: heads that share keys are rows of one block, and workgroups share the stream. What the
 * launches give together is held against the interpreter.
 */
import { describe, expect, it } from 'vitest';
import { backendFor } from '../../backends/index.ts';
import { compare } from '../../src/cli/compare.ts';
import { outputsFromBytes } from '../../src/cli/execute/outputs.ts';
import { interpret, missingFor } from '../../src/cli/targets.ts';
import { checkText, compileIr, hasErrors, manifestOf, semanticIr, type Compiled } from '../../src/compile.ts';
import { evalConst } from '../../src/expr/evaluate.ts';
import { STORAGE } from '../../src/expr/types.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { runOnCudaEmulator } from '../../src/runtime/cuda-emulator.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { elementCount, tensorFrom, type Tensor } from '../../src/runtime/tensor.ts';
import { openWebgpu } from '../../src/runtime/webgpu-device.ts';
import { runOnWebgpu } from '../../src/runtime/webgpu.ts';
import type { StagePlan } from '../../src/tile/plan.ts';

const HEAD = `axes b: B, h: H, g: G = h / (H / G), i: N, j: M, d: D, e: E
  in q: f32[b, h, i, d]
  in k: f32[b, g, j, d]
  require H % G == 0
  score s = scaled_dot[d](q, k)`;

/** The ways to merge: by element and by row, whole vectors, and indices, numbers and truth values. */
const SPECS = {
  elements: `kernel elements { ${HEAD}
  mask causal_bottom_right(i, j, N, M)
  in v: f32[b, g, j, e]
  out y: f32[b, h, i, e] = sum[j](softmax[j](s) * v)
  out lse: f32[b, h, i] = logsumexp[j](s)
}`,
  vectors: `kernel vectors { ${HEAD}
  in length: i32[b]
  in v: f32[b, g, j, e]
  mask j < length + i
  out y: f32[b, h, i, e] = rms_norm[e](sum[j](softmax[j](s) * v), 0.001)
}`,
  indices: `kernel indices { ${HEAD}
  mask causal_bottom_right(i, j, N, M)
  out best: i32[b, h, i] = argmax[j](s)
  out large: i32[b, h, i] = sum[j](if s > 0.5 then 1 else 0)
  out some: bool[b, h, i] = any[j](s > 2.5)
}`,
} as const;

/** Lanes that read in place, as software devices compile fast; five workgroups share the stream. */
const PLAN: StagePlan = {
  arrangement: 'lane-rows',
  blockM: 8,
  blockN: 4,
  lanes: 8,
  operands: 'direct',
  fullTiles: 'together',
  split: 5,
};
const SIZES = { B: 1, H: 4, G: 2, N: 2, M: 331, D: 8, E: 8 };

function irOf(text: string): IrKernel {
  const checked = checkText(text);
  if (hasErrors(checked.diagnostics)) throw new Error(checked.diagnostics.map((d) => d.message).join('\n'));
  return semanticIr(checked);
}

function inputsOf(kernel: IrKernel): ReadonlyMap<string, Tensor> {
  const random = randomFrom(11);
  const known = new Map(Object.entries(SIZES));
  return new Map(
    kernel.tensors.map((t): [string, Tensor] => {
      const shape = t.dims.map((d) => evalConst(d.extent, known));
      const draw = (): number => (STORAGE[t.storage].value === 'f32' ? random.normal() : SIZES.M - 40);
      const values = Float64Array.from({ length: elementCount(shape) }, draw);
      return [t.name, tensorFrom(t.storage, shape, values)];
    }),
  );
}

type Bytes = Readonly<Record<string, Uint8Array>>;
type Runner = (compiled: Compiled, inputs: Bytes) => Promise<Bytes>;

const RUNNERS: Readonly<Record<'wgsl' | 'cuda', Runner>> = {
  wgsl: async ({ files }, inputs) => {
    const manifest = manifestOf(files);
    const source = files.find((f) => f.path === manifest.source)!.text;
    return (await runOnWebgpu(await openWebgpu({}), { source, manifest }, inputs, SIZES)).outputs;
  },
  cuda: async ({ program }, inputs) =>
    (await runOnCudaEmulator(backendFor('cuda').legalize(program, {}), inputs, SIZES)).outputs,
};
const missing = { wgsl: await missingFor('wgsl'), cuda: await missingFor('cuda-emu') };

describe.each(['wgsl', 'cuda'] as const)('few queries in %s', (target) => {
  const absent = missing[target] !== undefined;
  it.skipIf(absent).each(Object.entries(SPECS))('%s', { timeout: 120_000 }, async (_, text) => {
    const kernel = irOf(text);
    const features = { device: 'cpu' } as const;
    const compiled = compileIr(kernel, { target, set: SIZES, features, plans: [PLAN, PLAN], pack: true });
    const parts = compiled.tile.stages.filter((s) => s.part !== undefined);
    expect(parts.length).toBeGreaterThan(0);
    for (const s of parts) expect(s.row.map((a) => a.name)).toEqual(['i', 'h.member']);

    const inputs = inputsOf(kernel);
    const exact = interpret({ kernel, inputs, sizes: SIZES, params: {} }).outputs;
    const bytes = Object.fromEntries([...inputs].map(([name, t]) => [name, t.bytes]));
    const found = outputsFromBytes(kernel, SIZES, await RUNNERS[target](compiled, bytes));
    for (const o of kernel.outputs) {
      const { worst } = compare(found.get(o.name)!.values, exact.get(o.name)!.values);
      expect(worst, o.name).toBeLessThanOrEqual(STORAGE[o.storage].value === 'f32' ? 1e-5 : 0);
    }
  });
});
