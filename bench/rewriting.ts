/**
 * `wgsl/rewrite/N`: causal linear attention, written as score, normalize, aggregate, with the sums over keys rewritten to
 * states and (the peer) as they were written.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.ts';
import { randomFrom } from '../src/runtime/random.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { prepareSpec } from './prepare.ts';
import { median, roundRobin, type Row } from './rows.ts';

const HEADS = 4;
const WIDTH = 64;
const LENGTH = 16_384;
const NAME = `wgsl/rewrite/${LENGTH}`;

export const rewritingNames = (): string[] => [NAME];

/** Measures the row if it is wanted. */
export async function rewritingRow(
  gpu: Webgpu,
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  if (!wanted(NAME)) return;
  const text = readFileSync(join(packageRoot(), 'examples', 'linear_attention.attn'), 'utf8');
  const random = randomFrom(LENGTH);
  const tensor = (): Float32Array => Float32Array.from({ length: HEADS * LENGTH * WIDTH }, random.normal);
  const inputs = { q: tensor(), k: tensor(), v: tensor() };
  const sizes = { B: 1, H: HEADS, N: LENGTH, D: WIDTH, E: WIDTH };
  const prepared = async (rewrite: boolean) => {
    const kernel = await prepareSpec(gpu, text, inputs, sizes, { rewrite });
    await kernel.run();
    const y = new Float32Array((await kernel.outputs())['y']!.slice().buffer);
    return { name: rewrite ? 'states' : 'sums over keys', y, ...kernel };
  };
  const [states, sums] = [await prepared(true), await prepared(false)];
  const worst = states.y.reduce((w, x, n) => Math.max(w, Math.abs(x - sums.y[n]!)), 0);
  if (!(worst < 1e-3)) throw new Error(`rewriting changes results by ${worst}`);
  const times = await roundRobin([states, sums], rounds);
  const [own, other] = [times.get(states.name)!, median(times.get(sums.name)!)];
  done({
    name: NAME,
    median_ms: median(own),
    spread: [Math.min(...own), Math.max(...own)],
    limit_ms: states.limit,
    max_error: worst,
    peers: { [sums.name]: { median_ms: other, ratio: other / median(own), max_error: worst } },
  });
  states.destroy();
  sums.destroy();
}
