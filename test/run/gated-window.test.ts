/** The example with everything in it, through the command line and a .safetensors file, at sizes that no tile divides. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/cli/compare.ts';
import { missingFor } from '../../src/cli/targets.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import type { TensorArchive } from '../../src/runtime/archive.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/runtime/safetensors.ts';
import { elementCount, tensorFrom, tensorValues, type Tensor } from '../../src/runtime/tensor.ts';
import { LIMITS } from './agrees.ts';
import type { FloatStorage } from './examples.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'attnc-gated-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [B, H, G, N, D, E] = [2, 8, 2, 333, 64, 80];
const SHAPES = { q: [B, H, N, D], k: [B, G, N, D], v: [B, G, N, E], z: [B, H, N, E] };

/** Values that all three storages hold exactly, so that one reference serves them. */
function inputs(storage: FloatStorage): string {
  const random = randomFrom(3);
  const tensors = Object.entries(SHAPES).map(([name, shape]): [string, Tensor] => {
    const values = Float64Array.from(
      { length: elementCount(shape) },
      () => Math.round(random.normal() * 64) / 64,
    );
    const exact = tensorValues(tensorFrom('bf16', shape, values));
    return [name, tensorFrom(storage, shape, exact)];
  });
  const path = join(folder, `${storage}.safetensors`);
  writeFileSync(path, encodeSafetensors(new Map(tensors)));
  return path;
}

function run(target: string, storage: FloatStorage, more: readonly string[] = []): TensorArchive {
  const out = join(folder, `${target}-${storage}-out.safetensors`);
  const args = ['run', 'examples/gated_window.attn', '--target', target, '--in', inputs(storage)];
  const { status, stderr } = spawnSync(
    process.execPath,
    ['src/cli/attnc.mjs', ...args, '--param', 'window=100', '--out', out, ...more],
    { cwd: root, encoding: 'utf8' },
  );
  expect(stderr).not.toMatch(/error/i);
  expect(status).toBe(0);
  return decodeSafetensors(new Uint8Array(readFileSync(out)), out);
}

const missing = { wgsl: await missingFor('wgsl'), 'cuda-emu': await missingFor('cuda-emu') };

describe.each([
  ['wgsl', 'f32'],
  ['wgsl', 'f16'],
  ['cuda-emu', 'f32'],
  ['cuda-emu', 'f16'],
  ['cuda-emu', 'bf16'],
] as const)('gated_window on %s in %s', (target, storage) => {
  let reference: TensorArchive;
  beforeAll(() => {
    reference = run('interp', 'f32');
  });
  it.skipIf(missing[target] !== undefined)(
    `agrees with the interpreter in every output (${missing[target] ?? 'available'})`,
    { timeout: 120_000 },
    () => {
      const outputs = run(target, storage);
      expect([...outputs.names].sort()).toEqual(['hit', 'lse', 'y']);
      expect(outputs.get('y')!.shape).toEqual([B, H, N, E]);
      for (const name of outputs.names) {
        const { worst } = compare(tensorValues(outputs.get(name)!), tensorValues(reference.get(name)!));
        expect(worst, name).toBeLessThanOrEqual(LIMITS[storage]);
      }
    },
  );
});
