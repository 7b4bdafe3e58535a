/**
 * `wgsl/mask/N/KIND`: what a mask saves. The same attention in f32 with different masks, measured in turn in one run;
 * each row's peer is the unmasked kernel at N = 4096, or for a window at other N the window at half of it.
 */
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { draw, largestError, WIDTH, type Keep } from './attention.ts';
import { prepareSpec } from './prepare.ts';
import { median, roundRobin, type Contender, type Row } from './rows.ts';

const HEADS = 4;
const ROWS = 4096;
const WINDOW = 256;
const DOCUMENTS = 16;

interface Kind {
  readonly name: string;
  readonly rows: number;
  readonly mask: string;
  readonly keep: Keep;
  /** The row that it is compared with. */
  readonly against?: string;
}

const documentOf = (i: number): number => Math.floor(i / (ROWS / DOCUMENTS));
const windowAt = (rows: number, against?: string): Kind => ({
  name: `${rows}/window`,
  rows,
  mask: 'mask window(i, j, window)',
  keep: (i, j) => j <= i && i - j < WINDOW,
  ...(against ? { against } : {}),
});
const full = `${ROWS}/full`;
const KINDS: readonly Kind[] = [
  { name: full, rows: ROWS, mask: '', keep: () => true },
  { name: `${ROWS}/causal`, rows: ROWS, mask: 'mask causal(i, j)', keep: (i, j) => j <= i, against: full },
  windowAt(ROWS, full),
  {
    name: `${ROWS}/documents`,
    rows: ROWS,
    mask: 'in id: i32[i]  mask document[i, j](id)',
    keep: (i, j) => documentOf(i) === documentOf(j),
    against: full,
  },
  windowAt(2048),
  windowAt(8192, `${ROWS}/window`),
];

const spec = (k: Kind): string => `kernel masked {
  axes h: H, i: N, j: N, d: D, e: D
  in q: f32[h, i, d]
  in k: f32[h, j, d]
  in v: f32[h, j, e]
  param window: int = ${WINDOW}
  ${k.mask}
  let s = scaled_dot[d](q, k)
  let y = sum[j](softmax[j](s) * v)
  out y: f32[h, i, e]
}`;

interface Prepared extends Contender {
  readonly kind: Kind;
  readonly error: number;
  readonly limit: number | null;
  destroy(): void;
}

async function prepare(gpu: Webgpu, kind: Kind): Promise<Prepared> {
  const tensors = draw(kind.rows, HEADS);
  const sizes = { H: HEADS, N: kind.rows, D: WIDTH };
  const id = Int32Array.from({ length: kind.rows }, (_, i) => documentOf(i));
  const inputs = { ...tensors, ...(kind.mask.includes('id:') ? { id } : {}) };
  const values = { ...sizes, window: WINDOW };
  const kernel = await prepareSpec(gpu, spec(kind), inputs, values);
  await kernel.run();
  const y = (await kernel.outputs())['y']!;
  const error = largestError(tensors, kind.rows, kind.keep, new Float32Array(y.slice().buffer), HEADS);
  if (!(error < 1e-4)) throw new Error(`wrong results for ${kind.name}: ${error}`);
  return { ...kernel, name: kind.name, kind, error };
}

export const maskNames = (): string[] => KINDS.map((k) => `wgsl/mask/${k.name}`);

/** Measures the wanted rows and what they are compared with. */
export async function maskRows(
  gpu: Webgpu,
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  const chosen = KINDS.filter((k) => wanted(`wgsl/mask/${k.name}`));
  const peers = new Set(chosen.map((k) => k.against));
  const kernels: Prepared[] = [];
  for (const k of KINDS) if (chosen.includes(k) || peers.has(k.name)) kernels.push(await prepare(gpu, k));
  if (kernels.length === 0) return;
  const times = await roundRobin(kernels, rounds);
  for (const k of kernels) {
    const own = times.get(k.name)!;
    const peer = kernels.find((x) => x.name === k.kind.against);
    const other = peer && median(times.get(peer.name)!);
    done({
      name: `wgsl/mask/${k.name}`,
      median_ms: median(own),
      spread: [Math.min(...own), Math.max(...own)],
      limit_ms: k.limit,
      max_error: k.error,
      peers:
        peer && other
          ? { [peer.name]: { median_ms: other, ratio: other / median(own), max_error: peer.error } }
          : {},
    });
    k.destroy();
  }
}
