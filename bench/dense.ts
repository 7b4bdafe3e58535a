/** `wgsl/dense/N/mask`: dense attention in f32 on the WebGPU device of this machine, against three plain kernels. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.ts';
import { randomFrom } from '../src/runtime/random.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { prepareSpec } from './prepare.ts';
import { median, roundRobin, type Row } from './rows.ts';
import { prepareThreeKernels } from './three-kernels.ts';

const HEADS = 8;
export const WIDTH = 64;
export const DENSE_SIZES = [256, 1024, 2048];
const MASKS = ['full', 'causal'] as const;

export interface Tensors {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

export function draw(rows: number, heads = HEADS): Tensors {
  const random = randomFrom(rows);
  const tensor = (): Float32Array => Float32Array.from({ length: heads * rows * WIDTH }, random.normal);
  return { q: tensor(), k: tensor(), v: tensor() };
}

/** Rows compared with float64: the ends, and around tile edges; all heads. */
const sampled = (rows: number): number[] =>
  [0, 1, 7, 8, 31, 63, 64, 65, rows >> 1, rows - 2, rows - 1].filter((i) => i < rows);

/** Which keys a query keeps. */
export type Keep = (i: number, j: number) => boolean;

/** Largest difference of sampled rows to float64. */
export function largestError(
  t: Tensors,
  rows: number,
  keep: Keep,
  actual: Float32Array,
  heads = HEADS,
): number {
  let worst = 0;
  for (let h = 0; h < heads; h++)
    for (const i of sampled(rows)) {
      const keys = Array.from({ length: rows }, (_, j) => j).filter((j) => keep(i, j));
      const scores = keys.map((j) => {
        let dot = 0;
        for (let d = 0; d < WIDTH; d++)
          dot += t.q[(h * rows + i) * WIDTH + d]! * t.k[(h * rows + j) * WIDTH + d]!;
        return dot / Math.sqrt(WIDTH);
      });
      const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = scores.reduce((sum, s) => sum + Math.exp(s - highest), 0);
      for (let e = 0; e < WIDTH; e++) {
        const y = keys.reduce(
          (sum, j, n) => sum + (Math.exp(scores[n]! - highest) / total) * t.v[(h * rows + j) * WIDTH + e]!,
          0,
        );
        worst = Math.max(worst, Math.abs(y - actual[(h * rows + i) * WIDTH + e]!));
      }
    }
  return worst;
}

async function measure(gpu: Webgpu, rows: number, causal: boolean, rounds: number): Promise<Row> {
  const tensors = draw(rows);
  const sizes = { B: 1, H: HEADS, N: rows, M: rows, D: WIDTH, E: WIDTH };
  const spec = readFileSync(join(packageRoot(), 'examples', causal ? 'causal.attn' : 'sdpa.attn'), 'utf8');
  const ours = await prepareSpec(gpu, spec, { ...tensors }, sizes);
  const plain = prepareThreeKernels(
    gpu.device,
    { heads: HEADS, rows, keyDim: WIDTH, valueDim: WIDTH, causal },
    tensors,
  );
  await ours.run();
  await plain.run();
  const y = (await ours.outputs())['y']!;
  const keep: Keep = (i, j) => !causal || j <= i;
  const error = largestError(tensors, rows, keep, new Float32Array(y.slice().buffer));
  const plainError = largestError(tensors, rows, keep, await plain.output());
  if (!(error < 1e-4) || !(plainError < 1e-4))
    throw new Error(`wrong results at N=${rows}: ours ${error}, three kernels ${plainError}`);
  const times = await roundRobin(
    [
      { name: 'ours', run: () => ours.run() },
      { name: 'three-kernels', run: () => plain.run() },
    ],
    rounds,
  );
  ours.destroy();
  plain.destroy();
  const own = times.get('ours')!;
  const other = median(times.get('three-kernels')!);
  return {
    name: `wgsl/dense/${rows}/${causal ? 'causal' : 'full'}`,
    median_ms: median(own),
    spread: [Math.min(...own), Math.max(...own)],
    limit_ms: null,
    max_error: error,
    peers: { 'three-kernels': { median_ms: other, ratio: other / median(own), max_error: plainError } },
  };
}

export const denseNames = (): string[] =>
  DENSE_SIZES.flatMap((n) => MASKS.map((m) => `wgsl/dense/${n}/${m}`));

/** Measures the rows whose names are wanted. */
export async function denseRows(
  gpu: Webgpu,
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  for (const n of DENSE_SIZES)
    for (const m of MASKS)
      if (wanted(`wgsl/dense/${n}/${m}`)) done(await measure(gpu, n, m === 'causal', rounds));
}
