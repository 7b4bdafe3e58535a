/**
 * What a workgroup computes together for a chunk (docs/adr/0012-blocks.md): against references under the emulator, which reports races,
 * uninitialised reads and accesses outside, and on the kernel interpreter, with operands rounded for matrix units.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { checkText, compileIr, semanticIr } from '../../src/compile.ts';
import { interpretKernel } from '../../src/ir/interpret.ts';
import { withStorage } from '../../src/ir/passes/storage.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import { someStmt } from '../../src/kernel/walk.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { expectReference, hasStates, referenceCases } from './references.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const missing = await missingFor('cuda-emu');
const CHUNKED = [
  'gla',
  'gla_ragged',
  'hgrn2',
  'la_norm',
  'mamba2',
  'mlstm',
  'retention, heads of 6',
  'rwkv6',
  'wkv6',
  'ssd, packed sequences',
];
const cases = (await referenceCases()).filter((c) => hasStates(c) && CHUNKED.includes(c.title));

describe.skipIf(missing !== undefined)(`chunks of workgroups (${missing ?? 'g++ is here'})`, () => {
  it.each(cases)('$title', { timeout: 180_000 }, (c) =>
    expectReference('cuda-emu', c, {
      features: { form: { form: 'chunked', chunk: 16, section: 1, subChunk: 4 } },
      takes: (length, hazard) => hazard === 'normal' && length <= 65,
    }),
  );

  // Three sections, the last of which ends in its first chunk or after it.
  it.each(cases)('$title, in sections', { timeout: 180_000 }, (c) =>
    expectReference('cuda-emu', c, {
      features: { form: { form: 'chunked', chunk: 8, section: 3, subChunk: 4 } },
      takes: (length, hazard) => hazard === 'normal' && length <= 65,
    }),
  );
});

type Numbers = Readonly<Record<string, number>>;
interface Rounded {
  readonly name: string;
  readonly chunk: number;
  readonly section: number;
  readonly absent: readonly string[];
  readonly sizes: Numbers;
  readonly halves: readonly string[];
  readonly gates: Readonly<Record<string, (x: number) => number>>;
  readonly params: Numbers;
}
const ROUNDED: readonly Rounded[] = [
  {
    name: 'gla',
    chunk: 32,
    section: 1,
    absent: ['S0'],
    sizes: { B: 1, H: 2, N: 75, D: 16, E: 32 },
    halves: ['q', 'k', 'v', 'y'],
    gates: { log_a: (x) => -Math.log1p(Math.exp(-x)) / 4 },
    params: {},
  },
  {
    name: 'gla',
    chunk: 16,
    section: 3,
    absent: ['S0'],
    sizes: { B: 1, H: 2, N: 123, D: 16, E: 32 },
    halves: ['q', 'k', 'v', 'y'],
    gates: { log_a: (x) => -Math.log1p(Math.exp(-x)) / 4 },
    params: {},
  },
  // Lanes hold four keys each.
  {
    name: 'gla',
    chunk: 64,
    section: 2,
    absent: ['S0'],
    sizes: { B: 1, H: 1, N: 140, D: 64, E: 16 },
    halves: ['q', 'k', 'v', 'y'],
    gates: { log_a: (x) => -Math.log1p(Math.exp(-x)) / 4 },
    params: {},
  },
  {
    name: 'ssd',
    chunk: 32,
    section: 2,
    absent: ['S0', 'seq_idx'],
    sizes: { Z: 1, H: 4, G: 2, N: 75, R: 16, P: 32 },
    halves: ['x', 'B', 'C', 'y'],
    gates: { A: (x) => -Math.abs(x), dt: (x) => x - 3 },
    params: { dt_min: 0, dt_max: 1e30 },
  },
];

describe('operands that are rounded for matrix units', () => {
  it.each(ROUNDED)(
    '$name, $chunk positions, $section chunks',
    { timeout: 120_000 },
    ({ name, chunk, section, absent, sizes, halves, gates, params }) => {
      const text = readFileSync(join(root, 'examples', `${name}.attn`), 'utf8');
      const plain = semanticIr(checkText(text), { absent: new Set(absent) });
      const ir = withStorage(plain, Object.fromEntries(halves.map((h) => [h, 'bf16' as const])));
      const set = Object.fromEntries(Object.entries(sizes).filter(([n]) => 'DERP'.includes(n)));
      const { program } = compileIr(ir, { target: 'cuda', set, form: { form: 'chunked', chunk, section } });
      const uses = program.kernels.filter((k) => someStmt(k.body, (s) => s.kind === 'mma'));
      expect(uses.length).toBe(2);
      const random = randomFrom(7);
      const inputs = Object.fromEntries(
        ir.tensors.map((t) => {
          const shape = t.dims.map((d) => (d.extent.kind === 'var' ? sizes[d.extent.name]! : 1));
          const length = shape.reduce((a, b) => a * b, 1);
          const gate = gates[t.name] ?? ((x: number) => x);
          const values = Float64Array.from({ length }, () => gate(random.normal()));
          // What lies in memory as bf16 has 8 significant bits.
          const held = t.storage === 'bf16' ? values.map(bf16) : values.map(Math.fround);
          return [t.name, { shape, data: held }];
        }),
      );
      const exact = interpretKernel(ir, inputs, sizes, params);
      const values = Object.fromEntries(Object.entries(inputs).map(([n, t]) => [n, t.data]));
      const { outputs, errors } = interpretProgram(program, values, { ...sizes, ...params });
      expect(errors).toEqual([]);
      for (const [n, { data }] of Object.entries(exact)) {
        const got = outputs[n]!;
        const rms = Math.sqrt(data.reduce((s, x) => s + x * x, 0) / data.length);
        const worst = data.reduce(
          (w, x, i) => Math.max(w, Math.abs(x - Number(got[i])) / Math.max(rms, Math.abs(x))),
          0,
        );
        expect(rms).toBeGreaterThan(0.1);
        // Both factors of a term are rounded once, each by at most 2^-9 of itself and at random: K terms of a size t are off by at
        // most 2^-9 · sqrt(2 K) · t in the mean of squares, where the sum itself is sqrt(K) · t. Among thousands of elements the worst is
        // five times that. The output is rounded once more.
        expect(worst).toBeLessThan(5 * 2 ** -9 * Math.SQRT2 + 2 ** -9);
      }
    },
  );
});

function bf16(x: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x);
  const bits = view.getUint32(0);
  view.setUint32(0, ((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000) >>> 0);
  return view.getFloat32(0);
}
