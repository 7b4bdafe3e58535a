/**
 * `wgsl/dense/N/mask`: dense attention in f32 on the WebGPU device of this machine, against three plain kernels and, where
 * `bench/peers` is installed, against other libraries in the same process, on the same tensors.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { draw, HEADS, largestError, WIDTH, type Keep } from './attention.ts';
import type { Peer } from './peers/peer.ts';
import { prepareSpec } from './prepare.ts';
import { median, timed, type Contender, type Row } from './rows.ts';
import { prepareThreeKernels } from './three-kernels.ts';

const DENSE_SIZES = [256, 1024, 2048];
const MASKS = ['full', 'causal'] as const;

/** Ours must be this near to float64; a peer's error is only shown. */
const TOLERANCE = 1e-4;

interface Prepared extends Contender {
  readonly error: number;
  destroy(): void;
}

async function measure(
  gpu: Webgpu,
  { rows, causal }: { readonly rows: number; readonly causal: boolean },
  rounds: number,
  peers: readonly Peer[],
): Promise<Row> {
  const tensors = draw(rows);
  const keep: Keep = (i, j) => !causal || j <= i;
  const errorOf = (y: Float32Array): number => largestError(tensors, rows, keep, y);
  const shape = { heads: HEADS, rows, causal };
  const sizes = { B: 1, H: HEADS, N: rows, M: rows, D: WIDTH, E: WIDTH };
  const spec = readFileSync(join(packageRoot(), 'examples', causal ? 'causal.attn' : 'sdpa.attn'), 'utf8');
  const ours = await prepareSpec(gpu, spec, { ...tensors }, sizes);
  await ours.run();
  const error = errorOf(new Float32Array((await ours.outputs())['y']!.slice().buffer));
  if (!(error < TOLERANCE)) throw new Error(`wrong results at N=${rows}: ${error}`);
  const plain: Peer = {
    name: 'three-kernels',
    prepare: async () =>
      prepareThreeKernels(gpu.device, { ...shape, keyDim: WIDTH, valueDim: WIDTH }, tensors),
  };
  const others: Prepared[] = [];
  for (const peer of [plain, ...peers]) {
    const prepared = await peer.prepare(shape, tensors);
    await prepared.run();
    others.push({
      name: peer.name,
      error: errorOf(await prepared.output()),
      run: () => prepared.run(),
      destroy: () => prepared.destroy(),
    });
  }
  const times = await timed([{ name: 'ours', run: () => ours.run() }, ...others], rounds);
  ours.destroy();
  for (const o of others) o.destroy();
  const own = times.get('ours')!;
  const figure = (o: Prepared): Row['peers'][string] => {
    const { ms, cpu } = times.get(o.name)!;
    const [median_ms, cpu_ms] = [median(ms), median(cpu)];
    const ratio = median_ms / median(own.ms);
    const spread = [Math.min(...ms), Math.max(...ms)] as const;
    return { median_ms, spread, ratio, max_error: o.error, cpu_ms, cpu_ratio: cpu_ms / median(own.cpu) };
  };
  return {
    name: `wgsl/dense/${rows}/${causal ? 'causal' : 'full'}`,
    median_ms: median(own.ms),
    spread: [Math.min(...own.ms), Math.max(...own.ms)],
    cpu_ms: median(own.cpu),
    limit_ms: ours.limit,
    max_error: error,
    peers: Object.fromEntries(others.map((o) => [o.name, figure(o)])),
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
  peers: readonly Peer[] = [],
): Promise<void> {
  for (const rows of DENSE_SIZES)
    for (const m of MASKS)
      if (wanted(`wgsl/dense/${rows}/${m}`))
        done(await measure(gpu, { rows, causal: m === 'causal' }, rounds, peers));
}
