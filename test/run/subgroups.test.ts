/** Lanes that share rows exchange values by subgroups of every size that a device may have, and through memory below that. */
import { describe, expect, it } from 'vitest';
import { outputsFromValues } from '../../src/cli/execute/outputs.ts';
import { compare } from '../../src/cli/compare.ts';
import { fixedFor } from '../../src/fixed-sizes.ts';
import { compileVariant } from '../../src/cli/pipeline.ts';
import { interpret } from '../../src/cli/targets.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { someStmt, visitStmts } from '../../src/kernel/walk.ts';
import { tensorValues } from '../../src/runtime/tensor.ts';
import { LIMITS } from './agrees.ts';
import { examples, launchOf } from './examples.ts';

/** A plain softmax, sums with two references, a fold over truth values, an index, and a kernel without a mask. */
const CHOSEN = /^(causal|alibi|sdpa|document|gqa|relu_l1|sigmoid|argmax|softcap)[^:]*: /;
const chosen = examples().filter((e) => CHOSEN.test(e.title));
const SIZES = [1, 4, 8, 16, 32, 64, 128] as const;

describe.each(chosen)('$title', (example) => {
  const launch = launchOf(example, 'f32', 'past a tile', { device: 'gpu', subgroups: 2 });
  const compiled = compileVariant(
    launch.kernel,
    fixedFor(launch.kernel, launch.variant.set, launch.sizes),
    'wgsl',
    launch.features,
  );
  const exact = interpret(launch).outputs;
  it.each(SIZES)('in subgroups of %d lanes', async (subgroup) => {
    const { program } = (await compiled).lowered;
    const inputs = Object.fromEntries([...launch.inputs].map(([name, t]) => [name, tensorValues(t)]));
    const found = interpretProgram(program, inputs, { ...launch.sizes, ...launch.params }, { subgroup });
    expect(found.errors).toEqual([]);
    const outputs = outputsFromValues(launch.kernel, launch.sizes, found.outputs);
    for (const { name, storage } of launch.kernel.outputs) {
      if (storage !== 'f32') continue;
      expect(
        compare(outputs.get(name)!.values, exact.get(name)!.values, LIMITS.f32).worst,
      ).toBeLessThanOrEqual(LIMITS.f32);
    }
  });
});

describe('kernels with subgroups', () => {
  const causal = chosen.find((e) => e.title.startsWith('causal.attn'))!;
  const compiledWith = async (subgroups: number) => {
    const launch = launchOf(causal, 'f32', 'past a tile', { device: 'gpu', subgroups });
    const set = fixedFor(launch.kernel, launch.variant.set, launch.sizes);
    return { launch, ...(await compileVariant(launch.kernel, set, 'wgsl', launch.features)) };
  };

  it('say so, and others do not', async () => {
    const [on, off] = [await compiledWith(2), await compiledWith(1)];
    const source = (c: typeof on): string => c.files.find((f) => f.path === c.manifest.source)!.text;
    expect(source(on)).toMatch(/^enable subgroups;/m);
    expect(source(on)).toMatch(/subgroupShuffleXor/);
    expect(source(off)).not.toMatch(/subgroup/);
    expect(off.program.kernels.some((k) => someStmt(k.body, (s) => s.kind === 'shuffle'))).toBe(false);
  });

  it('are refused where a shuffle would leave its subgroup', async () => {
    const { launch, lowered } = await compiledWith(2);
    const widest = { distance: 0 };
    for (const k of lowered.program.kernels)
      visitStmts(k.body, (s) => {
        if (s.kind === 'shuffle') widest.distance = Math.max(widest.distance, s.xor);
      });
    expect(widest.distance).toBeGreaterThan(1);
    // The guard taken away: the kernel claims that lanes always exchange directly.
    const broken = {
      ...lowered.program,
      kernels: lowered.program.kernels.map((k) => ({ ...k, body: unguarded(k.body) })),
    };
    const inputs = Object.fromEntries([...launch.inputs].map(([name, t]) => [name, tensorValues(t)]));
    const run = (subgroup: number) =>
      interpretProgram(broken, inputs, { ...launch.sizes, ...launch.params }, { subgroup }).errors;
    expect(run(2 * widest.distance)).toEqual([]);
    expect(run(widest.distance)[0]?.message).toMatch(/shuffle at distance/);
  });
});

type Body = Parameters<typeof visitStmts>[0];
const unguarded = (body: Body): Body =>
  body.flatMap((s): Body => {
    if (s.kind === 'for') return [{ ...s, body: unguarded(s.body) }];
    if (s.kind !== 'if') return [s];
    const guard =
      s.cond.kind === 'op' && s.cond.args[0]?.kind === 'var' && s.cond.args[0].name === 'subgroup';
    if (guard) return s.then;
    return [{ ...s, then: unguarded(s.then), ...(s.else ? { else: unguarded(s.else) } : {}) }];
  });
