/**
 * `wgsl/select/N/KIND`: what selections save, and what they cost. The peers are causal attention over all keys, in the same
 * run; heads, width and lengths are those of `wgsl/mask`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.ts';
import type { Webgpu } from '../src/runtime/webgpu-device.ts';
import { draw, WIDTH } from './attention.ts';
import { prepareSpec } from './prepare.ts';
import { median, roundRobin, type Contender, type Row } from './rows.ts';

const HEADS = 4;
const LENGTHS = [4096, 8192] as const;
/** Blocks of 64 keys that a query, or a block of queries, attends to. */
const TOP = 8;
const KINDS = ['causal', 'moba', 'minference_block'] as const;

const nameOf = (rows: number, kind: string): string => `wgsl/select/${rows}/${kind}`;
export const selectionNames = (): string[] => LENGTHS.flatMap((n) => KINDS.map((k) => nameOf(n, k)));

interface Prepared extends Contender {
  readonly limit: number | null;
  destroy(): void;
}

async function prepare(gpu: Webgpu, rows: number, kind: string): Promise<Prepared> {
  const text = readFileSync(join(packageRoot(), 'examples', `${kind}.attn`), 'utf8');
  const sizes = { B: 1, H: HEADS, G: HEADS, N: rows, M: rows, D: WIDTH, E: WIDTH };
  const named = Object.entries(sizes).filter(([name]) => new RegExp(`\\b${name}\\b`).test(text));
  const params = text.includes('param top') ? { top: TOP } : {};
  const kernel = await prepareSpec(
    gpu,
    text,
    { ...draw(rows, HEADS) },
    { ...Object.fromEntries(named), ...params },
  );
  return { ...kernel, name: kind };
}

/** Measures the wanted rows; causal attention runs beside them. */
export async function selectionRows(
  gpu: Webgpu,
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  for (const rows of LENGTHS) {
    const chosen = KINDS.filter((k) => k === 'causal' || wanted(nameOf(rows, k)));
    if (!KINDS.some((k) => wanted(nameOf(rows, k)))) continue;
    const kernels: Prepared[] = [];
    for (const kind of chosen) kernels.push(await prepare(gpu, rows, kind));
    const times = await roundRobin(kernels, rounds);
    const dense = median(times.get('causal')!);
    for (const kind of chosen) {
      const own = times.get(kind)!;
      done({
        name: nameOf(rows, kind),
        median_ms: median(own),
        spread: [Math.min(...own), Math.max(...own)],
        // The model does not know what is selected.
        limit_ms: kind === 'causal' ? kernels.find((k) => k.name === kind)!.limit : null,
        peers:
          kind === 'causal' ? {} : { causal: { median_ms: dense, ratio: dense / median(own), max_error: 0 } },
      });
    }
    for (const k of kernels) k.destroy();
  }
}
