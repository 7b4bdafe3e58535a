/**
 * Rows that selected the same block, as tiles (docs/adr/0013-lists-of-queries.md), where lanes load rows for each other: on
 * matrix units, and in tiles of neighbouring lanes. Schedules are those for long sequences; short ones run.
 */
import { describe, expect, it } from 'vitest';
import { irOf, type Features, type Variant } from '../../src/cli/pipeline.ts';
import { missingFor, type Launch, type Target } from '../../src/cli/targets.ts';
import { drawInputs } from '../../src/cli/verify/draw-inputs.ts';
import { integerUses } from '../../src/cli/verify/integer-uses.ts';
import { compileIr } from '../../src/compile.ts';
import { compareLaunch } from './agrees.ts';
import { examples, type FloatStorage } from './examples.ts';

const SIZES = { B: 1, H: 4, G: 2, N: 210, D: 32, E: 16 };
const LONG = { B: 1, H: 32, G: 4, N: 8192, D: 32, E: 16 };
const CONSTS = { size: 32, top: 2 };

interface Case {
  readonly target: Target;
  readonly features: Features;
  readonly storage: FloatStorage;
  readonly arrangement: string;
}
const CASES: readonly Case[] = [
  { target: 'cuda-emu', features: {}, storage: 'f16', arrangement: 'warp-matrix' },
  { target: 'cuda-emu', features: {}, storage: 'bf16', arrangement: 'warp-matrix' },
  { target: 'wgsl', features: { device: 'gpu' }, storage: 'f32', arrangement: 'lane-tiles' },
  { target: 'wgsl', features: { device: 'cpu' }, storage: 'f32', arrangement: 'lane-rows' },
];
const missing = new Map<Target, string | undefined>();
for (const { target } of CASES) missing.set(target, await missingFor(target));

function launchIn(storage: FloatStorage, features: Features): Launch {
  const { spec } = examples().find((x) => x.title === 'moba.attn: moba')!;
  const halves = Object.fromEntries(['q', 'k', 'v', 'y'].map((name) => [name, storage]));
  const { D, E } = SIZES;
  const variant: Variant = {
    kernel: 'moba',
    set: { D, E },
    consts: CONSTS,
    absent: new Set(),
    storage: halves,
  };
  const kernel = irOf(spec, variant);
  const inputs = drawInputs(kernel, integerUses(kernel), SIZES, 7, 0);
  return { spec, variant, features, kernel, inputs, sizes: SIZES, params: {}, expected: LONG };
}

describe('tiles of rows that selected the same block', () => {
  for (const { target, features, storage, arrangement } of CASES)
    it.skipIf(missing.get(target) !== undefined)(
      `${target} in ${storage}, ${arrangement}`,
      { timeout: 180_000 },
      async () => {
        const launch = launchIn(storage, features);
        const made = compileIr(launch.kernel, {
          target: target === 'wgsl' ? 'wgsl' : 'cuda',
          features,
          set: { D: SIZES.D, E: SIZES.E },
          expected: LONG,
        });
        const parts = made.tile.stages.find(
          (s) => s.batch.some((a) => a.name === 'i.group') && s.passes.length > 0 && s.rowOperands.length > 0,
        );
        expect(parts?.plan?.arrangement).toBe(arrangement);
        const wrong = (await compareLaunch(target, launch, storage)).filter((o) => !o.agrees);
        expect(wrong).toEqual([]);
      },
    );
});
